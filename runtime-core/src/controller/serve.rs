//! The controller while the runner runs: hears of everything, stops single tasks, until a reason to
//! stop comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::controller::ending::Ending;
use crate::controller::limits::Limits;
use crate::event::{Event, StopRequest};
use crate::failure::{Cause, Failure, TaskLabel};
use crate::homes::Homes;
use crate::id::{FlavourId, TaskId};
use crate::reason::StopReason;
use crate::task::contract::{self, AnyTask, Owner};
use crate::time::Deadline;

/// See the module.
pub(crate) struct Controller {
    pub(crate) events: Receiver<Event>,
    pub(crate) homes: Arc<Homes>,
    pub(crate) ending: Arc<Ending>,
    pub(crate) limits: Limits,
    pub(crate) runner: String,
    pub(crate) until_idle: bool,
    pub(crate) failures: Vec<Failure>,
    pub(crate) contained: Vec<Failure>,
    /// Lanes and pools whose threads are gone.
    pub(crate) ended: Vec<FlavourId>,
    /// Tasks that were asked to stop one by one, and when their grace is over.
    pub(crate) asked: Vec<(Deadline, Arc<dyn AnyTask>)>,
}

impl Controller {
    pub(crate) fn new(
        events: Receiver<Event>,
        homes: Arc<Homes>,
        ending: Arc<Ending>,
        limits: Limits,
        runner: String,
    ) -> Self {
        Controller {
            events,
            homes,
            ending,
            limits,
            runner,
            until_idle: false,
            failures: Vec::new(),
            contained: Vec::new(),
            ended: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The whole life of the thread.
    pub(crate) fn run(mut self) {
        let request = loop {
            match self.next(Deadline::never()) {
                Some(event) => {
                    if let Some(request) = self.hear(event) {
                        break request;
                    }
                }
                None => self.cancel_overdue(),
            }
        };
        self.stop(request);
    }

    /// The next event; `None` when the deadline, or the grace of a single task, is over.
    pub(crate) fn next(&self, deadline: Deadline) -> Option<Event> {
        let first = self.asked.iter().fold(deadline, |first, (grace, _)| first.min(*grace));
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
                self.failures.push(failure);
                because(StopReason::Failure)
            }
            Event::Contained(failure) => {
                self.contained.push(failure);
                None
            }
            Event::Run { until_idle } => {
                self.until_idle = until_idle;
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

    fn finished(&mut self) -> Option<StopRequest> {
        // The gate shuts in the same step that finds nobody inside.
        if !self.until_idle || !self.homes.root().gate().shut_if_empty() {
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
            flavour,
            spawned_at: std::panic::Location::caller(),
        };
        let cause = Cause::error(anyhow::Error::msg(error).context("its executor broke"));
        Failure { task, cause, age: self.homes.root().age() }
    }

    fn stop_task(&mut self, task: Arc<dyn AnyTask>) {
        if task.header().life.state().is_final() {
            return;
        }
        let (now, grace) = (Instant::now(), task.header().grace().unwrap_or(self.limits.grace));
        if task.header().stop().ask(now, grace, Deadline::never()) {
            if task.header().life.state() == crate::task::state::TaskState::Initialized {
                contract::cancel(&task);
            }
            self.asked.push((Deadline::from(now, grace), task));
        }
    }

    /// Cancels single tasks whose grace is over, and forgets those that have ended.
    pub(crate) fn cancel_overdue(&mut self) {
        let now = Instant::now();
        self.asked.retain(|(grace, task)| {
            let ended = task.header().life.state().is_final();
            if !ended && grace.is_over(now) {
                contract::cancel(task);
                return false;
            }
            !ended
        });
    }

    /// The longest grace that a task of this runner has.
    pub(crate) fn longest_grace(&self) -> Duration {
        self.homes.root().longest_grace().max(self.limits.grace)
    }
}
