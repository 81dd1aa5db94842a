//! Where a task belongs: the place that runs it and the group that owns it, as a task sees them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::failure::Failure;
use crate::id::FlavourId;
use crate::task::awaited::Awaited;
use crate::task::cell::{AnyTask, Header};
use crate::task::stop::StopNode;
use crate::time::Deadline;
use crate::wait::graph::Target;

/// A home as its tasks hold it: one word, and a count that shares no cache line with what lanes read.
pub(crate) struct SharedHome(CachePadded<Arc<dyn Home>>);

impl SharedHome {
    pub(crate) fn new(home: Arc<dyn Home>) -> Arc<Self> {
        Arc::new(SharedHome(CachePadded::new(home)))
    }

    pub(crate) fn get(&self) -> &dyn Home {
        &**self.0
    }
}

/// A future that is ready when its time has come, on a flavour's own timer.
pub type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The lane or the pool of a task. As a [`Target`] it is what an `execute` waits for whose task is not
/// there yet.
pub(crate) trait Home: Target + Send + Sync {
    fn flavour(&self) -> FlavourId;

    /// Takes a task that is to be run (again). Gives it back if nobody will ever run it here.
    fn push(&self, task: Arc<dyn AnyTask>) -> Result<(), Arc<dyn AnyTask>>;

    /// The owner of every task here that names no other one.
    fn root(&self) -> &Arc<dyn Owner>;

    /// The tasks here that somebody waits for.
    fn awaited(&self) -> &Awaited;

    /// A thread of this home begins (`true`) or ends (`false`) to block on something that this home
    /// may have to run: a pool grows for the while.
    fn blocked(&self, begins: bool);

    /// A sleep on this flavour's own timer; `None` on blocking flavours.
    fn timer(&self, deadline: Deadline) -> Option<Timer>;
}

/// The group of a task, as the task sees it.
pub(crate) trait Owner: Send + Sync {
    /// A failure that nobody holds a handle for.
    fn failed(&self, failure: Failure);

    /// A destructor of the user's panicked: contained, and told in the report.
    fn contained(&self, failure: Failure);

    /// So many tasks have ended.
    fn leave(&self, ended: u64);

    /// Whether tasks that have not begun are not to begin any more.
    fn is_stopping(&self) -> bool;

    /// The stop that its tasks see.
    fn stop(&self) -> &Arc<StopNode>;

    /// A named task has ended: its name is free again.
    fn release_name(&self, name: &str);

    /// Asks one task to stop, and cancels it when its grace is over.
    fn stop_task(&self, task: Arc<dyn AnyTask>);

    /// How long the runner has been there, for the times in reports.
    fn age(&self) -> Duration;
}

/// The thread that is running a task, as the task sees it.
pub(crate) trait Host {
    /// Notes which task has the thread from now on.
    fn stamp(&self, task: &Header);

    /// Whether tasks of the root group that have not begun are not to begin any more.
    fn is_stopping(&self) -> bool;

    /// Keeps a task that has work left, so that a stop finds it. Called once for a task.
    fn keep(&self, task: Arc<dyn AnyTask>);

    /// The task needs no keeping any more.
    fn forget(&self, task: &Header);

    /// Runs the task again, after the others.
    fn requeue(&self, task: Arc<dyn AnyTask>);

    /// A task of this owner has ended.
    fn ended(&self, owner: &Arc<dyn Owner>);
}
