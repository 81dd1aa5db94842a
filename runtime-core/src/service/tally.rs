//! How often something was restarted, over the time for which it ran whole.

use std::collections::VecDeque;
use std::time::Duration;

use crate::service::policy::Intensity;

/// See the module. All times are ages of the runner.
///
/// Its clock stands still while what it counts for starts, stops or pauses. By the clock on the wall a service whose
/// start, stop or backoff takes long would be restarted for ever: too rarely for its window.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// For how long it ran whole before `since`.
    ran: Duration,
    /// Since when it runs whole, if it does.
    since: Option<Duration>,
    /// The restarts of the window, by this clock.
    restarts: VecDeque<Duration>,
    /// All that there ever were.
    total: u64,
}

impl Tally {
    /// It runs whole from `age` on, or does not.
    pub(super) fn set_whole(&mut self, whole: bool, age: Duration) {
        match (whole, self.since) {
            (true, None) => self.since = Some(age),
            (false, Some(since)) => {
                self.ran = self.ran.saturating_add(age.saturating_sub(since));
                self.since = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.since.is_some()
    }

    /// It is to be restarted. Gives how many restarts lie in the window before this one; `None`: that would
    /// be too many.
    pub(super) fn restart(&mut self, intensity: Intensity) -> Option<usize> {
        let over = |at: &Duration| self.ran.saturating_sub(*at) >= intensity.window;
        let gone = self.restarts.iter().take_while(|at| over(at)).count();
        self.restarts.drain(..gone);
        let before = self.restarts.len();
        if before >= usize::try_from(intensity.restarts).unwrap_or(usize::MAX) {
            return None;
        }
        self.restarts.push_back(self.ran);
        self.total += 1;
        Some(before)
    }

    /// Somebody starts it on purpose: what was does not count any more.
    pub(super) fn forgive(&mut self) {
        self.restarts.clear();
    }

    /// How often it was restarted, ever.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn f092_time_in_which_it_does_not_run_whole_does_not_count() {
        let intensity = Intensity::new(2, s(10));
        let (mut tally, mut age) = (Tally::default(), s(0));
        for before in [Some(0), Some(1), None] {
            // A second of work, then an hour for the stop, the pause and the start.
            tally.set_whole(true, age);
            tally.set_whole(false, age + s(1));
            age += s(3600);
            assert_eq!(tally.restart(intensity), before);
        }
        assert_eq!(tally.total(), 2);
    }

    #[test]
    fn restarts_leave_the_window_when_it_has_run_whole_for_long_enough() {
        let intensity = Intensity::new(1, s(10));
        let mut tally = Tally::default();
        assert_eq!(tally.restart(intensity), Some(0));
        tally.set_whole(true, s(5));
        // Said twice, it counts once.
        tally.set_whole(true, s(14));
        tally.set_whole(false, s(14));
        tally.set_whole(false, s(20));
        assert_eq!(tally.restart(intensity), None);
        tally.set_whole(true, s(20));
        tally.set_whole(false, s(21));
        assert_eq!(tally.restart(intensity), Some(0));
        tally.forgive();
        assert_eq!((tally.restart(intensity), tally.total()), (Some(0), 3));
    }

    #[test]
    fn no_restart_within_no_time_is_none_at_all_and_a_window_of_zero_never_fills() {
        let mut tally = Tally::default();
        assert_eq!(tally.restart(Intensity::new(0, s(10))), None);
        for _ in 0..10 {
            assert_eq!(tally.restart(Intensity::new(1, Duration::ZERO)), Some(0));
        }
    }
}
