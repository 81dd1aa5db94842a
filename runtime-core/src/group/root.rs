//! The runner's root group: the owner of every task that names no other.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::error::Reason;
use crate::event::{Event, Events, Stoppable};
use crate::failure::Failure;
use crate::group::crew::Crew;
use crate::group::gate::{Gate, Shut};
use crate::group::names::Names;
use crate::id::TaskId;
use crate::log;
use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::task::contract::{AnyTask, Header, Owner, StopperCall};
use crate::task::stop::StopNode;
use crate::threads::Threads;

/// See the module.
pub(crate) struct RootGroup {
    /// Written for each task; what lanes read for each task stands on other cache lines.
    gate: CachePadded<Gate>,
    /// The transient tasks, and all below them: they keep the runner not alive.
    transient: CachePadded<Gate>,
    stopping: AtomicBool,
    names: Names,
    stop: Arc<StopNode>,
    events: Arc<Events>,
    crew: Arc<Crew>,
    /// The controller wants to hear when nobody is left.
    watched: AtomicBool,
    /// Failures that came when the report was made already.
    late: Mutex<Late>,
    /// The graces that single tasks have been given: few different ones.
    graces: Mutex<BTreeSet<Duration>>,
    /// The groups right below.
    groups: Mutex<HashMap<TaskId, Weak<dyn Stoppable>>>,
    /// Tasks that their group has given up and that still run.
    given_up: AtomicU64,
    epoch: Instant,
}

#[derive(Default)]
struct Late {
    reported: bool,
    failures: Vec<Failure>,
}

impl RootGroup {
    pub(crate) fn new(events: Arc<Events>, threads: Arc<Threads>, epoch: Instant) -> Arc<Self> {
        Arc::new(RootGroup {
            gate: CachePadded::new(Gate::open()),
            transient: CachePadded::new(Gate::open()),
            stopping: AtomicBool::new(false),
            names: Names::default(),
            stop: StopNode::root(),
            crew: Crew::new(threads, Arc::clone(&events)),
            events,
            watched: AtomicBool::new(false),
            late: Mutex::default(),
            graces: Mutex::default(),
            groups: Mutex::default(),
            given_up: AtomicU64::new(0),
            epoch,
        })
    }

    /// Lets one task in; with `cleanup`, while stopping too.
    pub(crate) fn admit(&self, cleanup: bool, transient: bool) -> Result<(), Reason> {
        self.gate_of(transient).enter(cleanup).map_err(|(shut, last)| {
            if last {
                self.tell_empty();
            }
            match shut {
                Shut::Stopping => Reason::Stopping,
                Shut::Closed => Reason::Stopped,
            }
        })
    }

    /// Who calls stoppers.
    pub(crate) fn crew(&self) -> &Crew {
        &self.crew
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    fn gate_of(&self, transient: bool) -> &Gate {
        if transient { &self.transient } else { &self.gate }
    }

    /// Lets one out that was let in, by the door that it came in.
    pub(crate) fn let_out(&self, transient: bool) {
        if self.gate_of(transient).leave(1) {
            self.tell_empty();
        }
    }

    /// Lets nobody in any more but those who clean up.
    pub(crate) fn begin_stop(&self) {
        self.gate.begin_stop();
        self.transient.begin_stop();
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Lets nobody in any more, whoever it is.
    pub(crate) fn close(&self) {
        self.gate.close();
        self.transient.close();
    }

    /// Begins to stop if nobody is left who keeps the runner alive. `false` also if it had begun before.
    #[must_use]
    pub(crate) fn shut_if_idle(&self) -> bool {
        self.gate.shut_if_empty()
    }

    /// How many tasks have not ended, those aside that keep the runner not alive.
    pub(crate) fn count_kept(&self) -> u64 {
        self.gate.count()
    }

    /// How many tasks have not ended.
    pub(crate) fn count(&self) -> u64 {
        // In this order: while stopping, a task may go over from here to there, and not back.
        let kept = self.gate.count();
        kept + self.transient.count()
    }

    pub(crate) fn tell(&self, event: Event) {
        self.events.tell(event);
    }

    /// From now on the controller hears when nobody is left.
    pub(crate) fn watch(&self) {
        // SeqCst here, in `leave` and in the gate: either the last one sees this, or the controller,
        // which looks at the count afterwards, sees that it has left.
        self.watched.store(true, Ordering::SeqCst);
    }

    fn tell_empty(&self) {
        if self.watched.load(Ordering::SeqCst) {
            self.tell(Event::Empty);
        }
    }

    /// The report is made: failures are late from now on.
    pub(crate) fn report_made(&self) {
        self.late.lock().reported = true;
    }

    pub(crate) fn late_failures(&self) -> Vec<Failure> {
        self.late.lock().failures.clone()
    }

    /// Keeps a failure for later if the report is made already.
    pub(crate) fn is_late(&self, failure: &Failure) -> bool {
        let mut late = self.late.lock();
        if late.reported {
            late.failures.push(failure.clone());
        }
        late.reported
    }

    pub(crate) fn note_grace(&self, grace: Duration) {
        self.graces.lock().insert(grace);
    }

    pub(crate) fn graces(&self) -> BTreeSet<Duration> {
        self.graces.lock().clone()
    }

    /// Whether the task is one of this runner.
    pub(crate) fn is_root_of(&self, task: &Header) -> bool {
        let theirs: *const () = Arc::as_ptr(task.home().root()).cast();
        theirs == std::ptr::from_ref(self).cast()
    }

    pub(crate) fn add_group(&self, id: TaskId, group: Weak<dyn Stoppable>) {
        self.groups.lock().insert(id, group);
    }

    pub(crate) fn remove_group(&self, id: TaskId) {
        let gone = self.groups.lock().remove(&id);
        drop(gone);
    }

    /// The groups right below.
    pub(crate) fn groups(&self) -> Vec<Arc<dyn Stoppable>> {
        self.groups.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// So many count no longer as ones to wait for, but as left behind. To be said before any of them can be found to
    /// have ended late, else there would be less than none for a moment; each is to be let out afterwards.
    pub(crate) fn leave_behind(&self, tasks: u64) {
        self.given_up.fetch_add(tasks, Ordering::SeqCst);
    }

    /// A task that was given up has ended after all.
    pub(crate) fn ended_late(&self) {
        let before = self.given_up.fetch_sub(1, Ordering::SeqCst);
        debug_assert!(before > 0, "one ended late that was never given up");
    }

    /// How many tasks were given up and have not ended since.
    pub(crate) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::SeqCst)
    }

    pub(crate) fn longest_grace(&self) -> Duration {
        self.graces.lock().last().copied().unwrap_or_default()
    }
}

impl Owner for RootGroup {
    fn failed(&self, failure: Failure) {
        // Told here, on the thread that failed, and not by the controller: it prints the user's error.
        log::error(format_args!("{failure}"));
        if !self.is_late(&failure) {
            self.tell(Event::Failed(failure));
        }
    }

    fn call_stopper(&self, call: StopperCall) {
        self.crew.call(call);
    }

    fn contained(&self, failure: Failure) {
        log::error(format_args!("contained in a destructor: {failure}"));
        if !self.is_late(&failure) {
            self.tell(Event::Contained(failure));
        }
    }

    fn leave(&self, ended: u64) {
        if self.gate.leave(ended) {
            self.tell_empty();
        }
    }

    fn ended(&self, task: &Header) {
        self.let_out(task.life.is_transient());
    }

    fn set_transient(&self, task: &Header, transient: bool) -> bool {
        // Counted on both sides meanwhile, so that it is never missed; and not while stopping.
        if self.admit(false, transient).is_err() {
            return false;
        }
        let changed = task.life.set_transient(transient);
        self.let_out(if changed { !transient } else { transient });
        changed
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn stop(&self) -> &Arc<StopNode> {
        &self.stop
    }

    fn release_name(&self, name: &str) {
        self.names.release(name);
    }

    fn stop_task(&self, task: Arc<dyn AnyTask>) {
        self.tell(Event::StopTask(task));
    }

    fn age(&self) -> Duration {
        self.epoch.elapsed()
    }
}
