//! The tasks of a lane or pool that somebody waits for, so that nobody waits for ever.
//!
//! A waiter enters its task here before it sleeps. When a lane or pool is given up at the end of a
//! stop, everything in here is given up with it, and whoever comes later is told at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::TaskId;
use crate::sync::Mutex;
use crate::task::contract::AnyTask;

/// See the module.
#[derive(Default)]
pub(crate) struct Awaited {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    closed: bool,
    /// A tree and not a table, since a table keeps the room for the most that it ever had.
    tasks: BTreeMap<TaskId, Arc<dyn AnyTask>>,
}

impl Awaited {
    /// Enters a task that is about to be waited for; gives it up if its home has been given up.
    pub(crate) fn enter(&self, task: &Arc<dyn AnyTask>) {
        {
            let mut inner = self.inner.lock();
            if !inner.closed {
                inner.tasks.insert(task.header().id, Arc::clone(task));
                return;
            }
        }
        task.header().give_up();
    }

    /// The wait is over.
    pub(crate) fn leave(&self, id: TaskId) {
        let gone = self.inner.lock().tasks.remove(&id);
        drop(gone);
    }

    /// Gives up every task that is waited for, now and from now on.
    pub(crate) fn close(&self) {
        let tasks = {
            let mut inner = self.inner.lock();
            inner.closed = true;
            std::mem::take(&mut inner.tasks)
        };
        for task in tasks.into_values() {
            task.header().give_up();
        }
    }
}
