//! Children that share what is not `Send` with their parent: they run on its lane, and so does whoever waits.
//!
//! The future waits in a table of the lane's thread, and what is handed over is a ticket to it. The lane, which
//! calls the payload, finds the future; any other thread would find nothing. The value comes back through a
//! cell that never leaves the lane either. So nothing that is not `Send` crosses a thread, and no `unsafe` is
//! needed to say so.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::error::{Reason, Refused, SpawnError};
use crate::failure::TaskLabel;
use crate::homes::{HomeKind, Homes, Place};
use crate::id::TaskId;
use crate::lane::inbox;
use crate::submit::{self, Options};
use crate::task::contract::Header;
use crate::task::handle::TaskHandle;
use crate::task::outcome::JoinError;
use crate::task::payload::{Async, Spawned};
use crate::task::state::TaskState;
use crate::unwind;
use crate::wait::graph::Target;

/// The handle to a local child: awaited on its lane, where its value was made and stays.
///
/// Whoever holds the handle owns the outcome. Dropped unread, the child goes on; a panic then falls to the
/// owner of the parent, as if the child had been adopted, and a value is dropped.
///
/// # Errors
///
/// See [`JoinError`]. Polled again after it gave its value it gives [`JoinError::Taken`].
///
/// # Cancellation
///
/// As for [`TaskHandle`].
#[must_use = "dropping a handle does not stop its task"]
pub struct LocalHandle<T> {
    task: TaskHandle<()>,
    value: Rc<Cell<Option<T>>>,
}

impl<T> LocalHandle<T> {
    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task.id()
    }

    /// Which task this is the handle of.
    #[must_use]
    pub fn label(&self) -> &TaskLabel {
        self.task.label()
    }

    /// The state of the task, as [`TaskHandle::state`].
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.task.state()
    }

    /// As [`TaskHandle::is_over`].
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.task.is_over()
    }

    /// As [`TaskHandle::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// As [`TaskHandle::stop`].
    pub fn stop(&self) {
        self.task.stop();
    }

    /// As [`TaskHandle::finished`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancellation
    ///
    /// As there.
    pub async fn finished(&mut self) -> Result<(), JoinError> {
        self.task.finished().await
    }
}

impl<T> Future for LocalHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = Pin::new(&mut self.task).poll(cx);
        ended.map(|ended| ended.and_then(|()| self.value.take().ok_or(JoinError::Taken)))
    }
}

impl<T> fmt::Debug for LocalHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalHandle").field("task", self.label()).finish_non_exhaustive()
    }
}

/// Hands a future to the lane of its parent, whose thread this has to be.
pub(crate) fn spawn<B>(
    homes: &Homes,
    parent: &Header,
    future: B,
    options: Box<Options>,
    here: &'static Location<'static>,
) -> Result<LocalHandle<B::Output>, SpawnError<B>>
where
    B: Future<Output: 'static> + 'static,
{
    let Some(lane) = homes.of(parent).filter(|place| is_here(place)) else {
        return Err(Refused::new(Reason::OffLane, future));
    };
    let value = Rc::new(Cell::new(None));
    let ticket = Ticket::of(Local { future, value: Rc::clone(&value) });
    let id = ticket.0;
    let payload = move || {
        let local = ticket.redeem::<Local<B>>();
        async move {
            if let Some(Local { future, value }) = local {
                value.set(Some(future.await));
            }
        }
    };
    match submit::spawn_on::<Async, _, Spawned>(homes, lane, payload, Some(options), here) {
        Ok(task) => Ok(LocalHandle { task: TaskHandle::new(task), value }),
        Err(refused) => {
            let (reason, payload) = refused.into_parts();
            let local = take::<Local<B>>(id);
            drop(payload);
            match local {
                Some(Local { future, .. }) => Err(Refused::new(reason, future)),
                None => unreachable!("what was refused has not been called, on this very thread"),
            }
        }
    }
}

/// A future, and where its value goes.
struct Local<B: Future> {
    future: B,
    value: Rc<Cell<Option<B::Output>>>,
}

/// Whether the calling thread is that lane's.
fn is_here(place: &Place) -> bool {
    match &place.kind {
        HomeKind::Lane(lane) => {
            inbox::lane_here().is_some_and(|here| here.executor() == lane.executor())
        }
        HomeKind::Pool(_) => false,
    }
}

/// What waits on a lane's thread until its payload is called.
#[derive(Default)]
struct Waiting(RefCell<BTreeMap<TaskId, Box<dyn Any>>>);

thread_local! {
    static WAITING: Waiting = Waiting::default();
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // What is left is the user's, and a panic would end the process here.
        for one in std::mem::take(self.0.get_mut()).into_values() {
            let _ = unwind::discard(one);
        }
    }
}

/// Good for what waits under a number that no other thread and no later ticket has.
struct Ticket(TaskId);

impl Ticket {
    fn of<T: 'static>(waits: T) -> Self {
        let id = TaskId::next();
        WAITING.with(|waiting| waiting.0.borrow_mut().insert(id, Box::new(waits)));
        Ticket(id)
    }

    fn redeem<T: 'static>(self) -> Option<T> {
        take(self.0)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // On any other thread nothing is found, and what waits is dropped with its own.
        drop(remove(self.0));
    }
}

fn take<T: 'static>(id: TaskId) -> Option<T> {
    remove(id)?.downcast().ok().map(|waits| *waits)
}

fn remove(id: TaskId) -> Option<Box<dyn Any>> {
    WAITING.try_with(|waiting| waiting.0.borrow_mut().remove(&id)).ok().flatten()
}
