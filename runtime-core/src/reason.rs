//! Why a runner stopped, and who began it.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Why a runner stopped. The first reason counts; failures that come later are in the report all the
/// same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// Nothing was left to do.
    Finished,
    /// Somebody asked for it.
    Requested {
        /// Where in the program.
        at: &'static Location<'static>,
        /// The task that asked, if it was one.
        by: Option<Arc<str>>,
    },
    /// The operating system sent a signal.
    Signal(Signal),
    /// A task failed: the first failure of the report.
    Failure,
    /// A service ended without being asked to.
    ServiceEnded {
        /// Its name.
        name: Arc<str>,
    },
    /// The runner was dropped while work was left.
    Dropped,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Finished => f.write_str("nothing was left to do"),
            StopReason::Requested { at, by: Some(by) } => write!(f, "{by} asked for it at {at}"),
            StopReason::Requested { at, by: None } => write!(f, "asked for at {at}"),
            StopReason::Signal(signal) => write!(f, "signal {signal}"),
            StopReason::Failure => f.write_str("a task failed"),
            StopReason::ServiceEnded { name } => {
                write!(f, "service `{name}` ended without being asked to")
            }
            StopReason::Dropped => f.write_str("the runner was dropped while work was left"),
        }
    }
}

/// A signal of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    #[cfg_attr(not(all(unix, feature = "signal")), allow(dead_code, reason = "no signals here"))]
    pub(crate) fn new(number: i32) -> Self {
        Signal(number)
    }

    /// Its number, such as 15.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// Its name, such as `SIGTERM`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            2 => "SIGINT",
            15 => "SIGTERM",
            _ => "unknown",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}
