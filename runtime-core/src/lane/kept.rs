//! The tasks of a lane that have work left: its own list, which nobody else touches.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use slab::Slab;

use crate::inspect::{MOST_SHOWN, TaskView};
use crate::sync::Ordering;
use crate::task::contract::{AnyTask, Header, NOWHERE};

/// An empty list that has room for more than this gives the memory back.
const ROOM: usize = 1024;

/// See the module.
#[derive(Default)]
pub(crate) struct Kept(RefCell<Slab<Arc<dyn AnyTask>>>);

impl Kept {
    pub(crate) fn insert(&self, task: Arc<dyn AnyTask>) {
        let mut tasks = self.0.borrow_mut();
        let entry = tasks.vacant_entry();
        // `NOWHERE` is out of reach: a task takes a hundred bytes and more.
        let place = u32::try_from(entry.key()).unwrap_or(NOWHERE);
        task.header().place.store(place, Ordering::Relaxed);
        entry.insert(task);
    }

    pub(crate) fn remove(&self, task: &Header) {
        let place = task.place.swap(NOWHERE, Ordering::Relaxed);
        if place == NOWHERE {
            return;
        }
        let mut tasks = self.0.borrow_mut();
        let gone = tasks.try_remove(place as usize);
        if tasks.is_empty() && tasks.capacity() > ROOM {
            tasks.shrink_to_fit();
        }
        drop(tasks);
        drop(gone);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The tasks as they are now; they may end while the caller goes through them.
    pub(crate) fn snapshot(&self) -> Vec<Arc<dyn AnyTask>> {
        self.0.borrow().iter().map(|(_, task)| Arc::clone(task)).collect()
    }

    /// The tasks for people, `now` milliseconds after the start of the runner.
    pub(crate) fn views(&self, now: u32) -> Vec<TaskView> {
        let view = |task: &Header| {
            let age = now.saturating_sub(task.since.load(Ordering::Relaxed));
            TaskView { age: Some(Duration::from_millis(age.into())), ..TaskView::of(task) }
        };
        // Not all of them: the view is made on the lane's time.
        self.0.borrow().iter().take(MOST_SHOWN).map(|(_, task)| view(task.header())).collect()
    }
}
