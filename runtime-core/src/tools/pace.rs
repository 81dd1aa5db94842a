//! When the next tick is due.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::time::Deadline;

/// What becomes of ticks that were missed, since the work of one took longer than the interval. The words
/// have the meaning that [`tokio::time::MissedTickBehavior`] gives them, its tolerance included: a tick that
/// is no more than 5 ms late was not missed.
///
/// [`tokio::time::MissedTickBehavior`]: https://docs.rs/tokio/latest/tokio/time/enum.MissedTickBehavior.html
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissedTicks {
    /// They come at once, one after the other, until none is left. Their number is right in the end. The
    /// default.
    #[default]
    Burst,
    /// They do not come. The late one comes at once, and the next a whole interval after it.
    Delay,
    /// They do not come. The late one comes at once, and the next at its old time: a multiple of the
    /// interval after the first.
    Skip,
}

/// A tick that comes within this of its time is not late: no timer is exact.
const TOLERANCE: Duration = Duration::from_millis(5);

impl MissedTicks {
    /// When the tick comes that follows one that was due at `due` and came `now`.
    fn next(self, due: Instant, now: Instant, interval: Duration) -> Deadline {
        let late = now.saturating_duration_since(due);
        if late <= TOLERANCE {
            return Deadline::from(due, interval);
        }
        match self {
            MissedTicks::Burst => Deadline::from(due, interval),
            MissedTicks::Delay => Deadline::from(now, interval),
            MissedTicks::Skip => Deadline::from(now, to_next_multiple(late, interval)),
        }
    }
}

/// From what the next tick is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// From when the one before was due.
    StartToStart(MissedTicks),
    /// From the end of the work: from when the tick is asked for.
    EndToStart,
    /// It comes at the next multiple of the interval on the clock on the wall.
    WallClock,
}

impl Pace {
    /// When the next tick is due, known when one that was due at `due` comes. `None`: not before it is
    /// asked for.
    pub(crate) fn after(self, due: Instant, now: Instant, interval: Duration) -> Option<Deadline> {
        match self {
            Pace::StartToStart(missed) => Some(missed.next(due, now, interval)),
            Pace::EndToStart | Pace::WallClock => None,
        }
    }

    /// When the tick is due that is asked for `now`. `last` came before it.
    pub(crate) fn asked(self, now: Instant, last: Option<Instant>, interval: Duration) -> Deadline {
        match self {
            Pace::StartToStart(_) | Pace::EndToStart => Deadline::from(now, interval),
            Pace::WallClock => {
                let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let left = to_next_multiple(wall, interval);
                // The two clocks do not run alike: a tick that came a little before its time on the wall
                // must not come again.
                let since = last.map(|last| now.saturating_duration_since(last));
                let again = since.is_some_and(|since| since.saturating_add(left) < interval / 2);
                Deadline::from(now, if again { left.saturating_add(interval) } else { left })
            }
        }
    }
}

/// How long it is from `elapsed` to the next multiple of `interval`, which is not zero.
fn to_next_multiple(elapsed: Duration, interval: Duration) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let nanos = interval.as_nanos() - elapsed.as_nanos() % interval.as_nanos().max(1);
    // No more than the interval, so its seconds fit.
    let seconds = u64::try_from(nanos / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, u32::try_from(nanos % SECOND).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// When the tick after the first comes, in milliseconds after the first was due, if that came so late.
    fn second(missed: MissedTicks, late: u64, interval: u64) -> u64 {
        let due = Instant::now();
        let now = due + millis(late);
        let next = missed.next(due, now, millis(interval)).instant().expect("in time");
        (next - due).as_millis() as u64
    }

    #[test]
    fn missed_ticks_come_at_once_or_later_or_at_their_old_times() {
        for (late, burst, delay, skip) in [
            (0, 50, 50, 50),
            (5, 50, 50, 50),
            (6, 50, 56, 50),
            (49, 50, 99, 50),
            (50, 50, 100, 100),
            (120, 50, 170, 150),
        ] {
            assert_eq!(second(MissedTicks::Burst, late, 50), burst, "{late}");
            assert_eq!(second(MissedTicks::Delay, late, 50), delay, "{late}");
            assert_eq!(second(MissedTicks::Skip, late, 50), skip, "{late}");
        }
    }

    #[test]
    fn an_interval_beyond_the_clock_is_never_over() {
        let now = Instant::now();
        let late = now + millis(100);
        for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            assert_eq!(missed.next(now, late, Duration::MAX), Deadline::never(), "{missed:?}");
        }
        for pace in [Pace::EndToStart, Pace::WallClock] {
            assert_eq!(pace.after(now, late, Duration::MAX), None);
            let due = pace.asked(now, Some(now), Duration::MAX);
            assert!(due.left().is_none_or(|left| left > Duration::from_secs(1 << 40)), "{pace:?}");
        }
    }

    /// Row 81a of the faults.
    #[test]
    fn a_clock_that_jumps_by_a_century_neither_overflows_nor_loses_its_place() {
        let century = Duration::from_secs(100 * 365 * 86_400);
        let due = Instant::now();
        let now = due + century;
        let interval = Duration::from_nanos(7);
        let next = MissedTicks::Skip.next(due, now, interval).instant().expect("in time");
        assert!(next > now && next - now <= interval);
        assert_eq!((next - due).as_nanos() % 7, 0);
    }

    #[test]
    fn the_next_multiple_is_never_now() {
        assert_eq!(to_next_multiple(millis(0), millis(10)), millis(10));
        assert_eq!(to_next_multiple(millis(3), millis(10)), millis(7));
        assert_eq!(to_next_multiple(millis(20), millis(10)), millis(10));
        assert_eq!(to_next_multiple(millis(3), Duration::MAX), Duration::MAX - millis(3));
    }
}
