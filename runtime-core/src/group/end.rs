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
    pub(crate) stopper_failure: Option<Failure>,
    pub(crate) age: Duration,
}

impl MemberEnd {
    pub(crate) fn new(
        task: TaskLabel,
        state: TaskState,
        failure: Option<Failure>,
        age: Duration,
    ) -> Self {
        MemberEnd { task, state, failure, stopper_failure: None, age }
    }

    /// Nothing failed, nobody was given up.
    pub(crate) fn is_in_order(&self) -> bool {
        self.failure.is_none() && self.stopper_failure.is_none() && !self.is_abandoned()
    }

    /// What went wrong: with the member, then with its stopper.
    pub(crate) fn into_failures(self) -> impl Iterator<Item = Failure> {
        self.failure.into_iter().chain(self.stopper_failure)
    }

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

    /// What its [stopper](crate::MemberBuilder::stopper) returned or panicked with, if it failed before
    /// this end was taken. Later, it falls to the group above, or to the runner.
    #[must_use]
    pub fn stopper_failure(&self) -> Option<&Failure> {
        self.stopper_failure.as_ref()
    }

    /// Whether the member came to its end by itself and nothing failed, its stopper included.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.state == TaskState::Completed && self.is_in_order()
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
            Some(failure) => failure.fmt(f)?,
            None => write!(f, "{}: {}", self.task, self.state)?,
        }
        match &self.stopper_failure {
            Some(failure) => write!(f, "; {failure}"),
            None => Ok(()),
        }
    }
}
