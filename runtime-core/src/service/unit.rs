//! One run of a service: the owner of its tasks, so that all that happens to them comes to the services.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, FromService, Happened};
use crate::failure::Failure;
use crate::group::root::RootGroup;
use crate::log;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::task::contract::{AnyTask, Header, Owner, StopperCall};
use crate::task::stop::StopNode;

/// See the module.
pub(crate) struct Unit {
    pub(crate) service: usize,
    pub(crate) run: u64,
    name: Arc<str>,
    hold: Arc<Hold>,
    stop: Arc<StopNode>,
    asked: AtomicBool,
}

impl Unit {
    pub(crate) fn new(service: usize, run: u64, name: Arc<str>, hold: Arc<Hold>) -> Arc<Self> {
        // Below nothing: services hear of a stop when it is their turn.
        let stop = StopNode::root();
        Arc::new(Unit { service, run, name, hold, stop, asked: AtomicBool::new(false) })
    }

    fn root(&self) -> &Arc<RootGroup> {
        &self.hold.root
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Tasks that have not begun are not to begin any more.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    pub(crate) fn tell(&self, what: Happened) {
        let (service, run) = (self.service, self.run);
        self.root().tell(Event::Service(FromService { service, run, what }));
    }
}

impl Owner for Unit {
    fn failed(&self, failure: Failure) {
        // Told here, on the thread that failed, and not by the controller: it prints the user's error.
        log::warn(format_args!("service `{}`: {failure}", self.name));
        if !self.root().is_late(&failure) {
            self.tell(Happened::Failed(failure));
        }
    }

    fn call_stopper(&self, call: StopperCall) {
        self.root().call_stopper(call);
    }

    fn contained(&self, failure: Failure) {
        self.root().contained(failure);
    }

    // The service is what counts at the root, for as long as it has something to do.
    fn leave(&self, _ended: u64) {}

    fn ended(&self, _task: &Header) {
        self.tell(Happened::Ended);
    }

    fn set_transient(&self, task: &Header, transient: bool) -> bool {
        self.hold.turn(transient) && {
            let _ = task.life.set_transient(transient);
            true
        }
    }

    fn withdrawn(&self, _task: &Header) -> bool {
        false
    }

    fn as_unit(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }

    fn is_stopping(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    fn stop(&self) -> &Arc<StopNode> {
        &self.stop
    }

    fn release_name(&self, name: &str) {
        // That of the service stays taken while the service has it; those of workers do not.
        if *name != *self.name {
            self.root().release_name(name);
        }
    }

    fn stop_task(&self, task: Arc<dyn AnyTask>) {
        self.root().stop_task(task);
    }

    fn age(&self) -> Duration {
        self.root().age()
    }
}

/// A service as it counts at the root: one for as long as it has something to do, whatever becomes of its
/// tasks, so that the runner finds itself idle neither in a backoff nor between two steps.
pub(crate) struct Hold {
    pub(crate) root: Arc<RootGroup>,
    /// The door by which it came in: that of transient ones?
    by: Mutex<Option<bool>>,
}

impl Hold {
    pub(crate) fn new(root: Arc<RootGroup>) -> Arc<Self> {
        Arc::new(Hold { root, by: Mutex::new(None) })
    }

    /// Counts from now on. `false`: the runner takes nothing any more.
    pub(crate) fn take(&self, cleanup: bool, transient: bool) -> bool {
        let mut by = self.by.lock();
        if by.is_none() && self.root.admit(cleanup, transient).is_ok() {
            *by = Some(transient);
        }
        by.is_some()
    }

    /// Counts no longer. `false`: it did not.
    pub(crate) fn release(&self) -> bool {
        let by = self.by.lock().take();
        if let Some(transient) = by {
            self.root.let_out(transient);
        }
        by.is_some()
    }

    /// As `release`, with what runs still left behind.
    pub(crate) fn give_up(&self) {
        let by = {
            let mut by = self.by.lock();
            // Under the lock: whoever finds that it does not count any more takes itself off this count.
            self.root.leave_behind(u64::from(by.is_some()));
            by.take()
        };
        if let Some(transient) = by {
            self.root.let_out(transient);
        }
    }

    fn turn(&self, transient: bool) -> bool {
        let mut by = self.by.lock();
        let Some(before) = *by else { return false };
        // Counted on both sides meanwhile, so that it is never missed; and not while stopping.
        if before == transient || self.root.admit(false, transient).is_err() {
            return before == transient;
        }
        self.root.let_out(before);
        *by = Some(transient);
        true
    }
}
