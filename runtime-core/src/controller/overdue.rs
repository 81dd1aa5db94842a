//! Tasks whose own limit is over: asked, dropped where that can be done, given up when their grace is over
//! too.
//!
//! Kept by the controller and not by timers of the lanes, so that a limit holds for a task that blocks its
//! lane, for one that waits in a queue, and for one on a thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::controller::serve::{Controller, What};
use crate::task::contract::{self, AnyTask};
use crate::time::Deadline;

/// What a lane has at least to get to a task that is to be dropped.
const DESTRUCTORS: Duration = Duration::from_millis(1000);

/// A list that is shorter than this is not looked through.
const FEW: usize = 64;

impl Controller {
    /// A task with a limit has come.
    pub(super) fn note_limit(&mut self, task: Arc<dyn AnyTask>) {
        let Some(deadline) = task.header().limit().map(|limit| limit.deadline()) else { return };
        // Tasks that have ended leave the list as it grows, so it is never much longer than there are
        // tasks alive.
        if self.due.len() >= self.look_through_at {
            self.due.retain(|due| !due.what.is_over());
            self.look_through_at = (self.due.len() * 2).max(FEW);
        }
        self.note(deadline, What::Limit(task));
    }

    /// The limit of a task is over.
    pub(super) fn strike(&mut self, task: Arc<dyn AnyTask>, now: Instant) {
        let header = task.header();
        // One that was asked to stop before has the deadline of that stop.
        if header.life.state().is_final() || header.is_asked() {
            return;
        }
        header.limit().inspect(|limit| limit.strike());
        let own = header.grace().unwrap_or(self.limits.grace);
        // What a task has to clean up, its children have too.
        header.stop().ask(now, own, Deadline::from(now, own));
        let given_up = if header.home().executor().is_some() {
            // A lane drops the payload at its await point, which is no worse than what a timeout within
            // the payload would do: there is nothing to wait for.
            contract::cancel(&task);
            own.max(DESTRUCTORS)
        } else {
            contract::cancel_unbegun(&task);
            own
        };
        header.stop_children();
        self.note(Deadline::from(now, given_up), What::Leave(task));
    }

    /// The grace of a task whose limit was over is over too: whoever waits for it is let go.
    pub(super) fn leave_behind(task: &Arc<dyn AnyTask>) {
        if !task.header().life.state().is_final() {
            task.header().owner().give_up_task(task);
        }
    }
}
