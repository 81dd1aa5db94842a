//! A task on its way below another one.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{AdoptError, ExecuteError, Reason, Refused, SpawnError};
use crate::flavour::Flavour;
use crate::group::entry::Membership;
use crate::group::node::GroupCore;
use crate::group::policy::MemberPolicy;
use crate::id::TaskId;
use crate::runner::handle::Handle;
use crate::runner::local::{self, LocalHandle};
use crate::submit::Options;
use crate::task::contract::AnyTask;
use crate::task::handle::TaskHandle;
use crate::task::payload::{Adoptable, Payload};
use crate::task::stopper::Stopper;

/// A child of a task, about to be handed over. Made by [`Context::task`](crate::Context::task); without a
/// name, `adopt`, `spawn` and `spawn_local` of [`Context`](crate::Context) are the short forms. What a child
/// is stands at [`Context::adopt`](crate::Context::adopt).
#[must_use = "a task that is not handed over never runs"]
pub struct ChildBuilder<'a> {
    handle: &'a Handle,
    parent: &'a Arc<dyn AnyTask>,
    options: Box<Options>,
}

impl<'a> ChildBuilder<'a> {
    pub(crate) fn new(
        handle: &'a Handle,
        parent: &'a Arc<dyn AnyTask>,
        name: Option<Arc<str>>,
    ) -> Self {
        let options = Box::new(Options { name, ..Options::default() });
        ChildBuilder { handle, parent, options }
    }

    /// The child's own time between being asked to stop and being cancelled, instead of the parent's, or
    /// the runner's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = Some(grace);
        self
    }

    /// How long the child may take, as [`TaskBuilder::timeout`](crate::TaskBuilder::timeout). That of the
    /// parent is for its own payload only.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// A function that tells the child to end, as [`TaskBuilder::stopper`](crate::TaskBuilder::stopper). An
    /// error or a panic of it is the parent's, as if the stopper had been adopted.
    pub fn stopper<S, R>(mut self, stopper: S) -> Self
    where
        S: FnOnce() -> R + Send + 'static,
        R: Adoptable,
    {
        self.options.stopper = Some(Stopper::new(Box::new(move || stopper().settle())));
        self
    }

    /// It keeps nothing alive, its parent neither: it is not asked with the parent, and goes on when that is
    /// finished, until nothing else is left in the group of the parent, or in the runner. As
    /// [`TaskBuilder::transient`](crate::TaskBuilder::transient).
    pub fn transient(mut self) -> Self {
        self.options.transient = true;
        self
    }

    /// As [`Context::adopt`](crate::Context::adopt).
    ///
    /// # Errors
    ///
    /// As there, and if a living sibling has the name.
    ///
    /// # Cancellation
    ///
    /// As there.
    #[track_caller]
    pub fn adopt<F, P>(self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let (here, handle) = (Location::caller(), self.handle);
        match self.below() {
            Ok(options) => handle.adopt_with(flavour, payload, Some(options), here),
            Err(reason) => Err(Refused::new(reason, payload)),
        }
    }

    /// As [`Context::spawn`](crate::Context::spawn).
    ///
    /// # Errors
    ///
    /// As there, and if a living sibling has the name.
    ///
    /// # Cancellation
    ///
    /// As there.
    #[track_caller]
    pub fn spawn<F, P>(self, flavour: F, payload: P) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let (here, handle) = (Location::caller(), self.handle);
        match self.below() {
            Ok(options) => handle.spawn_with(flavour, payload, Some(options), here),
            Err(reason) => Err(Refused::new(reason, payload)),
        }
    }

    /// As [`Handle::execute`], with what runs as a child of the task: it stands below the task in the tree,
    /// and is asked to stop with it.
    ///
    /// # Errors
    ///
    /// As there and as [`Context::adopt`](crate::Context::adopt), and if a living sibling has the name.
    ///
    /// # Cancellation
    ///
    /// A stop of the task, or of the runner, ends the wait, by its deadline at the latest.
    #[track_caller]
    pub fn execute<F, P>(self, flavour: F, payload: P) -> Result<P::Output, ExecuteError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let (here, handle) = (Location::caller(), self.handle);
        match self.below() {
            Ok(options) => handle.execute_with(flavour, payload, Some(options), here),
            Err(reason) => Err(ExecuteError::Refused(Refused::new(reason, payload))),
        }
    }

    /// As [`Context::spawn_local`](crate::Context::spawn_local).
    ///
    /// # Errors
    ///
    /// As there, and if a living sibling has the name.
    ///
    /// # Cancellation
    ///
    /// As there.
    #[track_caller]
    pub fn spawn_local<B>(self, future: B) -> Result<LocalHandle<B::Output>, SpawnError<B>>
    where
        B: Future<Output: 'static> + 'static,
    {
        let (here, core, parent) = (Location::caller(), self.handle.core(), self.parent);
        match self.below() {
            Ok(options) => local::spawn(&core.homes, parent.header(), future, options, here),
            Err(reason) => Err(Refused::new(reason, future)),
        }
    }

    /// What is said about the child, with its place below the parent.
    fn below(mut self) -> Result<Box<Options>, Reason> {
        let group = GroupCore::of_task(self.handle.core().root(), self.parent)?;
        let (policy, transient) = (MemberPolicy::default(), self.options.transient);
        let member = Membership { group, policy, slot: false, keep: None, transient };
        self.options.member = Some(member);
        Ok(self.options)
    }
}

impl fmt::Debug for ChildBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildBuilder")
            .field("parent", &self.parent.header().label())
            .field("name", &self.options.name)
            .finish_non_exhaustive()
    }
}
