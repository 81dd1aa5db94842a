//! What a runner and all its handles share.

use std::cell::RefCell;
use std::panic::Location;
use std::sync::{Arc, Once, OnceLock, Weak};
use std::time::Instant;

use crossbeam_channel::Receiver;

use crate::controller::ending::Ending;
use crate::controller::limits::Limits;
use crate::controller::serve::Controller;
use crate::error::Reason;
use crate::event::{Event, Events};
use crate::failure::TaskLabel;
use crate::group::root::RootGroup;
use crate::homes::{HomeConfig, Homes};
use crate::id::{FlavourId, TaskId};
use crate::log;
use crate::service::launch::Launch;
use crate::service::spec::Spec;
use crate::service::unit::Unit;
use crate::submit::{self, Options};
use crate::sync::Mutex;
use crate::task::contract::Owner;
use crate::threads::Threads;
use crate::unwind;

/// See the module.
pub(crate) struct Core {
    pub(crate) name: String,
    pub(crate) homes: Arc<Homes>,
    pub(crate) ending: Arc<Ending>,
    pub(crate) signals: bool,
    limits: Limits,
    events: Arc<Events>,
    /// The controller's end of the channel, until there is one.
    unheard: Mutex<Option<Receiver<Event>>>,
    services: Mutex<Services>,
}

/// Services wait for `run`, then start as they come.
enum Services {
    Waiting(Vec<(Spec, Launch, &'static Location<'static>)>),
    Running,
}

/// What a runner is built from.
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) stack_size: Option<usize>,
    pub(crate) pool_size: usize,
    pub(crate) busy_wait: std::time::Duration,
    pub(crate) signals: bool,
}

thread_local! {
    /// The runner whose thread this is, or whose payload it runs.
    static HERE: RefCell<Weak<Core>> = const { RefCell::new(Weak::new()) };
}

impl Core {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        unwind::install_hook();
        warn_where_panics_abort();
        let epoch = Instant::now();
        let (to, unheard) = crossbeam_channel::unbounded();
        let events = Events::new(to);
        let core: Arc<OnceLock<Weak<Core>>> = Arc::default();
        let of_threads = Arc::clone(&core);
        let threads = Arc::new(Threads {
            name: settings.name.clone(),
            stack_size: settings.stack_size,
            enter: Box::new(move || {
                // Held by the thread: its payloads find their runner even when nobody else holds it.
                let core = of_threads.get().and_then(Weak::upgrade);
                Box::new(move || {
                    HERE.set(core.as_ref().map(Arc::downgrade).unwrap_or_default());
                    Box::new(core)
                })
            }),
        });
        let root = RootGroup::new(Arc::clone(&events), Arc::clone(&threads), epoch);
        let config =
            HomeConfig { pool_size: settings.pool_size, busy_wait: settings.busy_wait, epoch };
        let new = Arc::new(Core {
            name: settings.name,
            homes: Arc::new(Homes::new(root, threads, config)),
            ending: Arc::default(),
            signals: settings.signals,
            limits: settings.limits,
            events,
            unheard: Mutex::new(Some(unheard)),
            services: Mutex::new(Services::Waiting(Vec::new())),
        });
        let _ = core.set(Arc::downgrade(&new));
        let weak = Arc::downgrade(&new);
        new.events.call_by(move || {
            if let Some(core) = weak.upgrade()
                && let Err(reason) = core.start()
            {
                log::error(format_args!("the runner ends when `run` is called: {reason}"));
            }
        });
        new
    }

    pub(crate) fn root(&self) -> &Arc<RootGroup> {
        self.homes.root()
    }

    /// Makes sure that there is a controller, on a thread of its own.
    pub(crate) fn start(&self) -> Result<(), Reason> {
        if self.events.is_served() {
            return Ok(());
        }
        let mut unheard = self.unheard.lock();
        let Some(receiver) = unheard.as_ref() else {
            return Ok(());
        };
        let controller = self.controller(receiver.clone());
        self.homes.threads().spawn("controller", move || controller.run()).map_err(|error| {
            let flavour = FlavourId::new("controller");
            Reason::NoThread { flavour, error: Arc::new(error) }
        })?;
        *unheard = None;
        self.events.serve();
        Ok(())
    }

    /// The controller, for a thread that blocks until the end anyway; `None` if there is one already.
    pub(crate) fn take_control(&self) -> Option<Controller> {
        let mut unheard = self.unheard.lock();
        let receiver = unheard.take()?;
        self.events.serve();
        drop(unheard);
        Some(self.controller(receiver))
    }

    fn controller(&self, events: Receiver<Event>) -> Controller {
        let homes = Arc::clone(&self.homes);
        Controller::new(events, homes, Arc::clone(&self.ending), self.limits, self.name.clone())
    }

    /// Starts a service, or keeps it for `run`. Refused, it is not launched.
    pub(crate) fn add(
        &self,
        spec: Spec,
        launch: impl FnOnce() -> Launch,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        let mut services = self.services.lock();
        let Services::Waiting(waiting) = &mut *services else {
            drop(services);
            self.let_in(spec, here)?;
            let undo = LetIn { root: self.root(), name: spec.name() };
            let launch = launch();
            std::mem::forget(undo);
            return self.launch(spec, launch, here);
        };
        if let Some((other, _, there)) = waiting.iter().find(|(o, ..)| o.name() == spec.name()) {
            return Err(Reason::DuplicateName { name: other.name().into(), there, here });
        }
        crate::group::names::check(spec.name())?;
        // No user code runs under the lock: `launch` only moves the service into a closure.
        waiting.push((spec, launch(), here));
        Ok(())
    }

    /// Lets a service in under its name, before it is launched.
    fn let_in(&self, spec: Spec, here: &'static Location<'static>) -> Result<(), Reason> {
        let label = TaskLabel {
            id: TaskId::next(),
            name: Some(spec.name().into()),
            group: None,
            flavour: FlavourId::new("service"),
            spawned_at: here,
        };
        submit::let_in(self.root(), Some(label), false, false)
    }

    /// Drops the services that wait for a run which is not to come.
    pub(crate) fn forget_services(&self) {
        let waiting = std::mem::replace(&mut *self.services.lock(), Services::Running);
        let _ = unwind::discard(waiting);
    }

    /// Starts the services that waited for this.
    pub(crate) fn start_services(&self) -> Result<(), (Spec, Reason)> {
        let waiting = std::mem::replace(&mut *self.services.lock(), Services::Running);
        let Services::Waiting(waiting) = waiting else {
            return Ok(());
        };
        for (spec, launch, here) in waiting {
            let started = self.let_in(spec, here).and_then(|()| self.launch(spec, launch, here));
            match started {
                Ok(()) => {}
                // Asked to stop meanwhile: those that have not begun never begin.
                Err(Reason::Stopping | Reason::Stopped) => break,
                Err(reason) => return Err((spec, reason)),
            }
        }
        Ok(())
    }

    fn launch(
        &self,
        spec: Spec,
        launch: Launch,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        let name: Arc<str> = spec.name().into();
        let owner: Arc<dyn Owner> = Unit::new(Arc::clone(&name), Arc::clone(self.root()));
        let options = Box::new(Options {
            name: Some(name),
            owner: Some(owner),
            dedicated: true,
            admitted: true,
            ..Options::default()
        });
        launch.start(&self.homes, options, here)
    }
}

/// Tells once what a program gives up that is built so.
fn warn_where_panics_abort() {
    static TOLD: Once = Once::new();
    if cfg!(panic = "abort") {
        TOLD.call_once(|| {
            log::warn(format_args!(
                "this program is built with `panic = \"abort\"`: the first panic of any payload ends the process, without a report"
            ));
        });
    }
}

/// Lets a service out again whose `launch` panics.
struct LetIn<'a> {
    root: &'a RootGroup,
    name: &'static str,
}

impl Drop for LetIn<'_> {
    fn drop(&mut self) {
        self.root.release_name(self.name);
        self.root.let_out(false);
    }
}

/// The runner whose payload the calling thread runs.
pub(crate) fn here() -> Option<Arc<Core>> {
    HERE.try_with(|here| here.try_borrow().ok()?.upgrade()).ok().flatten()
}

/// While it lives, the calling thread runs a payload of that runner.
pub(crate) struct Inside(Weak<Core>);

impl Inside {
    pub(crate) fn of(core: &Arc<Core>) -> Self {
        let before = HERE.try_with(|here| here.replace(Arc::downgrade(core)));
        Inside(before.unwrap_or_default())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let before = std::mem::take(&mut self.0);
        let _ = HERE.try_with(|here| here.replace(before));
    }
}
