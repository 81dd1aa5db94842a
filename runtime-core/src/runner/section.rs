//! A section of a task that a first stop does not cut.

use std::sync::Arc;

use crate::event::Event;
use crate::group::root::RootGroup;
use crate::task::contract::AnyTask;

/// While it lives, its task hears of no first stop.
pub(crate) struct Section {
    task: Arc<dyn AnyTask>,
    root: Arc<RootGroup>,
}

impl Section {
    pub(crate) fn begin(task: &Arc<dyn AnyTask>, root: &Arc<RootGroup>) -> Self {
        task.header().stop().defer();
        Section { task: Arc::clone(task), root: Arc::clone(root) }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        self.task.header().stop().resume();
        if self.task.header().is_asked() {
            // Its grace begins now.
            self.root.tell(Event::Resumed(Arc::clone(&self.task)));
        }
    }
}
