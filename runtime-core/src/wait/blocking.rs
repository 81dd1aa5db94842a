//! The process's one wait-for graph, and which thread is which executor in it.

use std::cell::Cell;
use std::sync::Arc;

use crate::sync::{AtomicU32, Mutex};
use crate::wait::graph::{ExecutorId, Target, WaitGraph};
use crate::wait::ring::Ring;

static GRAPH: WaitGraph<Arc<dyn Target>> = WaitGraph::from(Mutex::new(None));
static NEXT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static EXECUTOR: Cell<Option<ExecutorId>> = const { Cell::new(None) };
}

impl Target for Arc<dyn Target> {
    fn executor(&self) -> Option<ExecutorId> {
        (**self).executor()
    }

    fn label(&self) -> String {
        (**self).label()
    }

    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        (**self).each_executor(visit);
    }
}

/// An id for a thread that is going to run tasks.
pub(crate) fn new_executor() -> ExecutorId {
    ExecutorId::next(&NEXT)
}

/// Makes the calling thread that executor, for the rest of its life.
pub(crate) fn become_executor(id: ExecutorId) {
    let _ = EXECUTOR.try_with(|executor| executor.set(Some(id)));
}

/// Which executor the calling thread is, if it runs tasks.
pub(crate) fn executor() -> Option<ExecutorId> {
    EXECUTOR.try_with(Cell::get).ok().flatten()
}

/// While it lives, the calling thread counts as blocked on the target.
#[must_use]
pub(crate) struct Blocked(Option<ExecutorId>);

/// About to block on `target`, on behalf of `waiter`.
///
/// # Errors
///
/// The ring that would close.
pub(crate) fn block(
    target: &Arc<dyn Target>,
    waiter: impl FnOnce() -> String,
) -> Result<Blocked, Ring> {
    let Some(me) = executor() else {
        // Nobody can wait for a thread that runs no task.
        return Ok(Blocked(None));
    };
    GRAPH.enter(me, waiter(), Arc::clone(target))?;
    Ok(Blocked(Some(me)))
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some(me) = self.0 {
            GRAPH.leave(me);
        }
    }
}
