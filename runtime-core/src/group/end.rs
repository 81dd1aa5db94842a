//! How a member of a group ended: one for each member, in completion order.

use std::fmt;
use std::time::Duration;

use crate::failure::{Failure, TaskLabel};
use crate::task::state::TaskState;

/// How one member of a group ended.
#[derive(Clone, Debug)]
pub struct MemberEnd {
    pub(crate) task: TaskLabel,
    pub(crate) state: TaskState,
    pub(crate) failure: Option<Failure>,
    pub(crate) age: Duration,
}

impl MemberEnd {
    /// Which task.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// Its name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.task.name()
    }

    /// Its last state. [`TaskState::Abandoned`] for one that ran over its grace: it may be busy still.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// What went wrong, if nobody held a handle to the task. A panic whose task had a handle is the
    /// holder's, and an error that such a task returned is a value.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether the member came to its end by itself and without a failure.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.state == TaskState::Completed && self.failure.is_none()
    }

    /// Whether it did not end in time and was given up.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.state == TaskState::Abandoned
    }

    /// When, counted from the start of the runner.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.age
    }
}

impl fmt::Display for MemberEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(failure) => failure.fmt(f),
            None => write!(f, "{}: {}", self.task, self.state),
        }
    }
}
