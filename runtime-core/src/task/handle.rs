//! The handle to a spawned task: awaited on any executor, joined by a plain thread.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::failure::TaskLabel;
use crate::id::TaskId;
use crate::task::cell::{self, Join};
use crate::task::contract::{self, AnyTask, Children};
use crate::task::lifecycle::Released;
use crate::task::outcome::{JoinError, Outcome};
use crate::task::state::TaskState;
use crate::time::Deadline;
use crate::wait::graph::Target;
use crate::wait::ring::Ring;
use crate::wait::{blocking, park};

/// The handle to a spawned task. Await it from any flavour or any other executor, or
/// [`join`](TaskHandle::join) it from a plain thread.
///
/// Whoever holds the handle owns the outcome. Dropped unread, the task goes on; a panic then falls to
/// the runner, as if the task had been adopted, and a value is dropped on the lane that made it. An
/// `Err` that the payload *returns* is a value like any other.
///
/// # Errors
///
/// See [`JoinError`]. Polled again after it gave its value it gives [`JoinError::Taken`] and does not
/// panic.
///
/// # Cancellation
///
/// Dropping the handle, or a wait for it, does not stop the task; [`stop`](TaskHandle::stop) does. If
/// the runner stops meanwhile the handle gives [`JoinError::Stopped`], or [`JoinError::Abandoned`] when
/// the task did not end in time.
#[must_use = "dropping a handle does not stop its task; `adopt` a payload nobody waits for"]
pub struct TaskHandle<T> {
    task: Option<Arc<dyn Join<T>>>,
    label: TaskLabel,
    /// It stands in its home's list of awaited tasks.
    entered: bool,
    /// The children of the task whose outcome was taken.
    children: Option<Arc<dyn Children>>,
}

impl<T: Send + 'static> TaskHandle<T> {
    pub(crate) fn new(task: Arc<dyn Join<T>>) -> Self {
        let label = task.header().label();
        TaskHandle { task: Some(task), label, entered: false, children: None }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.label.id
    }

    /// Which task this is the handle of.
    #[must_use]
    pub fn label(&self) -> &TaskLabel {
        &self.label
    }

    /// Whether the body of the task is over: the outcome is there, so waiting for it would not wait.
    /// [Children](crate::Context::spawn) of the task may live still.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.task.as_ref().is_none_or(|task| task.header().life.state().is_final())
    }

    /// Whether the task is finished: its body is over, as [`is_over`](TaskHandle::is_over) says, and no
    /// [child](crate::Context::spawn) is left that is not transient. Of a task without children this is what
    /// `is_finished` says of a thread of std's or a task of tokio's. [`finished`](TaskHandle::finished)
    /// waits for it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.task {
            Some(task) => task.header().is_finished(),
            None => self.children.as_ref().is_none_or(|children| children.are_over()),
        }
    }

    /// The state of the task; after the value was taken, [`TaskState::Completed`].
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.task.as_ref().map_or(TaskState::Completed, |task| task.header().life.state())
    }

    /// Asks the task to stop: its context sees it at once, and when its grace is over the payload is
    /// dropped at its next await point. A task that has not begun never begins. Asking twice does
    /// nothing more, but for a task that [defers](crate::Context::defer_stop) the first stop: it hears of
    /// the second. Children are asked with their parent, also those of one whose body is over.
    pub fn stop(&self) {
        if let Some(task) = &self.task {
            let task: Arc<dyn AnyTask> = task.clone();
            task.header().owner().stop_task(Arc::clone(&task));
        } else if let Some(children) = &self.children {
            children.stop_parent();
        }
    }

    /// Blocks the calling thread until the task is done, and gives its value.
    ///
    /// # Errors
    ///
    /// [`JoinError`]; at once [`JoinError::WouldDeadlock`] if the wait could never end.
    ///
    /// # Cancellation
    ///
    /// A stop of the runner ends the wait by its deadline at the latest.
    pub fn join(mut self) -> Result<T, JoinError> {
        self.wait(Deadline::never()).unwrap_or(Err(JoinError::Abandoned))
    }

    /// As [`join`](TaskHandle::join), for `limit` at most.
    ///
    /// # Errors
    ///
    /// The handle itself, if the limit is over first.
    pub fn join_timeout(mut self, limit: Duration) -> Result<Result<T, JoinError>, Self> {
        match self.wait(Deadline::after(limit)) {
            Some(outcome) => Ok(outcome),
            None => Err(self),
        }
    }

    /// As `join`, with the edge in the wait-for graph there already.
    pub(crate) fn join_blocked(mut self, _edge: blocking::Blocked) -> Result<T, JoinError> {
        self.sleep(Deadline::never());
        self.take()
    }

    /// Waits for the outcome until the deadline. What it gives but for a ring is taken from the handle.
    pub(crate) fn wait(&mut self, deadline: Deadline) -> Option<Outcome<T>> {
        Some(self.wait_over(deadline)?.and_then(|()| self.take()))
    }

    /// Blocks the calling thread until the body is over; `None` if the deadline is first.
    pub(crate) fn wait_over(&mut self, deadline: Deadline) -> Option<Result<(), JoinError>> {
        let Some(task) = self.task.clone() else { return Some(Ok(())) };
        if task.header().life.state().is_final() {
            return Some(Ok(()));
        }
        // A wait with a limit ends, so it closes no ring.
        let endless = deadline == Deadline::never();
        let target: Arc<dyn Target> = task;
        let edge = match endless.then(|| block_current(&target)).transpose() {
            Ok(edge) => edge,
            Err(ring) => return Some(Err(JoinError::WouldDeadlock(Box::new(ring)))),
        };
        let there = self.sleep(deadline);
        drop(edge);
        there.then_some(Ok(()))
    }

    /// Looks for a while, then sleeps until the outcome is there or the deadline over. Whether it is there.
    fn sleep(&mut self, deadline: Deadline) -> bool {
        let Some(task) = self.task.clone() else { return true };
        park::look_then(
            || task.header().life.state().is_final(),
            || {
                let _room = Room::make();
                park::wait(deadline, |waker| self.is_ready(waker).then_some(())).is_some()
            },
        )
    }

    /// Whether the body is over; if not, the waker is left.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        if let Err(error) = self.check() {
            return Poll::Ready(Err(error));
        }
        if self.is_ready(cx.waker()) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Why a task of which the body is over may be busy still.
    pub(crate) fn check_given_up(&self) -> Result<(), JoinError> {
        match &self.task {
            Some(task) if task.header().life.state() == TaskState::Abandoned => {
                Err(task.header().why_given_up())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A task that waits for itself would wait for ever.
    pub(crate) fn check(&self) -> Result<(), JoinError> {
        self.own_ring().map_or(Ok(()), |ring| Err(JoinError::WouldDeadlock(Box::new(ring))))
    }

    /// The children of the task, if it has had any.
    pub(crate) fn children(&self) -> Option<Arc<dyn Children>> {
        match &self.task {
            Some(task) => task.header().children().cloned(),
            None => self.children.clone(),
        }
    }

    /// Leaves the waker if the outcome is not there yet.
    pub(crate) fn is_ready(&mut self, waker: &Waker) -> bool {
        let Some(task) = &self.task else { return true };
        if task.header().life.state().is_final() {
            return true;
        }
        if !self.entered {
            self.entered = true;
            let any: Arc<dyn AnyTask> = task.clone();
            task.header().home().await_begins(&any);
        }
        task.header().life.watch(waker)
    }

    /// Takes the outcome, which must be there.
    pub(crate) fn take(&mut self) -> Outcome<T> {
        let Some(task) = self.task.take() else {
            return Err(JoinError::Taken);
        };
        if self.entered {
            task.header().home().await_ends(self.label.id);
        }
        self.children = task.header().children().cloned();
        task.take_outcome()
    }

    /// The task, unless its outcome was taken.
    pub(crate) fn as_task(&self) -> Option<Arc<dyn AnyTask>> {
        self.task.clone().map(|task| task as Arc<dyn AnyTask>)
    }

    /// The ring, if the handle is that of the task which the calling thread runs.
    pub(crate) fn own_ring(&self) -> Option<Ring> {
        self.task.as_ref()?;
        let current = cell::current()?;
        (current.header().id == self.label.id).then(|| Ring::of_one(self.label.to_string()))
    }
}

/// About to block the calling thread, on behalf of the task that it runs.
pub(crate) fn block_current(target: &Arc<dyn Target>) -> Result<blocking::Blocked, Ring> {
    blocking::block(target, || match cell::current() {
        Some(task) => task.header().label().to_string(),
        None => "a lane between two tasks".to_owned(),
    })
}

/// While it lives, the home of the running task counts one thread less that can take on work.
pub(crate) struct Room(Option<Arc<dyn AnyTask>>);

impl Room {
    pub(crate) fn make() -> Self {
        let task = cell::current();
        if let Some(task) = &task {
            task.header().home().blocked(true);
        }
        Room(task)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.header().home().blocked(false);
        }
    }
}

impl<T: Send + 'static> Future for TaskHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.poll_over(cx).map(|over| over.and_then(|()| this.take()))
    }
}

impl<T> Drop for TaskHandle<T> {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        if self.entered {
            task.header().home().await_ends(self.label.id);
        }
        match task.header().life.release_handle() {
            Released::Early => {}
            // What a task said is no value that would have to go home.
            Released::Failed => match task.take_outcome() {
                Err(JoinError::Panicked(info)) => task.header().unread(*info),
                Err(JoinError::TimedOut(_)) => task.header().tell_timeout(),
                _ => {}
            },
            Released::Unread => contract::push(task),
            Released::GivenUp => task.header().tell_timeout(),
        }
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").field("task", &self.label).finish_non_exhaustive()
    }
}
