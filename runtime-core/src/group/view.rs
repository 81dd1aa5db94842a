//! A member as it is now, or as it ended, by its name.

use std::fmt;

use crate::failure::{Failure, TaskLabel};
use crate::group::node::GroupCore;
use crate::task::state::TaskState;

/// A member of a group: living, or ended and not yet joined or taken.
#[derive(Clone, Debug)]
pub struct MemberView {
    task: TaskLabel,
    state: TaskState,
    living: bool,
    failure: Option<Failure>,
}

impl MemberView {
    /// Which task.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// Whether the group counts it among the living still.
    #[must_use]
    pub fn is_living(&self) -> bool {
        self.living
    }

    /// What went wrong, if it has ended and nobody held a handle to it.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

impl fmt::Display for MemberView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(failure) => failure.fmt(f),
            None => write!(f, "{}: {}", self.task, self.state),
        }
    }
}

impl GroupCore {
    /// The last member of this name: the living one, or one that has ended and of which something is kept.
    pub(crate) fn member(&self, name: &str) -> Option<MemberView> {
        let account = self.account.lock();
        if let Some(member) = account.living_named(name) {
            let header = member.task.header();
            let (task, state) = (header.label(), header.life.state());
            return Some(MemberView { task, state, living: true, failure: member.failure.clone() });
        }
        if let Some(end) = account.ends.named(name) {
            let (task, failure) = (end.task.clone(), end.failure.clone());
            return Some(MemberView { task, state: end.state, living: false, failure });
        }
        let (task, state, failure) = account.results.ended(name)?;
        let (task, failure) = (task.clone(), failure.cloned());
        Some(MemberView { task, state, living: false, failure })
    }
}
