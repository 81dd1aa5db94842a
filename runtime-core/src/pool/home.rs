//! The home of blocking tasks: the flavour's pool behind the interface that tasks know.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::id::{FlavourId, TaskId};
use crate::pool::contract::{Job, Pool};
use crate::sync::Mutex;
use crate::task::awaited::Awaited;
use crate::task::contract::{AnyTask, Home, Owner, Timer};
use crate::task::stamp::{Busy, Stamp};
use crate::time::Deadline;
use crate::wait::graph::{ExecutorId, Target};

/// Makes a thread with this suffix to its name, which runs the body.
pub(crate) type MakeThread =
    Box<dyn Fn(&str, Box<dyn FnOnce() + Send>) -> std::io::Result<()> + Send + Sync>;

/// How a pool's threads are made, and who hears of the last one's end.
pub(crate) struct PoolHooks {
    pub(crate) make_thread: MakeThread,
    /// The last thread of a closed pool is gone.
    pub(crate) gone: Box<dyn Fn() + Send + Sync>,
}

/// See the module.
pub(crate) struct PoolHome {
    flavour: FlavourId,
    pool: OnceLock<Arc<dyn Pool>>,
    root: Arc<dyn Owner>,
    awaited: Awaited,
    hooks: PoolHooks,
    threads: Mutex<Threads>,
    epoch: Instant,
}

#[derive(Default)]
struct Threads {
    alive: usize,
    closing: bool,
    /// What each is busy with.
    stamps: Vec<Arc<Stamp>>,
}

impl PoolHome {
    pub(crate) fn new(
        flavour: FlavourId,
        root: Arc<dyn Owner>,
        hooks: PoolHooks,
        epoch: Instant,
    ) -> Arc<Self> {
        Arc::new(PoolHome {
            flavour,
            pool: OnceLock::new(),
            root,
            awaited: Awaited::default(),
            hooks,
            threads: Mutex::default(),
            epoch,
        })
    }

    pub(crate) fn set_pool(&self, pool: Arc<dyn Pool>) {
        let _ = self.pool.set(pool);
    }

    pub(crate) fn pool(&self) -> Option<&Arc<dyn Pool>> {
        self.pool.get()
    }

    /// Makes a thread of the pool.
    pub(crate) fn spawn(
        &self,
        suffix: &str,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<()> {
        self.threads.lock().alive += 1;
        (self.hooks.make_thread)(suffix, body).inspect_err(|_| self.thread_gone(None))
    }

    /// A stamp for the thread that has begun.
    pub(crate) fn add_stamp(&self) -> Arc<Stamp> {
        let stamp = Arc::new(Stamp::new(self.epoch));
        self.threads.lock().stamps.push(Arc::clone(&stamp));
        stamp
    }

    /// A thread has ended, or never began.
    pub(crate) fn thread_gone(&self, stamp: Option<&Arc<Stamp>>) {
        let last = {
            let mut threads = self.threads.lock();
            threads.alive -= 1;
            if let Some(stamp) = stamp {
                threads.stamps.retain(|other| !Arc::ptr_eq(other, stamp));
            }
            threads.closing && threads.alive == 0
        };
        if last {
            (self.hooks.gone)();
        }
    }

    /// Takes no more jobs; the threads end when none is left.
    pub(crate) fn close(&self) {
        if let Some(pool) = self.pool.get() {
            pool.close();
        }
        let none = {
            let mut threads = self.threads.lock();
            threads.closing = true;
            threads.alive == 0
        };
        if none {
            (self.hooks.gone)();
        }
    }

    /// Jobs that wait may have been refused a thread.
    pub(crate) fn retry(&self) {
        if let Some(pool) = self.pool.get().filter(|pool| pool.waiting() > 0) {
            pool.retry();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.root.is_stopping()
    }

    /// What the threads are busy with.
    pub(crate) fn busy(&self) -> Vec<Busy> {
        self.threads.lock().stamps.iter().filter_map(|stamp| stamp.busy()).collect()
    }
}

impl Home for PoolHome {
    fn flavour(&self) -> FlavourId {
        self.flavour
    }

    fn push(&self, task: Arc<dyn AnyTask>) -> Result<(), Arc<dyn AnyTask>> {
        match self.pool.get() {
            Some(pool) => pool.submit(Job::new(task)).map_err(Job::into_task),
            None => Err(task),
        }
    }

    fn root(&self) -> &Arc<dyn Owner> {
        &self.root
    }

    fn await_begins(&self, task: &Arc<dyn AnyTask>) {
        self.awaited.enter(task);
    }

    fn await_ends(&self, task: TaskId) {
        self.awaited.leave(task);
    }

    fn give_up(&self) {
        self.awaited.close();
    }

    fn blocked(&self, begins: bool) {
        if let Some(pool) = self.pool.get() {
            pool.blocked(begins);
        }
    }

    fn timer(&self, _deadline: Deadline) -> Option<Timer> {
        None
    }
}

impl Target for PoolHome {
    fn executor(&self) -> Option<ExecutorId> {
        None
    }

    fn label(&self) -> String {
        format!("the {} pool", self.flavour)
    }
}
