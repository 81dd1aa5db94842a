//! Deadlines that never overflow. The only place that adds a `Duration` to an `Instant`.

use std::time::{Duration, Instant};

/// A point in time that may lie beyond what the clock can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// `limit` from `start` on; never, if that is beyond the clock (`Duration::MAX`, say).
    pub(crate) fn from(start: Instant, limit: Duration) -> Self {
        if cfg!(planted = "deadline-that-overflows") {
            return Deadline(Some(start + limit));
        }
        Deadline(start.checked_add(limit))
    }

    /// `limit` from now on.
    pub(crate) fn after(limit: Duration) -> Self {
        Self::from(Instant::now(), limit)
    }

    /// A deadline that never comes.
    pub(crate) const fn never() -> Self {
        Deadline(None)
    }

    /// The earlier of the two.
    pub(crate) fn min(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Deadline(Some(a.min(b))),
            (one, None) | (None, one) => Deadline(one),
        }
    }

    pub(crate) fn is_over(self, now: Instant) -> bool {
        self.0.is_some_and(|at| at <= now)
    }

    /// How long is left; `None` if the deadline never comes.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn instant(self) -> Option<Instant> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f081a_limits_beyond_the_clock_are_never_over() {
        for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
            let deadline = Deadline::after(limit);
            assert_eq!(deadline.left(), None);
            assert!(!deadline.is_over(Instant::now()));
        }
    }

    /// Whether time passes or jumps is all the same.
    #[test]
    fn f081a_what_is_due_stays_due_however_far_time_jumps() {
        let now = Instant::now();
        let soon = Deadline::from(now, Duration::from_secs(1));
        let century = Duration::from_secs(100 * 366 * 86_400);
        assert!(!soon.is_over(now));
        let then = now.checked_add(century).unwrap();
        assert!(soon.is_over(then));
        assert_eq!(soon.min(Deadline::from(then, Duration::MAX)), soon);
        // Nothing is less than nothing.
        let gone = now
            .checked_sub(Duration::from_secs(1))
            .map_or(Duration::ZERO, |then| Deadline::from(then, Duration::ZERO).left().unwrap());
        assert_eq!(gone, Duration::ZERO);
    }

    #[test]
    fn the_earlier_of_two_deadlines_wins_and_never_loses_to_never() {
        let now = Instant::now();
        let near = Deadline::from(now, Duration::from_secs(1));
        let far = Deadline::from(now, Duration::from_secs(2));
        assert_eq!(near.min(far), near);
        assert_eq!(Deadline::never().min(far), far);
        assert_eq!(far.min(Deadline::never()), far);
        assert!(Deadline::from(now, Duration::ZERO).is_over(now));
    }
}
