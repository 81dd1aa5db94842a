//! What a runner and all its handles share.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Once, OnceLock, Weak};
use std::time::Instant;

use crossbeam_channel::Receiver;

use crate::controller::ending::Ending;
use crate::controller::limits::Limits;
use crate::controller::serve::Controller;
use crate::error::Reason;
use crate::event::{Event, Events};
use crate::group::root::RootGroup;
use crate::homes::{HomeConfig, Homes};
use crate::id::FlavourId;
use crate::log;
use crate::reload::ReloadDesk;
use crate::service::manager::Services;
use crate::service::roster::Choice;
use crate::sync::Mutex;
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
    pub(crate) services: Arc<Services>,
    pub(crate) provided: Provided,
    pub(crate) reloads: Arc<ReloadDesk>,
}

/// What the program gave the runner for its payloads, by type.
pub(crate) type Provided = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// What a runner is built from.
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) stack_size: Option<usize>,
    pub(crate) pool_size: usize,
    pub(crate) busy_wait: std::time::Duration,
    pub(crate) signals: bool,
    pub(crate) choice: Choice,
    pub(crate) provided: Provided,
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
        let services = Services::new(Arc::clone(&root), settings.choice, settings.limits.grace);
        let new = Arc::new(Core {
            name: settings.name,
            homes: Arc::new(Homes::new(root, threads, config)),
            ending: Arc::default(),
            signals: settings.signals,
            limits: settings.limits,
            events,
            unheard: Mutex::new(Some(unheard)),
            services,
            provided: settings.provided,
            reloads: Arc::default(),
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
        let (services, ending) = (Arc::clone(&self.services), Arc::clone(&self.ending));
        Controller::new(events, homes, services, ending, self.limits, self.name.clone())
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
