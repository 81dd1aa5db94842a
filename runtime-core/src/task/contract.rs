//! What a task and its surroundings know of each other: the header of every task, and what its home, its
//! owner and the thread that runs it do for it. One file, since each of these names the others.

use std::any::Any;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use crossbeam_utils::CachePadded;
use once_cell::race::OnceBox;
use tracing::Span;

use crate::failure::{Cause, Failure, TaskLabel};
use crate::id::{FlavourId, TaskId};
use crate::sync::AtomicU32;
use crate::task::lifecycle::Lifecycle;
use crate::task::limit::Limit;
use crate::task::outcome::JoinError;
use crate::task::state::TaskState;
use crate::task::stop::{self, StopNode};
use crate::task::stopper::Stopper;
use crate::time::Deadline;
use crate::unwind::{self, PanicInfo};
use crate::wait::graph::Target;

/// What every task has, whatever its payload.
pub(crate) struct Header {
    pub(crate) life: Lifecycle,
    /// Its home's business: where a lane keeps it, or which thread of a pool runs it.
    pub(crate) place: AtomicU32,
    /// When its lane saw it first, in milliseconds since the start of the runner.
    pub(crate) since: AtomicU32,
    pub(crate) id: TaskId,
    pub(super) home: Arc<SharedHome>,
    pub(super) spawned_at: &'static Location<'static>,
    pub(super) details: OnceBox<Details>,
}

/// What only some tasks have.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) grace: Option<Duration>,
    /// How long it may take.
    pub(crate) limit: Option<Limit>,
    pub(crate) owner: Option<Arc<dyn Owner>>,
    /// The span in which the payload was handed over, if there was one: it is entered for each poll.
    pub(crate) span: Option<Span>,
    pub(crate) stop: OnceLock<Arc<StopNode>>,
    pub(crate) children: OnceLock<Arc<dyn Children>>,
    /// Tells it to end, if it brought such a function.
    pub(crate) stopper: Option<Stopper>,
}

/// `Header::place` of a task that its lane does not keep, or that no thread of its pool runs.
pub(crate) const NOWHERE: u32 = u32::MAX;

impl Header {
    pub(crate) fn home(&self) -> &dyn Home {
        self.home.get()
    }

    /// Whether that is its home.
    pub(crate) fn is_at(&self, home: &Arc<SharedHome>) -> bool {
        Arc::ptr_eq(&self.home, home)
    }

    pub(crate) fn details(&self) -> Option<&Details> {
        self.details.get()
    }

    fn some_details(&self) -> &Details {
        self.details.get_or_init(Box::default)
    }

    pub(crate) fn owner(&self) -> &Arc<dyn Owner> {
        match self.details().and_then(|details| details.owner.as_ref()) {
            Some(owner) => owner,
            None => self.home().root(),
        }
    }

    pub(crate) fn grace(&self) -> Option<Duration> {
        self.details().and_then(|details| details.grace)
    }

    pub(crate) fn limit(&self) -> Option<&Limit> {
        self.details().and_then(|details| details.limit.as_ref())
    }

    /// Its limit, if that was over before the task.
    pub(crate) fn overrun(&self) -> Option<&Limit> {
        self.limit().filter(|limit| limit.is_struck())
    }

    /// Tells the owner that the limit was over before the task, unless it knows.
    pub(crate) fn tell_timeout(&self) {
        if let Some(failure) = self.untold_timeout() {
            self.owner().failed(failure);
        }
    }

    /// As a failure that the limit was over before the task, if its owner does not know.
    fn untold_timeout(&self) -> Option<Failure> {
        let limit = self.overrun().filter(|limit| limit.tell())?;
        let abandoned = self.life.state() == TaskState::Abandoned;
        let late = limit.timed_out(self.label(), abandoned);
        Some(self.failure(Cause::error(late.into())))
    }

    /// The same of a task that was just given up, for which nobody holds a handle. A handle that goes away
    /// meanwhile sees that the task was given up, or is not seen here.
    pub(crate) fn unheard_timeout(&self) -> Option<Failure> {
        let unheard = self.life.state() == TaskState::Abandoned && !self.life.has_handle();
        if unheard { self.untold_timeout() } else { None }
    }

    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.details().and_then(|details| details.name.as_ref())
    }

    pub(crate) fn has_stopper(&self) -> bool {
        self.details().is_some_and(|details| details.stopper.is_some())
    }

    /// The stop of this very task, below that of its owner.
    pub(crate) fn stop(&self) -> &Arc<StopNode> {
        self.some_details().stop.get_or_init(|| StopNode::below(self.owner().stop()))
    }

    /// Whether it is a transient task itself, wherever it stands.
    pub(crate) fn is_transient(&self) -> bool {
        let own = self.details().and_then(|details| details.stop.get());
        own.is_some_and(|stop| stop.is_transient())
    }

    /// Whether it defers stops, or has done so: its time runs from when it heard of one.
    pub(crate) fn has_deferred(&self) -> bool {
        let own = self.details().and_then(|details| details.stop.get());
        own.is_some_and(|stop| stop.has_deferred())
    }

    /// Makes it a transient task, or one that is not. A task that was asked to stop stays what it is, but
    /// for a transient one that was not asked because it is one.
    pub(crate) fn set_transient(&self, transient: bool) {
        let own = self.stop();
        if own.is_transient() == transient || transient && own.is_asked() {
            return;
        }
        if self.owner().set_transient(self, transient) || !transient {
            own.set_transient(transient);
            // It may hear of a stop now that it was spared.
            self.stop_children();
        }
    }

    /// When the task is cancelled, by the stops that it has heard of; `None` if it has heard of none.
    pub(crate) fn cancelled_at(&self) -> Option<Deadline> {
        let own = self.details().and_then(|details| details.stop.get());
        stop::cancelled_at(own.unwrap_or_else(|| self.owner().stop()), self.grace())
    }

    /// Whether a stop is asked of this task.
    pub(crate) fn is_asked(&self) -> bool {
        let own = self.details().and_then(|details| details.stop.get());
        own.unwrap_or_else(|| self.owner().stop()).is_asked()
    }

    pub(crate) fn label(&self) -> TaskLabel {
        TaskLabel {
            id: self.id,
            name: self.details().and_then(|details| details.name.clone()),
            group: self.owner().path(),
            flavour: self.home().flavour(),
            spawned_at: self.spawned_at,
        }
    }

    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// Gives the task up and wakes whoever waits for it.
    pub(crate) fn give_up(&self) {
        if let Some(Some(waiter)) = self.life.give_up() {
            wake(waiter);
        }
    }

    /// Why a task that was given up gives no outcome.
    pub(super) fn why_given_up(&self) -> JoinError {
        match self.overrun() {
            Some(limit) => JoinError::TimedOut(Box::new(limit.timed_out(self.label(), true))),
            None => JoinError::Abandoned,
        }
    }

    pub(super) fn failure(&self, cause: Cause) -> Failure {
        Failure { task: self.label(), cause, age: self.owner().age() }
    }

    pub(super) fn contain(&self, result: Result<(), PanicInfo>) {
        if let Err(info) = result {
            self.owner().contained(self.failure(Cause::Panic(info)));
        }
    }

    /// A panic that no handle has read is the owner's, as if the task had been adopted.
    pub(super) fn unread(&self, info: PanicInfo) {
        if cfg!(planted = "unread-panic-forgotten") {
            return;
        }
        self.owner().failed(self.failure(Cause::Panic(info)));
    }

    /// Before the end is seen: whoever sees it may give the name to another task at once, and counts on
    /// the stopper not to be called any more.
    pub(super) fn release_name(&self) {
        let Some(details) = self.details() else { return };
        if let Some(stopper) = &details.stopper {
            self.contain(stopper.over());
        }
        // A task that is not finished keeps its name.
        if !self.children().is_some_and(|children| children.hold_name()) {
            self.free_name();
        }
    }

    pub(crate) fn free_name(&self) {
        if let Some(name) = self.details().and_then(|details| details.name.as_deref()) {
            self.owner().release_name(name);
        }
    }

    /// The children, which `make` makes if there were none; `None` if the task is over and had none.
    pub(crate) fn children_or(
        &self,
        make: impl FnOnce() -> Arc<dyn Children>,
    ) -> Option<&Arc<dyn Children>> {
        if self.life.state().is_final() {
            return self.children();
        }
        let children = self.some_details().children.get_or_init(make);
        // In this order: an end that does not see the bit comes first, and then nobody comes below it.
        self.life.have_children().then_some(children)
    }

    /// The children, if it has had any.
    pub(crate) fn children(&self) -> Option<&Arc<dyn Children>> {
        if !self.life.has_children() {
            return None;
        }
        self.details().and_then(|details| details.children.get())
    }

    /// Whether its body is over and no child keeps it from being finished.
    pub(crate) fn is_finished(&self) -> bool {
        self.life.state().is_final() && self.children().is_none_or(|children| children.are_over())
    }

    /// Whether its body is over and a child keeps it from being finished.
    pub(crate) fn is_over_for_children(&self) -> bool {
        self.life.state().is_final()
            && self.children().is_some_and(|children| children.keep_parent())
    }

    /// Children are asked to stop with their parent, as soon as that has heard of it.
    pub(crate) fn stop_children(&self) {
        if let Some(children) = self.children() {
            children.stop();
        }
    }

    /// About to be polled: from the first time on, a stop calls the stopper.
    pub(super) fn begins(&self) {
        let Some(details) = self.details() else { return };
        let Some(stopper) = &details.stopper else { return };
        let (label, owner, span) = (self.label(), Arc::clone(self.owner()), details.span.clone());
        stopper.begin(self.stop(), move |stopper| {
            let (label, span, of_call) = (label.clone(), span.clone(), Arc::clone(&owner));
            owner.call_stopper(StopperCall { label, owner: of_call, span, stopper });
        });
    }

    /// The end of the account: its home keeps it no longer, the owner has one task less. If children live,
    /// the owner hears of it from the last of them.
    pub(super) fn close(&self, host: &dyn Host) {
        host.forget(self);
        match self.children() {
            None => host.ended(self),
            Some(children) if children.body_over() => {
                host.ended(self);
                children.tell_finished();
            }
            Some(_) => {}
        }
    }
}

/// The children of a task, as the task sees them.
pub(crate) trait Children: Send + Sync {
    /// The body of their parent is over. `false`: the owner is told by the last child.
    fn body_over(&self) -> bool;

    /// The owner has been told that the parent is finished.
    fn tell_finished(&self);

    /// Whether they keep the name of their parent, which is free otherwise.
    fn hold_name(&self) -> bool;

    /// Whether the parent is finished.
    fn are_over(&self) -> bool;

    /// Whether one lives that keeps the parent from being finished.
    fn keep_parent(&self) -> bool;

    /// Their parent may have heard of a stop.
    fn stop(&self);

    /// Asks their parent to stop, if it is not finished.
    fn stop_parent(&self);

    /// The group that they are.
    fn into_group(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// A stopper on its way to being called.
pub(crate) struct StopperCall {
    pub(crate) label: TaskLabel,
    pub(crate) owner: Arc<dyn Owner>,
    pub(crate) span: Option<Span>,
    pub(crate) stopper: Stopper,
}

/// A task of any payload.
pub(crate) trait AnyTask: Target + Send + Sync {
    fn header(&self) -> &Header;

    /// Polls it once, or does what else is due. On its home's thread only.
    fn run(self: Arc<Self>, host: &dyn Host);

    /// For `downcast`.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// Asks for the payload to be dropped at its next await point.
pub(crate) fn cancel(task: &Arc<dyn AnyTask>) {
    if task.header().life.cancel() {
        push(Arc::clone(task));
    }
}

/// Asks for the payload to be dropped, if it has not begun.
pub(crate) fn cancel_unbegun(task: &Arc<dyn AnyTask>) {
    if task.header().life.cancel_unbegun() {
        push(Arc::clone(task));
    }
}

/// Wakes whoever waits. Its executor may be anybody's, so a panic of the waker ends nothing.
pub(super) fn wake(waiter: Waker) {
    let _ = unwind::guard(|| waiter.wake());
}

/// Brings a task to its home. If that has closed, nobody will run it again, which needs no telling: a
/// home gives up all that is waited for when it closes.
pub(crate) fn push(task: Arc<dyn AnyTask>) {
    // Kept while the home is used: another thread may run the task to its end before `push` returns.
    let keep = Arc::clone(&task);
    let _ = keep.header().home().push(task);
}

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

    /// Somebody is about to wait for the task; it is given up at once if this home has been.
    fn await_begins(&self, task: &Arc<dyn AnyTask>);

    /// The wait is over.
    fn await_ends(&self, task: TaskId);

    /// Gives up every task that is waited for, now and from now on.
    fn give_up(&self);

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

    /// The stopper of a task failed.
    fn stopper_failed(&self, failure: Failure) {
        self.failed(failure);
    }

    /// Has a stopper called, on a thread where it can hold up nobody.
    fn call_stopper(&self, call: StopperCall);

    /// A destructor of the user's panicked: contained, and told in the report.
    fn contained(&self, failure: Failure);

    /// So many tasks have ended.
    fn leave(&self, ended: u64);

    /// This task has ended; for owners that tell their tasks apart.
    fn ended(&self, _task: &Header) {
        self.leave(1);
    }

    /// This task keeps what is above it alive from now on, or not any more. `false`: it is over, or too
    /// late.
    fn set_transient(&self, task: &Header, transient: bool) -> bool;

    /// This task was let in, but no home took it: as if it had never come. `false`: it has been counted
    /// out at the root already.
    fn withdrawn(&self, _task: &Header) -> bool {
        true
    }

    /// The group that this is, for a group that comes to stand below; `None` if it is none.
    fn as_group(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    /// The run of a service that this is; `None` if it is none.
    fn as_unit(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    /// Where its tasks stand in the tree; `None` at the root.
    fn path(&self) -> Option<Arc<str>> {
        None
    }

    /// Whether tasks that have not begun are not to begin any more.
    fn is_stopping(&self) -> bool;

    /// The stop that its tasks see.
    fn stop(&self) -> &Arc<StopNode>;

    /// A named task has ended: its name is free again.
    fn release_name(&self, name: &str);

    /// Asks one task to stop, and cancels it when its grace is over.
    fn stop_task(&self, task: Arc<dyn AnyTask>);

    /// Gives up one task whose own time is over; the others go on.
    fn give_up_task(&self, task: &Arc<dyn AnyTask>) {
        task.header().give_up();
        if let Some(failure) = task.header().unheard_timeout() {
            self.failed(failure);
        }
    }

    /// How long the runner has been there, for the times in reports.
    fn age(&self) -> Duration;
}

/// The thread that is running a task, as the task sees it.
pub(crate) trait Host {
    /// Notes which task has the thread from now on.
    fn stamp(&self, task: &Header);

    /// The task has the thread no longer: noted before its end can be seen, so that nobody who has seen it is told
    /// that the task holds its thread.
    fn unstamp(&self);

    /// Whether tasks of the root group that have not begun are not to begin any more.
    fn is_stopping(&self) -> bool;

    /// Keeps a task that has work left, so that a stop finds it. Called once for a task.
    fn keep(&self, task: Arc<dyn AnyTask>);

    /// The task needs no keeping any more.
    fn forget(&self, task: &Header);

    /// Runs the task again, after the others.
    fn requeue(&self, task: Arc<dyn AnyTask>);

    /// A task has ended, and its owner is to know.
    fn ended(&self, task: &Header);

    /// The reference that ran a task to its end: nobody needs it any more.
    fn spent(&self, _task: Arc<dyn AnyTask>) {}
}
