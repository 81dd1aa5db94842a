//! How a spawned task ended, as the holder of its handle sees it.

use std::fmt;

use crate::task::limit::TimedOut;
use crate::unwind::PanicInfo;
use crate::wait::Ring;

/// Why a handle gives no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The task panicked.
    Panicked(Box<PanicInfo>),
    /// The task was stopped: dropped at an await point, or never begun.
    Stopped,
    /// The task did not end in time and was given up; its thread may still be busy with it.
    Abandoned,
    /// The task did not end within the limit that it was given.
    TimedOut(Box<TimedOut>),
    /// Waiting here would never end. The task goes on, and its outcome is lost to this handle.
    WouldDeadlock(Box<Ring>),
    /// The handle has given its value already.
    Taken,
}

impl JoinError {
    /// The panic, if that is what ended the task.
    #[must_use]
    pub fn as_panic(&self) -> Option<&PanicInfo> {
        match self {
            JoinError::Panicked(info) => Some(info),
            _ => None,
        }
    }

    /// Which task took longer than its limit, if that is what ended it.
    #[must_use]
    pub fn as_timed_out(&self) -> Option<&TimedOut> {
        match self {
            JoinError::TimedOut(late) => Some(late),
            _ => None,
        }
    }

    /// Whether the task was stopped before it gave a value.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self, JoinError::Stopped)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Panicked(info) => write!(f, "the task {info}"),
            JoinError::Stopped => f.write_str("the task was stopped before it gave a value"),
            JoinError::Abandoned => f.write_str(
                "the task did not end in time and was given up; its thread may still be busy",
            ),
            JoinError::TimedOut(late) => late.fmt(f),
            JoinError::WouldDeadlock(ring) => {
                write!(f, "waiting for the task would never end: {ring}")
            }
            JoinError::Taken => f.write_str("the handle has given its value already"),
        }
    }
}

impl std::error::Error for JoinError {}

/// What a cell keeps for its handle.
pub(crate) type Outcome<T> = Result<T, JoinError>;
