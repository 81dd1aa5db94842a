//! The limit that a task itself has: how long it may take, and what is said of one that took longer.

use std::fmt;
use std::time::Duration;

use crate::failure::TaskLabel;
use crate::sync::{AtomicBool, Ordering};
use crate::time::Deadline;

/// The limit of one task.
pub(crate) struct Limit {
    span: Duration,
    deadline: Deadline,
    /// It was over before the task.
    struck: AtomicBool,
    /// The owner knows.
    told: AtomicBool,
}

impl Limit {
    /// Counted from now on.
    pub(crate) fn of(span: Duration) -> Self {
        Limit {
            span,
            deadline: Deadline::after(span),
            struck: AtomicBool::new(false),
            told: AtomicBool::new(false),
        }
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// It is over, and the task is not.
    pub(crate) fn strike(&self) {
        self.struck.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_struck(&self) -> bool {
        self.struck.load(Ordering::SeqCst)
    }

    /// Whether the owner has to be told: `true` once.
    pub(crate) fn tell(&self) -> bool {
        !self.told.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn timed_out(&self, task: TaskLabel, abandoned: bool) -> TimedOut {
        TimedOut { task, limit: self.span, abandoned }
    }
}

/// A task did not end within the limit that it was given. As an adopted task's failure it is an error:
/// [`Cause::downcast_ref`](crate::Cause::downcast_ref) finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedOut {
    task: TaskLabel,
    limit: Duration,
    abandoned: bool,
}

impl TimedOut {
    /// Which task.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// Its limit.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether it did not end in its grace either and was given up: its thread may be busy still.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} did not end within its limit of {:?}", self.task, self.limit)?;
        if self.abandoned {
            f.write_str(
                ", nor in its grace after that, and was given up; its thread may still be busy: let its payload look at its context's stop",
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for TimedOut {}
