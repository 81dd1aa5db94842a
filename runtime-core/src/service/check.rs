//! The health checks of one service: what is known of them, and the owner of one that runs.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::event::Happened;
use crate::failure::Failure;
use crate::service::unit::{Hold, Unit};
use crate::sync::Mutex;
use crate::task::contract::{AnyTask, Header, Owner, StopperCall};
use crate::task::stop::StopNode;
use crate::time::Deadline;

/// The checks of one run.
#[derive(Default)]
pub(super) struct Checks {
    /// How many have begun.
    pub(super) begun: u64,
    /// When the next one is to begin; `None` is at once.
    pub(super) due: Option<Deadline>,
    /// The one that runs.
    pub(super) flight: Option<Flight>,
    /// How many have failed since the last good one.
    pub(super) failed: u32,
}

/// A check that runs.
pub(super) struct Flight {
    /// `None` until it is handed over.
    pub(super) task: Option<Arc<dyn AnyTask>>,
    pub(super) hold: Arc<Hold>,
    /// When it has taken too long.
    pub(super) limit: Deadline,
    /// It has: whatever it says does not count any more.
    pub(super) is_late: bool,
}

/// The owner of one check: what becomes of it is told to the services, and is nobody's failure yet.
pub(super) struct CheckOf {
    unit: Arc<Unit>,
    number: u64,
    hold: Arc<Hold>,
    failure: Mutex<Option<Failure>>,
}

impl CheckOf {
    pub(super) fn new(unit: Arc<Unit>, number: u64, hold: Arc<Hold>) -> Arc<Self> {
        Arc::new(CheckOf { unit, number, hold, failure: Mutex::new(None) })
    }
}

impl Owner for CheckOf {
    fn failed(&self, failure: Failure) {
        self.failure.lock().get_or_insert(failure);
    }

    fn call_stopper(&self, call: StopperCall) {
        self.hold.root.call_stopper(call);
    }

    fn contained(&self, failure: Failure) {
        self.hold.root.contained(failure);
    }

    // It counts as what holds it does.
    fn leave(&self, _ended: u64) {}

    fn ended(&self, _task: &Header) {
        let failure = self.failure.lock().take();
        self.unit.tell(Happened::Checked { number: self.number, failure });
        if !self.hold.release() {
            self.hold.root.ended_late();
        }
    }

    fn set_transient(&self, _task: &Header, _transient: bool) -> bool {
        false
    }

    fn withdrawn(&self, _task: &Header) -> bool {
        false
    }

    fn as_unit(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.unit.as_unit()
    }

    fn path(&self) -> Option<Arc<str>> {
        Some(Arc::clone(self.unit.name()))
    }

    fn is_stopping(&self) -> bool {
        self.unit.is_stopping()
    }

    fn stop(&self) -> &Arc<StopNode> {
        self.unit.stop()
    }

    fn release_name(&self, name: &str) {
        self.hold.root.release_name(&format!("{}/{name}", self.unit.name()));
    }

    fn stop_task(&self, task: Arc<dyn AnyTask>) {
        self.hold.root.stop_task(task);
    }

    fn age(&self) -> Duration {
        self.hold.root.age()
    }
}
