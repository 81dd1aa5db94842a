//! A service inside its runner: the owner of its task, so that its end can be told from any other's.

use std::sync::Arc;
use std::time::Duration;

use crate::event::Event;
use crate::failure::Failure;
use crate::group::root::RootGroup;
use crate::task::contract::{AnyTask, Header, Owner, StopperCall};
use crate::task::stop::StopNode;

/// See the module.
pub(crate) struct Unit {
    name: Arc<str>,
    root: Arc<RootGroup>,
    stop: Arc<StopNode>,
}

impl Unit {
    pub(crate) fn new(name: Arc<str>, root: Arc<RootGroup>) -> Arc<Self> {
        let stop = StopNode::below(root.stop());
        Arc::new(Unit { name, root, stop })
    }
}

impl Owner for Unit {
    fn failed(&self, failure: Failure) {
        self.root.failed(failure);
    }

    fn call_stopper(&self, call: StopperCall) {
        self.root.call_stopper(call);
    }

    fn contained(&self, failure: Failure) {
        self.root.contained(failure);
    }

    fn leave(&self, ended: u64) {
        self.root.leave(ended);
    }

    fn ended(&self, task: &Header) {
        // Told before the root hears that nobody is left: who ended first is the reason.
        if !self.stop.is_asked() {
            self.root.tell(Event::ServiceEnded { name: Arc::clone(&self.name) });
        }
        self.root.ended(task);
    }

    fn set_transient(&self, task: &Header, transient: bool) -> bool {
        self.root.set_transient(task, transient)
    }

    fn is_stopping(&self) -> bool {
        self.root.is_stopping()
    }

    fn stop(&self) -> &Arc<StopNode> {
        &self.stop
    }

    fn release_name(&self, name: &str) {
        self.root.release_name(name);
    }

    fn stop_task(&self, task: Arc<dyn AnyTask>) {
        self.root.stop_task(task);
    }

    fn age(&self) -> Duration {
        self.root.age()
    }
}
