//! What is told to the controller.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::failure::Failure;
use crate::id::{FlavourId, TaskId};
use crate::inspect::GroupView;
use crate::reason::StopReason;
use crate::sync::{AtomicBool, Ordering};
use crate::task::contract::AnyTask;
use crate::time::Deadline;

/// See the module.
pub(crate) enum Event {
    /// A failure that nobody holds a handle for.
    Failed(Failure),
    /// A destructor of the user's panicked and was contained.
    Contained(Failure),
    /// The root group has no task left.
    Empty,
    /// Somebody calls `run`: with `until_idle`, nothing left to do is a reason to stop.
    Run { until_idle: bool },
    /// Somebody wants the runner to stop.
    Stop(StopRequest),
    /// Somebody wants one task to stop.
    StopTask(Arc<dyn AnyTask>),
    /// A task that has a limit was handed over.
    Limit(Arc<dyn AnyTask>),
    /// A task has heard of its stop later than others, since it deferred it.
    Resumed(Arc<dyn AnyTask>),
    /// A group takes nothing new any more, and is to be stopped.
    StopGroup(Arc<dyn Stoppable>),
    /// A service has ended on its own, and nobody asked it to.
    ServiceEnded { name: Arc<str> },
    /// Something has happened to a service.
    Service(FromService),
    /// Somebody wants something of the services.
    Services,
    /// The thread of a lane, or the last one of a pool, is gone; with an error if its executor broke.
    HomeEnded { flavour: FlavourId, error: Option<String> },
}

/// What happened to one run of a service.
pub(crate) struct FromService {
    /// Its place among the services.
    pub(crate) service: usize,
    pub(crate) run: u64,
    pub(crate) what: Happened,
}

/// See [`FromService`].
pub(crate) enum Happened {
    /// One of its tasks has begun.
    Begun,
    /// One of its tasks says that it is ready.
    Ready(TaskId),
    /// One of its tasks has failed.
    Failed(Failure),
    /// One of its tasks has ended.
    Ended,
    /// What it does at its stop is done.
    HookDone,
    /// A health check is over.
    Checked { number: u64, failure: Option<Failure> },
}

/// The way to the controller. There may be none yet: `run` becomes it, on the thread that blocks anyway, and
/// what happens before calls for a thread of its own.
pub(crate) struct Events {
    to: Sender<Event>,
    /// Somebody is the controller, or about to be.
    served: AtomicBool,
    /// Sees to it that there is a controller.
    call: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Events {
    pub(crate) fn new(to: Sender<Event>) -> Arc<Self> {
        Arc::new(Events { to, served: AtomicBool::new(false), call: OnceLock::new() })
    }

    /// Says how to get a controller.
    pub(crate) fn call_by(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.call.set(Box::new(call));
    }

    /// From now on there is one.
    pub(crate) fn serve(&self) {
        self.served.store(true, Ordering::SeqCst);
    }

    /// Whether there is one.
    pub(crate) fn is_served(&self) -> bool {
        self.served.load(Ordering::SeqCst)
    }

    pub(crate) fn tell(&self, event: Event) {
        // The controller keeps its end for as long as it is there; afterwards nobody cares.
        let _ = self.to.send(event);
        // It comes first into the channel: a controller that begins meanwhile finds it there.
        if !self.is_served()
            && let Some(call) = self.call.get()
        {
            call();
        }
    }
}

/// The graces of a runner, for groups that have none of their own.
#[derive(Clone, Copy)]
pub(crate) struct Graces {
    /// A task's own time, from being asked to being cancelled.
    pub(crate) task: Duration,
    /// A group's, from being asked to being given up.
    pub(crate) group: Duration,
}

/// A group as the controller stops it.
pub(crate) trait Stoppable: Send + Sync {
    /// Takes nothing new from now on, and tells the controller, which goes on with `proceed`.
    fn begin_stop(&self);

    /// What is above is asked to stop: begins to stop too, unless it stands below a task that has not heard
    /// of it yet.
    fn pass_stop(&self);

    /// Does what is due: asks, cancels, gives up. Gives when to come again, or `None` when nobody is left.
    fn proceed(&self, now: Instant, graces: Graces) -> Option<Deadline>;

    /// Does all of that sooner: everybody is cancelled and given up by then. Tells the controller, which
    /// goes on with `proceed`.
    fn hurry(&self, cancel: Deadline, give_up: Deadline);

    /// Gives up whoever is left.
    fn give_up(&self);

    /// The group as it is now, with those below.
    fn view(&self) -> GroupView;
}

/// A wish to stop the whole runner.
pub(crate) struct StopRequest {
    pub(crate) reason: StopReason,
    /// For the whole stop, instead of the runner's own limit.
    pub(crate) budget: Option<Duration>,
    /// Cancel at once.
    pub(crate) force: bool,
}
