//! What is to become of a service that ends: restart, with which pause, how often, and who goes with it.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Which ends of a service are followed by another run. Default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// None: a failure is that of its [set](crate::Handle::service_set), or stops the runner if it is in none; an end
    /// in good order does what [`OnServiceExit`] says.
    #[default]
    Never,
    /// Errors, panics, and starts that take longer than the start timeout.
    OnFailure,
    /// Every end that nobody asked for.
    Always,
}

/// What it means that a service ends in good order, unasked and not to be restarted. Default: the runner
/// stops, and the report names the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnServiceExit {
    /// The runner stops in good order.
    #[default]
    Stop,
    /// Nothing: the others go on.
    Ignore,
    /// It is a failure like an error that the service returns.
    Fail,
}

/// Which services are restarted together with one that is. Default: none but itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Itself.
    #[default]
    One,
    /// Itself and those that depend on it, also by way of others. They are stopped first, in reverse order.
    Rest,
    /// Every service of its set, or of the runner if it is in none.
    All,
}

/// The pause before a restart: it doubles from one to the next, and starts anew when no restart lies
/// within the window of the [`Intensity`] any more. Default: from 100 ms to 30 s.
///
/// Of each pause between the half and all is taken, by chance, so that services that fail together do not
/// come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
}

impl Backoff {
    /// From `first` on, doubling, up to `most`. Zero is no pause.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Backoff { first, most }
    }

    /// The pause before the restart that follows on `before` others.
    pub(crate) fn pause(self, before: usize) -> Duration {
        let doubled = u32::try_from(before).ok().and_then(|n| 1_u32.checked_shl(n));
        let whole = doubled.map_or(self.most, |factor| self.first.saturating_mul(factor));
        let whole = whole.min(self.most.max(self.first));
        // As random as the keys of a hash map: that is enough to part services.
        let chance = RandomState::new().build_hasher().finish() % 1024;
        let part = u32::try_from(chance).unwrap_or(0);
        whole / 2 + whole / 2048 * part
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff::DEFAULT
    }
}

impl Backoff {
    pub(crate) const DEFAULT: Backoff =
        Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
}

/// How many restarts within which time are too many: the one that would be one more is not made, and the
/// failure goes to the [set](crate::Handle::service_set) that the service is in, or to the runner, which stops.
/// Default: 5 within a minute.
///
/// The time is that in which the service is ready. What its starts, its stops and the pauses between them take
/// does not count, or a service whose stop takes longer than the window would be restarted for ever. So `5
/// within a minute` also means: a service that has been ready for a minute without a failure begins anew, and
/// one that never becomes ready is restarted five times and no more, however long each start takes. A window of
/// zero is no limit.
///
/// ```
/// use std::time::Duration;
/// use spumoni_core::Intensity;
///
/// let often = Intensity::new(3, Duration::from_secs(10));
/// assert_eq!(often.to_string(), "3 restarts within 10s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    pub(crate) restarts: u32,
    pub(crate) window: Duration,
}

impl Intensity {
    pub(crate) const DEFAULT: Intensity = Intensity::new(5, Duration::from_secs(60));

    /// So many restarts within so long a time of readiness are made, and no more.
    #[must_use]
    pub const fn new(restarts: u32, window: Duration) -> Self {
        Intensity { restarts, window }
    }
}

impl Default for Intensity {
    fn default() -> Self {
        Intensity::DEFAULT
    }
}

impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} restarts within {:?}", self.restarts, self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_most_and_vary_by_the_half() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for (before, whole) in [(0, 100), (1, 200), (2, 400), (3, 800), (4, 1000), (1000, 1000)] {
            let whole = Duration::from_millis(whole);
            for _ in 0..100 {
                let pause = backoff.pause(before);
                assert!(pause >= whole / 2 && pause <= whole, "{before}: {pause:?}");
            }
        }
    }

    #[test]
    fn pauses_of_zero_and_without_end_do_not_overflow() {
        assert_eq!(Backoff::new(Duration::ZERO, Duration::ZERO).pause(40), Duration::ZERO);
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(endless.pause(3) >= Duration::MAX / 2);
    }
}
