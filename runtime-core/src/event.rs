//! What is told to the controller.

use std::sync::Arc;
use std::time::Duration;

use crate::failure::Failure;
use crate::id::FlavourId;
use crate::reason::StopReason;
use crate::task::contract::AnyTask;

/// See the module.
pub(crate) enum Event {
    /// A failure that nobody holds a handle for.
    Failed(Failure),
    /// A destructor of the user's panicked and was contained.
    Contained(Failure),
    /// The root group has no task left.
    Empty,
    /// Somebody calls `run`: with `until_idle`, nothing left to do is a reason to stop.
    Run { until_idle: bool },
    /// Somebody wants the runner to stop.
    Stop(StopRequest),
    /// Somebody wants one task to stop.
    StopTask(Arc<dyn AnyTask>),
    /// A service has ended; on its own, if nobody asked it to.
    ServiceEnded { name: Arc<str> },
    /// The thread of a lane, or the last one of a pool, is gone; with an error if its executor broke.
    HomeEnded { flavour: FlavourId, error: Option<String> },
}

/// A wish to stop the whole runner.
pub(crate) struct StopRequest {
    pub(crate) reason: StopReason,
    /// For the whole stop, instead of the runner's own limit.
    pub(crate) budget: Option<Duration>,
    /// Cancel at once.
    pub(crate) force: bool,
}
