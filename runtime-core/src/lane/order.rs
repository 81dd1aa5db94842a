//! What the controller tells a lane to do, beside running tasks.

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::inspect::TaskView;

/// See the module.
pub(crate) enum Order {
    /// Drop every task whose grace is over: its own, or `default`, from `asked` on.
    CancelDue { asked: Instant, default: Duration },
    /// Drop every task, whatever its grace, and those that still come; but no transient one, and none that
    /// has deferred the stop.
    CancelKept,
    /// Drop every task, whatever its grace, and those that still come.
    CancelAll,
    /// Say which tasks there are.
    View(Sender<Vec<TaskView>>),
    /// Drop every task, then end.
    Close,
}
