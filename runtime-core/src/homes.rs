//! The lanes and pools of a runner: each starts when it is first needed.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::error::Reason;
use crate::event::Event;
use crate::flavour::{EngineKind, Flavour, LaneEngine, PoolEngine, PoolSeat};
use crate::group::root::RootGroup;
use crate::id::{FlavourId, MOST_FLAVOURS};
use crate::lane::drive::LaneLoop;
use crate::lane::inbox::{Lane, Timers};
use crate::pool::home::{PoolHome, PoolHooks};
use crate::sync::Mutex;
use crate::task::contract::{Header, Home, Owner, SharedHome};
use crate::threads::Threads;
use crate::unwind;

/// See the module.
pub(crate) struct Homes {
    slots: [OnceLock<Place>; MOST_FLAVOURS],
    /// Held while a lane or pool starts, so that each starts once; and set when none is to start.
    closed: Mutex<bool>,
    root: Arc<RootGroup>,
    threads: Arc<Threads>,
    config: HomeConfig,
}

/// The settings that lanes and pools share.
pub(crate) struct HomeConfig {
    pub(crate) pool_size: usize,
    pub(crate) busy_wait: Duration,
    pub(crate) epoch: Instant,
}

/// A lane or a pool.
#[derive(Clone)]
pub(crate) enum HomeKind {
    Lane(Arc<Lane>),
    Pool(Arc<PoolHome>),
}

/// A lane or pool, and the form in which its tasks hold it.
pub(crate) struct Place {
    pub(crate) kind: HomeKind,
    pub(crate) shared: Arc<SharedHome>,
}

impl HomeKind {
    pub(crate) fn flavour(&self) -> FlavourId {
        match self {
            HomeKind::Lane(lane) => lane.flavour(),
            HomeKind::Pool(pool) => pool.flavour(),
        }
    }

    pub(crate) fn home(&self) -> Arc<dyn Home> {
        match self {
            HomeKind::Lane(lane) => Arc::clone(lane) as Arc<dyn Home>,
            HomeKind::Pool(pool) => Arc::clone(pool) as Arc<dyn Home>,
        }
    }
}

impl Homes {
    pub(crate) fn new(root: Arc<RootGroup>, threads: Arc<Threads>, config: HomeConfig) -> Self {
        Homes {
            slots: [const { OnceLock::new() }; MOST_FLAVOURS],
            closed: Mutex::new(false),
            root,
            threads,
            config,
        }
    }

    pub(crate) fn root(&self) -> &Arc<RootGroup> {
        &self.root
    }

    pub(crate) fn threads(&self) -> &Arc<Threads> {
        &self.threads
    }

    /// The home of a flavour; it starts if this is the first time.
    pub(crate) fn get<F: Flavour>(&self, flavour: F) -> Result<&Place, Reason> {
        let key = flavour.key();
        let slot =
            self.slots.get(key.index()).ok_or(Reason::TooManyFlavours { flavour: key.id() })?;
        match slot.get() {
            Some(place) => Ok(place),
            None => self.start(flavour, slot),
        }
    }

    #[cold]
    fn start<'a, F: Flavour>(
        &'a self,
        flavour: F,
        slot: &'a OnceLock<Place>,
    ) -> Result<&'a Place, Reason> {
        let id = flavour.key().id();
        let closed = self.closed.lock();
        if *closed {
            return Err(Reason::Stopped);
        }
        if slot.get().is_none() {
            let home = match flavour.engine().kind {
                EngineKind::Lane(engine) => self.start_lane(id, engine),
                EngineKind::Pool(engine) => self.start_pool(id, engine),
            };
            let error = |error| Reason::NoThread { flavour: id, error: Arc::new(error) };
            let kind = home.map_err(error)?;
            let shared = SharedHome::new(kind.home());
            let _ = slot.set(Place { kind, shared });
        }
        drop(closed);
        slot.get().ok_or(Reason::Stopped)
    }

    fn start_lane(&self, flavour: FlavourId, engine: Arc<dyn LaneEngine>) -> io::Result<HomeKind> {
        let of_timers = Arc::clone(&engine);
        let timers: Timers = Box::new(move |deadline| match deadline.instant() {
            Some(at) => of_timers.timer(at),
            None => Box::pin(std::future::pending()),
        });
        let root: Arc<dyn Owner> = self.root.clone();
        let (lane, outlets) = Lane::new(flavour, root, timers, self.config.epoch);
        let of_thread = Arc::clone(&lane);
        let root = Arc::clone(&self.root);
        let busy_wait = self.config.busy_wait;
        self.threads.spawn(flavour.as_str(), move || {
            let lane = LaneLoop::settle(of_thread, outlets, busy_wait);
            // A panic in here is the executor's: payloads have a guard of their own.
            let error = match unwind::guard(move || engine.drive(lane)) {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(info) => Some(info.to_string()),
            };
            root.tell(Event::HomeEnded { flavour, error });
        })?;
        Ok(HomeKind::Lane(lane))
    }

    fn start_pool(&self, flavour: FlavourId, engine: Box<dyn PoolEngine>) -> io::Result<HomeKind> {
        let threads = Arc::clone(&self.threads);
        let events = Arc::clone(&self.root);
        let hooks = PoolHooks {
            make_thread: Box::new(move |suffix, body| threads.spawn(suffix, body)),
            gone: Box::new(move || events.tell(Event::HomeEnded { flavour, error: None })),
        };
        let root: Arc<dyn Owner> = self.root.clone();
        let home = PoolHome::new(flavour, root, hooks, self.config.epoch);
        let pool = engine.open(PoolSeat::new(&home), self.config.pool_size)?;
        home.set_pool(pool);
        Ok(HomeKind::Pool(home))
    }

    /// The lane or pool of a task.
    pub(crate) fn of(&self, task: &Header) -> Option<&Place> {
        let mut there = self.slots.iter().filter_map(OnceLock::get);
        there.find(|place| task.is_at(&place.shared))
    }

    /// From now on no lane or pool starts. Gives those there are.
    pub(crate) fn close(&self) -> Vec<HomeKind> {
        *self.closed.lock() = true;
        self.all()
    }

    /// The lanes and pools that have started.
    pub(crate) fn all(&self) -> Vec<HomeKind> {
        self.slots.iter().filter_map(OnceLock::get).map(|place| place.kind.clone()).collect()
    }
}
