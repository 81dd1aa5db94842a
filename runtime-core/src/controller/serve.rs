//! The controller while the runner runs: hears of everything, stops single tasks, until a reason to
//! stop comes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::controller::ending::Ending;
use crate::controller::limits::Limits;
use crate::controller::stalls::Stalls;
use crate::event::{Event, Graces, StopRequest, Stoppable};
use crate::failure::{Cause, Failure, TaskLabel};
use crate::homes::Homes;
use crate::id::{FlavourId, TaskId};
use crate::reason::StopReason;
use crate::service::manager::Services;
use crate::task::contract::{self, AnyTask, Owner};
use crate::time::Deadline;

/// See the module.
pub(crate) struct Controller {
    pub(crate) events: Receiver<Event>,
    pub(crate) homes: Arc<Homes>,
    pub(crate) services: Arc<Services>,
    pub(crate) ending: Arc<Ending>,
    pub(crate) limits: Limits,
    pub(crate) runner: String,
    pub(crate) until_idle: bool,
    pub(crate) failures: Vec<Failure>,
    pub(crate) contained: Vec<Failure>,
    /// Lanes and pools whose threads are gone.
    pub(crate) ended: Vec<FlavourId>,
    /// What is due at some time, the first on top.
    pub(super) due: BinaryHeap<Due>,
    /// When the services are to be looked at next, as noted in `due`.
    services_due: Deadline,
    /// How long `due` may get before it is looked through for what is over.
    pub(super) look_through_at: usize,
    pub(super) stalls: Stalls,
}

impl Controller {
    pub(crate) fn new(
        events: Receiver<Event>,
        homes: Arc<Homes>,
        services: Arc<Services>,
        ending: Arc<Ending>,
        limits: Limits,
        runner: String,
    ) -> Self {
        Controller {
            events,
            homes,
            services,
            ending,
            limits,
            runner,
            until_idle: false,
            failures: Vec::new(),
            contained: Vec::new(),
            ended: Vec::new(),
            due: BinaryHeap::new(),
            services_due: Deadline::never(),
            look_through_at: 0,
            stalls: Stalls::new(limits.stall),
        }
    }

    /// The whole life of the thread.
    pub(crate) fn run(mut self) {
        let request = loop {
            let next = self.next(Deadline::never());
            self.stalls.look(&self.homes);
            match next {
                Some(event) => {
                    if let Some(request) = self.hear(event) {
                        break request;
                    }
                }
                None => self.do_what_is_due(),
            }
        };
        self.stop(request);
    }

    /// The next event; `None` when the deadline is over, or something is due.
    pub(crate) fn next(&self, deadline: Deadline) -> Option<Event> {
        let first = self.due.peek().map_or(deadline, |due| deadline.min(due.at));
        let first = first.min(self.stalls.next);
        // The channel cannot close: the root group, which `homes` keeps, holds a sender.
        match first.left() {
            None => self.events.recv().ok(),
            Some(left) => self.events.recv_timeout(left).ok(),
        }
    }

    /// Notes what happened; gives the reason to stop, if it is one.
    pub(crate) fn hear(&mut self, event: Event) -> Option<StopRequest> {
        let because = |reason| Some(StopRequest { reason, budget: None, force: false });
        match event {
            Event::Failed(failure) => {
                if !cfg!(planted = "only-the-first-failure") || self.failures.is_empty() {
                    self.failures.push(failure);
                }
                because(StopReason::Failure)
            }
            Event::Contained(failure) => {
                self.contained.push(failure);
                None
            }
            Event::Run { until_idle } => {
                self.until_idle = until_idle;
                // They count before it is asked whether nobody is left.
                self.services.open();
                self.pump_services();
                if until_idle {
                    self.homes.root().watch();
                }
                self.finished()
            }
            Event::Empty => self.finished(),
            Event::Stop(request) => Some(request),
            Event::StopTask(task) => {
                self.stop_task(task);
                None
            }
            Event::Limit(task) => {
                self.note_limit(task);
                None
            }
            Event::Resumed(task) => {
                task.header().stop_children();
                self.note_cancel(task);
                None
            }
            Event::StopGroup(group) => {
                self.proceed(group, Instant::now());
                None
            }
            Event::Service(told) => {
                self.services.told(told);
                self.pump_services();
                None
            }
            Event::Services => {
                self.pump_services();
                None
            }
            Event::ServiceEnded { name } => because(StopReason::ServiceEnded { name }),
            Event::HomeEnded { flavour, error } => {
                self.ended.push(flavour);
                // Lanes and pools end when they are closed, which is at the end of a stop.
                let early = !self.homes.root().is_stopping();
                let error =
                    error.or_else(|| early.then(|| "it left before its time".to_owned()))?;
                self.failures.push(self.broken(flavour, error));
                because(StopReason::Failure)
            }
        }
    }

    /// Does what is to be done about services.
    pub(crate) fn pump_services(&mut self) {
        let (services, homes) = (Arc::clone(&self.services), Arc::clone(&self.homes));
        let next = services.pump(&homes, |task| self.note_cancel(task));
        if next != self.services_due {
            self.services_due = next;
            self.note(next, What::Services);
        }
    }

    fn finished(&mut self) -> Option<StopRequest> {
        // The gate shuts in the same step that finds nobody inside.
        if !self.until_idle || !self.homes.root().shut_if_idle() {
            return None;
        }
        // Whoever has left told before of a failure, or of a service's end: that came first.
        while let Ok(event) = self.events.try_recv() {
            if let Some(request) = self.hear(event) {
                return Some(request);
            }
        }
        Some(StopRequest { reason: StopReason::Finished, budget: None, force: false })
    }

    /// A lane whose executor broke, as a failure.
    #[track_caller]
    fn broken(&self, flavour: FlavourId, error: String) -> Failure {
        let task = TaskLabel {
            id: TaskId::next(),
            name: Some(format!("the {flavour} lane").into()),
            group: None,
            flavour,
            spawned_at: std::panic::Location::caller(),
        };
        let cause = Cause::error(anyhow::Error::msg(error).context("its executor broke"));
        Failure { task, cause, age: self.homes.root().age() }
    }

    fn stop_task(&mut self, task: Arc<dyn AnyTask>) {
        if task.header().is_finished() {
            return;
        }
        let (now, grace) = (Instant::now(), task.header().grace().unwrap_or(self.limits.grace));
        let stop = task.header().stop();
        if !stop.ask(now, grace, Deadline::never()) {
            // Asked twice does nothing more, but for a task that defers the first one.
            stop.press(now);
        } else {
            contract::cancel_unbegun(&task);
        }
        task.header().stop_children();
        self.note_cancel(task);
    }

    /// Cancels the task when its grace is over, if it has heard of its stop. If not, it is told when it does.
    fn note_cancel(&mut self, task: Arc<dyn AnyTask>) {
        let over = task.header().life.state().is_final();
        if let Some(at) = task.header().cancelled_at().filter(|_| !over) {
            self.note(at, What::Cancel(task));
        }
    }

    pub(super) fn note(&mut self, at: Deadline, what: What) {
        if at != Deadline::never() {
            self.due.push(Due { at, what });
        }
    }

    /// Brings the stop of a group one step further.
    fn proceed(&mut self, group: Arc<dyn Stoppable>, now: Instant) {
        let graces = Graces { task: self.limits.grace, group: self.limits.group_grace };
        if let Some(next) = group.proceed(now, graces) {
            self.note(next, What::Proceed(group));
        }
    }

    /// Cancels single tasks whose grace is over, and takes the stop of groups one step further.
    pub(crate) fn do_what_is_due(&mut self) {
        let now = Instant::now();
        while self.due.peek().is_some_and(|due| due.at.is_over(now)) {
            match self.due.pop().map(|due| due.what) {
                // One that has ended is not cancelled by this, and one that defers the stop not yet.
                Some(What::Cancel(task)) => match task.header().cancelled_at() {
                    Some(at) if at.is_over(now) => contract::cancel(&task),
                    Some(_) => self.note_cancel(task),
                    None => {}
                },
                Some(What::Proceed(group)) => self.proceed(group, now),
                Some(What::Limit(task)) => self.strike(task, now),
                Some(What::Leave(task)) => Self::leave_behind(&task),
                Some(What::Services) => {
                    self.services_due = Deadline::never();
                    self.pump_services();
                }
                None => {}
            }
        }
    }

    /// The longest grace that a task of this runner has.
    pub(crate) fn longest_grace(&self) -> Duration {
        self.homes.root().longest_grace().max(self.limits.grace)
    }
}

/// Something to be done at some time.
pub(super) struct Due {
    at: Deadline,
    pub(super) what: What,
}

pub(super) enum What {
    /// The grace of a single task is over.
    Cancel(Arc<dyn AnyTask>),
    /// The next stage of a group's stop.
    Proceed(Arc<dyn Stoppable>),
    /// The limit of a task is over.
    Limit(Arc<dyn AnyTask>),
    /// The grace of a task whose limit was over is over too.
    Leave(Arc<dyn AnyTask>),
    /// Something of the services: the end of a backoff, of a grace, of a start that takes too long.
    Services,
}

impl What {
    /// Whether its time need not come any more.
    pub(super) fn is_over(&self) -> bool {
        match self {
            What::Cancel(task) | What::Limit(task) | What::Leave(task) => {
                task.header().life.state().is_final()
            }
            What::Proceed(_) | What::Services => false,
        }
    }
}

// The heap gives the greatest first: the earliest deadline is the greatest.
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.instant().cmp(&self.at.instant())
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}
