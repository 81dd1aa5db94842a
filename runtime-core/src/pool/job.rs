//! A task as a pool sees it: something to run once.

use std::fmt;
use std::sync::Arc;

use crate::task::cell::AnyTask;

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
