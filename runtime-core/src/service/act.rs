//! The hands of the services: does what the roster left to be done, on the controller and without the lock.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{Event, Happened};
use crate::failure::TaskLabel;
use crate::homes::Homes;
use crate::service::body::Begun;
use crate::service::check::CheckOf;
use crate::service::launch::{Hook, Step};
use crate::service::manager::Services;
use crate::service::node;
use crate::service::roster::{Action, Roster};
use crate::service::unit::{Hold, Unit};
use crate::submit::Options;
use crate::task::contract::{self, AnyTask, Owner, StopperCall};
use crate::task::stopper::Stopper;
use crate::time::Deadline;
use crate::unwind;

impl Services {
    /// Does what is to be done, until nothing is for now. Gives when to come again.
    pub(crate) fn pump(&self, homes: &Homes, mut asked: impl FnMut(Arc<dyn AnyTask>)) -> Deadline {
        loop {
            let (actions, next, changed) = {
                let mut roster = self.roster.lock();
                let (actions, next) = roster.step(Instant::now());
                (actions, next, roster.take_changed())
            };
            if changed {
                self.changed.notify(usize::MAX);
            }
            if actions.is_empty() {
                return next;
            }
            for action in actions {
                self.act(action, homes, &mut asked);
            }
        }
    }

    fn act(&self, action: Action, homes: &Homes, asked: &mut impl FnMut(Arc<dyn AnyTask>)) {
        match action {
            Action::Begin { service } => self.begin(service, homes),
            Action::Ask { tasks, cancel } => {
                let now = Instant::now();
                for task in tasks {
                    let grace = task.header().grace().unwrap_or(self.grace);
                    if !task.header().stop().ask(now, grace, cancel) {
                        task.header().stop().press(now);
                    }
                    contract::cancel_unbegun(&task);
                    task.header().stop_children();
                    asked(task);
                }
            }
            Action::Check { service } => self.check(service, homes),
            Action::Cancel(task) => {
                let now = Instant::now();
                task.header().stop().ask(now, Duration::ZERO, Deadline::from(now, Duration::ZERO));
                contract::cancel(&task);
                task.header().stop_children();
            }
            Action::Hurry { tasks, cancel } => {
                for task in tasks {
                    task.header().stop().hurry(cancel);
                    task.header().stop_children();
                    asked(task);
                }
            }
            Action::Call { service, unit, hook, tells } => self.call(service, &unit, &hook, tells),
            Action::GiveUp { tasks, hold } => {
                hold.give_up();
                for task in tasks {
                    contract::cancel(&task);
                    task.header().give_up();
                }
            }
            Action::Failed(failure) => {
                if !self.root.is_late(&failure) {
                    self.root.tell(Event::Failed(failure));
                }
            }
            Action::ServiceEnded(name) => self.root.tell(Event::ServiceEnded { name }),
            Action::Release(hold) => drop(hold.release()),
            Action::Discard(what) => self.discard(what),
        }
    }

    /// Hands the tasks of a run over.
    fn begin(&self, service: usize, homes: &Homes) {
        let Some((mut step, start)) = self.roster.lock().take_step(service) else { return };
        let (mut tasks, mut error) = (Vec::with_capacity(start.workers), None);
        for worker in 1..=start.workers {
            let name: Arc<str> = if start.workers > 1 {
                format!("{}-{worker}", start.name).into()
            } else {
                Arc::clone(&start.name)
            };
            let owner: Arc<dyn Owner> = start.unit.clone();
            let options = Box::new(Options {
                name: Some(name),
                grace: start.grace,
                transient: start.transient,
                owner: Some(owner),
                dedicated: true,
                admitted: true,
                ..Options::default()
            });
            let begun = Begun { root: Arc::clone(&self.root), service, run: start.unit.run };
            match step(homes, options, start.here, Some(begun)) {
                Ok(task) => tasks.push(task),
                Err(reason) => {
                    error = Some(anyhow::Error::new(reason));
                    break;
                }
            }
        }
        let mut roster = self.roster.lock();
        roster.put_step(service, start.init, step);
        roster.begun(service, tasks, error);
    }

    /// Hands a health check over.
    fn check(&self, service: usize, homes: &Homes) {
        let Some((mut step, check)) = self.roster.lock().take_check(service) else { return };
        let owner: Arc<dyn Owner> = CheckOf::new(check.unit, check.number, Arc::clone(&check.hold));
        let options = Box::new(Options {
            name: Some("health".into()),
            grace: Some(check.timeout),
            transient: true,
            owner: Some(owner),
            dedicated: true,
            admitted: true,
            ..Options::default()
        });
        let begun = step(homes, options, check.here, None);
        let mut roster = self.roster.lock();
        roster.put_check(service, step);
        match begun {
            Ok(task) => roster.check_begun(service, check.number, task),
            Err(reason) => {
                check.hold.release();
                roster.check_refused(service, check.number, reason, Instant::now());
            }
        }
    }

    /// Has the hook called on a thread where it can hold up nobody.
    fn call(&self, service: usize, unit: &Arc<Unit>, hook: &Hook, tells: bool) {
        let (of_call, hook) = (Arc::clone(unit), Arc::clone(hook));
        let stopper = Stopper::asked(Box::new(move || {
            // Told also when it panics.
            let _done = tells.then(|| Done(of_call));
            hook()
        }));
        let Some(label) = self.roster.lock().label(service) else { return };
        let owner: Arc<dyn Owner> = unit.clone();
        self.root.call_stopper(StopperCall { label, owner, span: None, stopper });
    }

    /// Drops what is the user's on a thread where its destructors can hold up nobody.
    fn discard(&self, what: Box<dyn Send>) {
        let stopper = Stopper::asked(Box::new(move || {
            drop(what);
            Ok(())
        }));
        let label = node::label("what services leave".into(), Location::caller());
        let owner: Arc<dyn Owner> = Arc::clone(&self.root) as Arc<dyn Owner>;
        self.root.call_stopper(StopperCall { label, owner, span: None, stopper });
    }

    /// As [`forget`](Services::forget), of a runner that never ran: on the calling thread.
    pub(crate) fn forget_here(&self) {
        let all = self.roster.lock().forget();
        let _ = unwind::discard(all);
    }

    /// Nobody begins any more: what is the user's is dropped.
    pub(crate) fn forget(&self) {
        let all = self.roster.lock().forget();
        if !all.is_empty() {
            self.discard(Box::new(all));
        }
    }
}

/// What it takes to start a run.
struct Start {
    name: Arc<str>,
    unit: Arc<Unit>,
    init: bool,
    workers: usize,
    grace: Option<Duration>,
    transient: bool,
    here: &'static Location<'static>,
}

/// What it takes to begin a health check.
struct Check {
    unit: Arc<Unit>,
    number: u64,
    hold: Arc<Hold>,
    timeout: Duration,
    here: &'static Location<'static>,
}

impl Roster {
    fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn take_step(&mut self, place: usize) -> Option<(Step, Start)> {
        let node = self.nodes.get_mut(place)?;
        let run = node.run.as_ref()?;
        let terms = node.settings.terms;
        let start = Start {
            name: Arc::clone(&node.settings.name),
            unit: Arc::clone(&run.unit),
            init: run.init,
            workers: run.alive,
            grace: terms.grace,
            transient: terms.transient,
            here: node.here,
        };
        let steps = &mut node.steps;
        let step = if start.init { steps.init.take() } else { steps.body.take() };
        Some((step?, start))
    }

    fn put_step(&mut self, place: usize, init: bool, step: Step) {
        let steps = self.steps(place);
        *(if init { &mut steps.init } else { &mut steps.body }) = Some(step);
    }

    fn take_check(&mut self, place: usize) -> Option<(Step, Check)> {
        let node = self.nodes.get_mut(place)?;
        let (run, flight) = (node.run.as_ref()?, node.checks.flight.as_ref()?);
        let check = Check {
            unit: Arc::clone(&run.unit),
            number: node.checks.begun,
            hold: Arc::clone(&flight.hold),
            timeout: node.settings.terms.health_timeout,
            here: node.here,
        };
        Some((node.steps.health.take()?, check))
    }

    fn put_check(&mut self, place: usize, step: Step) {
        self.steps(place).health = Some(step);
    }

    fn label(&self, place: usize) -> Option<TaskLabel> {
        self.nodes.get(place).map(|node| node.label())
    }
}

/// Tells that a hook is done, whatever its end.
struct Done(Arc<Unit>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.tell(Happened::HookDone);
    }
}
