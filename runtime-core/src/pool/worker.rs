//! A thread of a pool, from its first job to its last.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use crate::pool::contract::Job;
use crate::pool::home::PoolHome;
use crate::sync::Ordering;
use crate::task::contract::{self, AnyTask, Header, Host, NOWHERE};
use crate::task::stamp::Stamp;
use crate::wait::blocking;
use crate::wait::graph::ExecutorId;

/// Where a pool gets its threads from. Cloned freely.
#[derive(Clone)]
pub struct PoolSeat {
    home: Weak<PoolHome>,
}

impl PoolSeat {
    pub(crate) fn new(home: &Arc<PoolHome>) -> Self {
        PoolSeat { home: Arc::downgrade(home) }
    }

    /// Makes a thread, named `<runner>/<suffix>`, that runs `body` with its worker.
    ///
    /// # Errors
    ///
    /// What the operating system said; nothing is left behind.
    pub fn spawn(
        &self,
        suffix: &str,
        body: impl FnOnce(PoolWorker) + Send + 'static,
    ) -> io::Result<()> {
        let home = self.home.upgrade().ok_or(io::ErrorKind::BrokenPipe)?;
        let of_thread = Arc::clone(&home);
        home.spawn(suffix, Box::new(move || body(PoolWorker::sign_on(of_thread))))
    }
}

impl fmt::Debug for PoolSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolSeat").finish_non_exhaustive()
    }
}

/// A thread of a pool. It stays on the thread that it was given to.
pub struct PoolWorker {
    home: Arc<PoolHome>,
    executor: ExecutorId,
    stamp: Arc<Stamp>,
    here: PhantomData<*const ()>,
}

impl PoolWorker {
    fn sign_on(home: Arc<PoolHome>) -> Self {
        let executor = blocking::new_executor();
        blocking::become_executor(executor);
        let stamp = home.add_stamp();
        PoolWorker { home, executor, stamp, here: PhantomData }
    }

    /// Runs a job to its end. Never panics, whatever the job does.
    pub fn run(&self, job: Job) {
        let task = job.into_task();
        self.stamp.begin();
        task.header().place.store(self.executor.0, Ordering::Release);
        task.run(self);
        self.stamp.end();
    }
}

impl Host for PoolWorker {
    fn stamp(&self, task: &Header) {
        self.stamp.task(task);
    }

    fn unstamp(&self) {
        self.stamp.no_task();
    }

    fn is_stopping(&self) -> bool {
        self.home.is_stopping()
    }

    fn keep(&self, _task: Arc<dyn AnyTask>) {
        // A blocking task is done when its call comes back; it has no work left after a poll.
    }

    fn forget(&self, task: &Header) {
        task.place.store(NOWHERE, Ordering::Release);
    }

    fn requeue(&self, task: Arc<dyn AnyTask>) {
        contract::push(task);
    }

    fn ended(&self, task: &Header) {
        task.owner().ended(task);
    }
}

impl Drop for PoolWorker {
    fn drop(&mut self) {
        self.home.thread_gone(Some(&self.stamp));
    }
}

impl fmt::Debug for PoolWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolWorker").finish_non_exhaustive()
    }
}
