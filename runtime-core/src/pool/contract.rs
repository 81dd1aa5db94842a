//! What a pool is for the core, and a task for a pool: something to run once.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::task::contract::AnyTask;

/// A blocking task, to be run once by a [`PoolWorker`](crate::flavour::PoolWorker).
#[must_use = "a job that is dropped never runs"]
pub struct Job(Arc<dyn AnyTask>);

impl Job {
    pub(crate) fn new(task: Arc<dyn AnyTask>) -> Self {
        Job(task)
    }

    pub(crate) fn into_task(self) -> Arc<dyn AnyTask> {
        self.0
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.0.header().label())
    }
}

/// An open pool.
pub trait Pool: Send + Sync + 'static {
    /// Takes a job, to be run in turn. Gives it back if the pool has closed.
    ///
    /// # Errors
    ///
    /// The job itself.
    fn submit(&self, job: Job) -> Result<(), Job>;

    /// Runs a job on a thread of its own, with this name.
    ///
    /// # Errors
    ///
    /// What the operating system said, and the job.
    fn dedicate(&self, job: Job, name: &str) -> Result<(), (io::Error, Job)>;

    /// One of the pool's threads begins (`true`) or ends (`false`) to block on another task: the pool
    /// may be wider by one for the while.
    fn blocked(&self, begins: bool);

    /// Called now and then while jobs wait: there may be threads again, where there were none to be had.
    fn retry(&self) {}

    /// Takes no more jobs, and ends each thread when no job is left.
    fn close(&self);

    /// How many jobs wait for a thread.
    fn waiting(&self) -> usize;
}
