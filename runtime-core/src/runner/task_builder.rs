//! A task of the runner about to be handed over, with all that can be said of it first.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{AdoptError, ExecuteError, SpawnError};
use crate::flavour::Flavour;
use crate::id::TaskId;
use crate::runner::handle::Handle;
use crate::submit::Options;
use crate::task::handle::TaskHandle;
use crate::task::payload::{Adoptable, Payload};
use crate::task::stopper::Stopper;

impl Handle {
    /// A task with a name, to which more can be said before it is handed over.
    pub fn task(&self, name: impl Into<Arc<str>>) -> TaskBuilder<'_> {
        let options = Box::new(Options { name: Some(name.into()), ..Options::default() });
        TaskBuilder { handle: self, options }
    }
}

/// A task with a name, about to be handed over. Without a name, `adopt`, `spawn` and `execute` of
/// [`Handle`] are the short forms.
#[must_use = "a task that is not handed over never runs"]
pub struct TaskBuilder<'a> {
    handle: &'a Handle,
    options: Box<Options>,
}

impl TaskBuilder<'_> {
    /// The task's own time between being asked to stop and being cancelled, instead of the runner's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = Some(grace);
        self
    }

    /// A function that tells the task to end, such as a server's `shutdown()`: for work that does not look
    /// at its context. As [`MemberBuilder::stopper`](crate::MemberBuilder::stopper); an error or a panic of
    /// it is the runner's, as if it had been adopted.
    pub fn stopper<S, R>(mut self, stopper: S) -> Self
    where
        S: FnOnce() -> R + Send + 'static,
        R: Adoptable,
    {
        self.options.stopper = Some(Stopper::new(Box::new(move || stopper().settle())));
        self
    }

    /// How long the task may take, counted from when it is handed over, waiting in a queue included. Default:
    /// no limit, as with `Duration::MAX`.
    ///
    /// When the limit is over, an async payload is dropped at its await point, with its destructors run on
    /// its own lane, and a blocking one is asked to stop. Whoever waits gets
    /// [`JoinError::TimedOut`](crate::JoinError::TimedOut), or
    /// [`ExecuteError::TimedOut`](crate::ExecuteError::TimedOut), with the task's name; an adopted task
    /// fails with [`TimedOut`](crate::TimedOut). What the payload gives after its limit is dropped, but a
    /// panic is told in place of the timeout.
    ///
    /// One that has not ended when its grace is over too is given up: its waiters are let go, and the
    /// report names it if it is still busy then. `execute` on a blocking flavour runs on the caller's own
    /// thread, which nobody can free: it returns when the payload does.
    ///
    /// A task that is asked to stop before its limit is over has the deadline of that stop instead.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{JoinError, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let slow = runner
    ///     .task("slow")
    ///     .timeout(Duration::from_millis(5))
    ///     .spawn(Plain, async || std::future::pending::<()>().await)?;
    /// let Err(JoinError::TimedOut(late)) = slow.join() else { panic!("it never ends") };
    /// assert_eq!(late.task().name(), Some("slow"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// It keeps nothing alive: [`run`](crate::ServiceRunner::run) ends when only transient tasks are left.
    /// They are asked to stop then, once, and their cleanup is awaited; a stop asks them when everybody
    /// else has ended. The task can change that while it runs:
    /// [`Context::set_transient`](crate::Context::set_transient).
    pub fn transient(mut self) -> Self {
        self.options.transient = true;
        self
    }

    /// As [`Handle::adopt`].
    ///
    /// # Errors
    ///
    /// [`AdoptError`] with the payload, if it is not taken: a living sibling has the name, say.
    #[track_caller]
    pub fn adopt<F, P>(self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        self.handle.adopt_with(flavour, payload, Some(self.options), Location::caller())
    }

    /// As [`Handle::spawn`].
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the payload, if it is not taken.
    #[track_caller]
    pub fn spawn<F, P>(self, flavour: F, payload: P) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.handle.spawn_with(flavour, payload, Some(self.options), Location::caller())
    }

    /// As [`Handle::execute`].
    ///
    /// # Errors
    ///
    /// As [`Handle::execute`].
    #[track_caller]
    pub fn execute<F, P>(self, flavour: F, payload: P) -> Result<P::Output, ExecuteError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.handle.execute_with(flavour, payload, Some(self.options), Location::caller())
    }
}

impl fmt::Debug for TaskBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder").field("name", &self.options.name).finish_non_exhaustive()
    }
}
