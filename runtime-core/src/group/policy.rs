//! What a group does when a member fails or ends, how many run at once, how long a stop may take.

use std::time::Duration;

/// What a group does when a member fails: returns an error or panics, with nobody holding its handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// It stops all its members. The default.
    #[default]
    Stop,
    /// The others go on. The failure is kept for whoever joins.
    Continue,
}

/// What a group does when a member ends by itself, in good order or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnExit {
    /// The others go on. The default.
    #[default]
    Continue,
    /// It stops all its members: the group is complete or it is nothing.
    Stop,
}

/// The settings of a group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) on_failure: OnFailure,
    pub(crate) on_exit: OnExit,
    /// How many members run at once.
    pub(crate) limit: Option<usize>,
    /// A member's time from being asked to being cancelled, if it has none of its own.
    pub(crate) grace: Option<Duration>,
    /// The whole group's time from being asked to being given up.
    pub(crate) group_grace: Option<Duration>,
    /// Ends in good order are not kept for whoever joins.
    pub(crate) forgets: bool,
}

/// What a single member may have instead.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemberPolicy {
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) on_exit: Option<OnExit>,
}
