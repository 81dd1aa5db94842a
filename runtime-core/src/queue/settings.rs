//! What may be said about a queue.

use crate::group::policy::OnFailure;
use crate::queue::unique::Unique;

/// What becomes of the items that wait when a queue is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnStop {
    /// They are worked on within the grace; what is left then is handed back, and so is at once what waits
    /// for a later attempt. The default.
    #[default]
    Drain,
    /// They are handed back at once.
    HandBack,
}

/// The settings of a queue.
pub(super) struct Settings<I> {
    pub(super) workers: usize,
    pub(super) capacity: usize,
    /// How often an item may be tried.
    pub(super) attempts: u32,
    pub(super) on_stop: OnStop,
    /// What an item means that fails with nobody holding its handle.
    pub(super) on_failure: OnFailure,
    pub(super) priority: Option<Priority<I>>,
    pub(super) unique: Option<Box<dyn Unique<I>>>,
}

/// How soon an item's turn comes: the higher the sooner.
pub(super) type Priority<I> = Box<dyn Fn(&I) -> i64 + Send + Sync>;

impl<I> Default for Settings<I> {
    fn default() -> Self {
        Settings {
            workers: 1,
            capacity: 1024,
            attempts: u32::MAX,
            on_stop: OnStop::default(),
            on_failure: OnFailure::default(),
            priority: None,
            unique: None,
        }
    }
}
