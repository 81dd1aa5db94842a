//! The settings of a group.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Reason;
use crate::group::node::GroupCore;
use crate::group::policy::{OnExit, OnFailure, Policy};
use crate::runner::core::Core;
use crate::runner::group::Group;

/// Opens a [`Group`] with other settings than the usual ones.
#[must_use = "a group is there when it is opened"]
pub struct GroupBuilder {
    core: Arc<Core>,
    parent: Option<Arc<GroupCore>>,
    name: Arc<str>,
    policy: Policy,
}

impl GroupBuilder {
    pub(crate) fn new(core: Arc<Core>, parent: Option<Arc<GroupCore>>, name: Arc<str>) -> Self {
        GroupBuilder { core, parent, name, policy: Policy::default() }
    }

    /// What a failing member means for the others. Default: they are stopped.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.policy.on_failure = policy;
        self
    }

    /// What it means for the others when a member ends by itself. Default: nothing.
    pub fn on_exit(mut self, policy: OnExit) -> Self {
        self.policy.on_exit = policy;
        self
    }

    /// How many members run at once. Over it, `spawn` and `adopt` wait, and `try_spawn` and `try_adopt`
    /// refuse. Groups below have limits of their own. Default: no limit.
    pub fn limit(mut self, members: usize) -> Self {
        self.policy.limit = Some(members);
        self
    }

    /// A member's time between being asked to stop and being cancelled. Default: the runner's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.policy.grace = Some(grace);
        self
    }

    /// The time of all members together, destructors included, before those that are left are given up
    /// and named. Whatever the graces, all are cancelled when four fifths of it are over. Default: the
    /// runner's, or a little more than the longest grace of a member.
    pub fn group_grace(mut self, grace: Duration) -> Self {
        self.policy.group_grace = Some(grace);
        self
    }

    /// Keeps no account of members that ended in good order: for a group that lives long and is never
    /// joined, which would grow with each member otherwise. Failures are kept. Default: each end is kept
    /// until somebody joins.
    pub fn forget_ends(mut self) -> Self {
        self.policy.forgets = true;
        self
    }

    /// Opens the group.
    ///
    /// # Errors
    ///
    /// [`Reason::DuplicateName`] if a living sibling has the name, with both places;
    /// [`Reason::BadName`], also for a name with a slash; [`Reason::BadSetting`] for a limit of zero;
    /// [`Reason::NoThread`] if the runner cannot be started.
    #[track_caller]
    pub fn open(self) -> Result<Group, Reason> {
        let here = Location::caller();
        self.core.start()?;
        let root = self.core.root();
        let group = GroupCore::open(root, self.parent.as_ref(), self.name, self.policy, here)?;
        Ok(Group::new(self.core, group))
    }
}

impl fmt::Debug for GroupBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupBuilder")
            .field("name", &self.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
