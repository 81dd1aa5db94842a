//! The services of a runner, for whoever asks, and for the controller, which does what is to be done.
//!
//! Anybody may say what is wanted, under the lock; only the controller acts on it, so that what is done to
//! services is done one after the other.

use std::any::{Any, TypeId};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_listener::Event as Bell;

use crate::error::Reason;
use crate::event::{Event, FromService, Happened};
use crate::failure::{Cause, Failure, TaskLabel};
use crate::group::root::RootGroup;
use crate::homes::Homes;
use crate::id::TaskId;
use crate::service::body::Begun;
use crate::service::error::ServiceError;
use crate::service::launch::{Hook, Launch, Step};
use crate::service::node::SERVICE;
use crate::service::roster::{Action, Choice, Ending, Roster};
use crate::service::spec::Settings;
use crate::service::state::ServiceState;
use crate::service::unit::{Hold, Unit};
use crate::service::view::ServiceList;
use crate::submit::Options;
use crate::sync::Mutex;
use crate::task::contract::{self, AnyTask, Owner, StopperCall};
use crate::task::stopper::Stopper;
use crate::time::Deadline;
use crate::unwind;

/// See the module.
pub(crate) struct Services {
    root: Arc<RootGroup>,
    grace: Duration,
    roster: Mutex<Roster>,
    /// Some state has changed.
    changed: Bell,
}

impl Services {
    pub(crate) fn new(root: Arc<RootGroup>, choice: Choice, grace: Duration) -> Arc<Self> {
        let roster = Mutex::new(Roster::new(Arc::clone(&root), choice, grace));
        Arc::new(Services { root, grace, roster, changed: Bell::new() })
    }

    /// Takes a service, which is launched if it may come. While the runner runs it begins.
    pub(crate) fn add(
        &self,
        settings: Settings,
        launch: impl FnOnce() -> Launch,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        settings.terms.check(true, false)?;
        let hold = Hold::new(Arc::clone(&self.root));
        let mut waiting = {
            let roster = self.roster.lock();
            roster.check(&settings, here)?;
            roster.is_waiting()
        };
        let mut undo = Undo { root: &self.root, hold: &hold, name: None };
        if !waiting {
            // Named and counted before anything of the user's is called.
            self.take_in(&settings, &hold, here)?;
            undo.name = Some(&settings.name);
        }
        let launch = launch();
        settings.terms.check(launch.repeats, launch.body.is_none())?;
        loop {
            let mut roster = self.roster.lock();
            // Somebody may have been quicker, with the same name.
            roster.check(&settings, here)?;
            if waiting && !roster.is_waiting() {
                // `run` has begun meanwhile, and has not seen this one.
                drop(roster);
                self.take_in(&settings, &hold, here)?;
                undo.name = Some(&settings.name);
                waiting = false;
                continue;
            }
            std::mem::forget(undo);
            roster.add(settings, launch, hold, here);
            break;
        }
        if !waiting {
            self.root.tell(Event::Services);
        }
        Ok(())
    }

    /// Counts a service that comes while the runner runs, and takes its name.
    fn take_in(
        &self,
        settings: &Settings,
        hold: &Hold,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        if !hold.take(false, settings.terms.transient) {
            return Err(Reason::Stopping);
        }
        let label = TaskLabel {
            id: TaskId::next(),
            name: Some(Arc::clone(&settings.name)),
            group: None,
            flavour: SERVICE,
            spawned_at: here,
        };
        self.root.names().take(label)
    }

    /// `run` begins: all are linked and counted, or what is wrong is told.
    pub(crate) fn open(&self) {
        let wrong = self.roster.lock().open();
        for wrong in wrong.err().into_iter().flatten() {
            self.root.failed(could_not_start(&wrong.name, wrong.why, self.root.age(), wrong.here));
        }
    }

    pub(crate) fn plan(&self) -> Result<Vec<Arc<str>>, Vec<ServiceError>> {
        self.roster.lock().plan()
    }

    pub(crate) fn list(&self) -> ServiceList {
        self.roster.lock().list()
    }

    pub(crate) fn told(&self, told: FromService) {
        self.roster.lock().told(told, Instant::now());
    }

    pub(crate) fn begin_stop(&self, ending: Ending) {
        self.roster.lock().begin_stop(ending);
    }

    pub(crate) fn hurry(&self, change: impl FnOnce(&mut Ending)) {
        self.roster.lock().hurry(change);
    }

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
            Action::Release(hold) => hold.release(),
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
            match step(homes, options, start.here, begun) {
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
        let label = TaskLabel {
            id: TaskId::next(),
            name: Some("what services leave".into()),
            group: None,
            flavour: SERVICE,
            spawned_at: Location::caller(),
        };
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

    pub(crate) fn stop(&self, name: &str) -> Result<usize, ServiceError> {
        let place = {
            let mut roster = self.roster.lock();
            let place = roster.find(name, "stop_service")?;
            roster.want_down(place);
            place
        };
        self.root.tell(Event::Services);
        Ok(place)
    }

    pub(crate) fn start(&self, name: &str) -> Result<usize, ServiceError> {
        let place = {
            let mut roster = self.roster.lock();
            let place = roster.find(name, "start_service")?;
            roster.want_up(place)?;
            place
        };
        self.root.tell(Event::Services);
        Ok(place)
    }

    pub(crate) fn restart(&self, name: &str) -> Result<usize, ServiceError> {
        let place = {
            let mut roster = self.roster.lock();
            let place = roster.find(name, "restart_service")?;
            roster.want_again(place)?;
            place
        };
        self.root.tell(Event::Services);
        Ok(place)
    }

    /// The state of a service to which nothing more is to happen for now.
    pub(crate) async fn settled(&self, place: usize) -> ServiceState {
        loop {
            // Listen first, look then.
            let changed = self.changed.listen();
            {
                let roster = self.roster.lock();
                if roster.is_settled(place) {
                    return roster.state(place);
                }
            }
            changed.await;
        }
    }

    /// Waits until the list is as `wanted` says.
    pub(crate) async fn until(&self, mut wanted: impl FnMut(&ServiceList) -> bool) -> ServiceList {
        loop {
            let changed = self.changed.listen();
            let list = self.list();
            if wanted(&list) {
                return list;
            }
            changed.await;
        }
    }

    pub(crate) fn instance(
        &self,
        id: TypeId,
        of: &'static str,
        name: Option<&str>,
        by: Option<&Unit>,
    ) -> Result<Arc<dyn Any + Send + Sync>, ServiceError> {
        self.roster.lock().instance(id, of, name, by)
    }
}

/// What it takes to start a run.
pub(crate) struct Start {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Arc<Unit>,
    pub(crate) init: bool,
    pub(crate) workers: usize,
    pub(crate) grace: Option<Duration>,
    pub(crate) transient: bool,
    pub(crate) here: &'static Location<'static>,
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

    fn label(&self, place: usize) -> Option<TaskLabel> {
        self.nodes.get(place).map(|node| node.label())
    }
}

/// A service that could not be started.
pub(crate) fn could_not_start(
    name: &Arc<str>,
    why: String,
    age: Duration,
    here: &'static Location<'static>,
) -> Failure {
    let task = TaskLabel {
        id: TaskId::next(),
        name: Some(Arc::clone(name)),
        group: None,
        flavour: SERVICE,
        spawned_at: here,
    };
    let error = anyhow::Error::msg(why).context("it could not be started");
    Failure { task, cause: Cause::error(error), age }
}

/// Tells that a hook is done, whatever its end.
struct Done(Arc<Unit>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.tell(Happened::HookDone);
    }
}

/// Lets a service out again whose `launch` panics, or that is refused after it.
struct Undo<'a> {
    root: &'a RootGroup,
    hold: &'a Hold,
    name: Option<&'a str>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name {
            self.root.names().release(name);
        }
        self.hold.release();
    }
}
