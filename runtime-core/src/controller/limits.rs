//! How long a stop may take, in its stages.

use std::time::{Duration, Instant};

use crate::time::Deadline;

/// The limits of a runner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A task's own time, from being asked to being cancelled.
    pub(crate) grace: Duration,
    /// A group's, from being asked to being given up.
    pub(crate) group_grace: Duration,
    /// The whole, from the first asking to the report.
    pub(crate) whole: Duration,
    /// A lane's, from the begin of a turn to being told of.
    pub(crate) stall: Duration,
}

/// The stages of one stop on the clock. Each comes after the one before it and before the end, whatever
/// the budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stages {
    /// When every task is cancelled, whatever its grace; the transient ones not before `cancel_all`.
    pub(crate) cancel: Deadline,
    /// When the transient ones are cancelled too. They may have been asked as late as at `cancel`.
    pub(crate) cancel_all: Deadline,
    /// When those who are left are given up.
    pub(crate) give_up: Deadline,
    /// When the report is made.
    pub(crate) end: Deadline,
}

/// What a forced stop leaves to destructors.
const FORCED: Duration = Duration::from_millis(1000);

impl Limits {
    /// The stages of a stop asked at `asked`, with the longest grace that a task may have.
    pub(crate) fn stages(&self, asked: Instant, longest: Duration, budget: Duration) -> Stages {
        // Sixths and ninths of a budget keep the order where it is shorter than the graces: half of the
        // way for the tasks' own cleanup, the next part for destructors, the rest for the lanes.
        let cancel = longest.min(budget / 10 * 6);
        let give_up = self.group_grace.max(longest.saturating_add(FORCED)).min(budget / 10 * 9);
        Stages {
            cancel: Deadline::from(asked, cancel),
            cancel_all: Deadline::from(
                asked,
                cancel.saturating_add(give_up.saturating_sub(cancel) / 2),
            ),
            give_up: Deadline::from(asked, give_up),
            end: Deadline::from(asked, budget),
        }
    }
}

impl Stages {
    /// No later than this.
    pub(crate) fn tighten(&mut self, other: Stages) {
        self.cancel = self.cancel.min(other.cancel);
        self.cancel_all = self.cancel_all.min(other.cancel_all);
        self.give_up = self.give_up.min(other.give_up);
        self.end = self.end.min(other.end);
    }

    /// Cancel now.
    pub(crate) fn force(&mut self, now: Instant) {
        self.tighten(Stages {
            cancel: Deadline::from(now, Duration::ZERO),
            cancel_all: Deadline::from(now, Duration::ZERO),
            give_up: Deadline::from(now, FORCED / 10 * 9),
            end: Deadline::from(now, FORCED),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        grace: Duration::from_secs(10),
        group_grace: Duration::from_secs(15),
        whole: Duration::from_secs(25),
        stall: Duration::from_secs(1),
    };

    #[test]
    fn stages_come_in_order_whatever_the_budget() {
        let asked = Instant::now();
        for budget in [0, 1, 500, 25_000, 1_000_000].map(Duration::from_millis) {
            let stages = LIMITS.stages(asked, LIMITS.grace, budget);
            assert_eq!(stages.cancel.min(stages.cancel_all), stages.cancel, "{budget:?}");
            assert_eq!(stages.cancel_all.min(stages.give_up), stages.cancel_all, "{budget:?}");
            assert_eq!(stages.give_up.min(stages.end), stages.give_up, "{budget:?}");
        }
    }

    #[test]
    fn endless_budgets_and_graces_do_not_overflow() {
        let stages = LIMITS.stages(Instant::now(), Duration::MAX, Duration::MAX);
        assert_eq!(stages.end, Deadline::never());
        let mut forced = stages;
        forced.force(Instant::now());
        assert!(forced.end.left().is_some_and(|left| left <= FORCED));
    }
}
