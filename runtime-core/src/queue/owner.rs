//! The queue as its users have it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::error::{Reason, SubmitError};
use crate::group::join::{Join, JoinGroupError};
use crate::group::node::GroupCore;
use crate::queue::admit::Place;
use crate::queue::core::QueueCore;
use crate::queue::counters::QueueCounters;
use crate::queue::entry::Entry;
use crate::queue::handle::ItemHandle;
use crate::task::cell;
use crate::task::contract::Owner;
use crate::task::handle::{Room, block_current};
use crate::time::Deadline;
use crate::wait::Ring;
use crate::wait::graph::Target;
use crate::wait::park;

/// A work queue: items wait in it, a fixed number of workers takes them, and each item's handle gets what
/// comes of it. Made by [`Handle::queue`](crate::Handle::queue) or [`Group::queue`](crate::Group::queue).
///
/// Clones are the same queue, good from any thread and any flavour. The workers are tasks of a group of the
/// queue's name, called `1`, `2` and so on; on a blocking flavour each has a thread of its own. They keep the
/// runner going. When the last clone is dropped the queue is [closed](Queue::close).
///
/// Nothing is lost: an item that is taken is done, fails, is cancelled, or comes back; and no attempt is made
/// twice.
///
/// # Cancellation
///
/// A stop of the runner, of the group above, or [`stop`](Queue::stop) takes nothing new. What becomes of the
/// items that wait is a matter of [`OnStop`](crate::OnStop); no handle is left waiting, each gets an outcome,
/// and the item with it if it is not done.
pub struct Queue<I, V> {
    door: Arc<Door<I, V>>,
}

/// Closes the queue when nobody can submit any more.
struct Door<I, V>(Arc<QueueCore<I, V>>);

impl<I, V> Drop for Door<I, V> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<I: Send + 'static, V: Send + 'static> Queue<I, V> {
    pub(super) fn new(core: Arc<QueueCore<I, V>>) -> Self {
        Queue { door: Arc::new(Door(core)) }
    }

    pub(super) fn core(&self) -> &Arc<QueueCore<I, V>> {
        &self.door.0
    }

    /// Gives the queue an item, and a handle to what comes of it. Where the queue is full, waits for a place,
    /// first come, first served; nothing is handed over before the future is awaited.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the item, if it is not taken: the queue was closed or stops, or has an item with
    /// the same key. [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock) if all the workers would wait
    /// for a place in their own queue.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait takes no place; the item is dropped with it. A stop of the queue ends it.
    #[track_caller]
    pub fn submit(
        &self,
        item: I,
    ) -> impl Future<Output = Result<ItemHandle<I, V>, SubmitError<I>>> + Send + use<'_, I, V> {
        let here = Location::caller();
        async move { self.enter(item, here, true).await.map(|entry| self.handle(entry)) }
    }

    /// The twin of [`submit`](Queue::submit) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock) on the lane whose own tasks the
    /// workers are.
    #[track_caller]
    pub fn submit_blocking(&self, item: I) -> Result<ItemHandle<I, V>, SubmitError<I>> {
        self.enter_blocking(item, Location::caller(), true).map(|entry| self.handle(entry))
    }

    /// As [`submit`](Queue::submit), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::QueueFull`](crate::Reason::QueueFull) if there is no place.
    #[track_caller]
    pub fn try_submit(&self, item: I) -> Result<ItemHandle<I, V>, SubmitError<I>> {
        self.try_enter(item, Location::caller(), true).map(|entry| self.handle(entry))
    }

    /// Takes nothing new. What waits is worked on, whatever is delayed too, and then the workers end. Returns
    /// at once.
    pub fn close(&self) {
        self.core().close();
    }

    /// Stops the queue: nothing new is taken, the workers are asked to stop, and the items that wait go the
    /// way of [`OnStop`](crate::OnStop). Returns at once; asking again does nothing more, but reaches work
    /// that defers the first stop.
    pub fn stop(&self) {
        self.core().stop();
    }

    /// Whether nothing new is taken any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let core = self.core();
        core.state.lock().closed || core.group.is_stopping()
    }

    /// Waits until nothing waits, nothing is delayed and nobody works; at once if that is so. Items that come
    /// meanwhile are waited for as well.
    ///
    /// # Errors
    ///
    /// [`JoinGroupError::WouldDeadlock`] in a worker of this queue, which would wait for itself.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait loses nothing. A stop ends it, with the last of the workers.
    pub async fn idle(&self) -> Result<(), JoinGroupError> {
        let core = self.core();
        if let Some(worker) = cell::current().filter(|task| core.is_worker(&**task)) {
            let ring = Ring::of_member(worker.label(), core.group.label().to_string());
            return Err(JoinGroupError::WouldDeadlock(Box::new(ring)));
        }
        loop {
            // Listen first, look then.
            let (idle, over) = (core.idle.listen(), core.group.all_ended.listen());
            if core.state.lock().is_idle() || core.is_over() {
                return Ok(());
            }
            let (mut idle, mut over) = (pin!(idle), pin!(over));
            poll_fn(|cx| match idle.as_mut().poll(cx) {
                Poll::Pending => over.as_mut().poll(cx),
                Poll::Ready(()) => Poll::Ready(()),
            })
            .await;
        }
    }

    /// The twin of [`idle`](Queue::idle) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and on the lane whose own tasks the workers are.
    pub fn idle_blocking(&self) -> Result<(), JoinGroupError> {
        let core = self.core();
        let mut idle = pin!(self.idle());
        let waits = !core.state.lock().is_idle() && !core.is_over();
        let target = core.group.as_target().filter(|_| waits);
        let edge = target.map(|target: Arc<dyn Target>| block_current(&target)).transpose();
        let _edge = edge.map_err(|ring| JoinGroupError::WouldDeadlock(Box::new(ring)))?;
        let _room = Room::make();
        // Without a deadline there is always a result.
        park::block_on(idle.as_mut(), Deadline::never()).unwrap_or(Ok(()))
    }

    /// Waits until the queue was closed or stopped and all workers have ended. Await it, or let a plain thread
    /// wait: see [`Join`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ended(&self) -> Join<'_, ()> {
        let over = Box::new(|group: &GroupCore| (group.alive() == 0).then_some(()));
        Join::all(&self.core().group, over)
    }

    /// Takes the items that a stop has left undone and nobody held a handle of, in the order in which they
    /// came back. They are there when the workers have ended.
    #[must_use]
    pub fn take_left(&self) -> Vec<I> {
        if self.core().is_over() {
            // Of workers that were given up.
            self.core().end();
        }
        std::mem::take(&mut self.core().state.lock().left)
    }

    pub(super) fn handle(&self, entry: Arc<Entry<I, V>>) -> ItemHandle<I, V> {
        ItemHandle::new(Arc::clone(self.core()), entry)
    }

    async fn enter(
        &self,
        item: I,
        here: &'static Location<'static>,
        held: bool,
    ) -> Result<Arc<Entry<I, V>>, SubmitError<I>> {
        let core = self.core();
        let taken = match core.look(item, here, held) {
            Ok(new) => match core.place().await {
                Ok(place) => core.put(place, new),
                Err(reason) => Err(new.refused(reason)),
            },
            Err(refused) => Err(refused),
        };
        core.counted(taken)
    }

    pub(super) fn enter_blocking(
        &self,
        item: I,
        here: &'static Location<'static>,
        held: bool,
    ) -> Result<Arc<Entry<I, V>>, SubmitError<I>> {
        let core = self.core();
        let taken = core.look(item, here, held).and_then(|new| match core.place_blocking() {
            Ok(place) => core.put(place, new),
            Err(reason) => Err(new.refused(reason)),
        });
        core.counted(taken)
    }

    /// With a place that is there already, or why there is none.
    pub(super) fn enter_at(
        &self,
        place: Result<Place<'_>, Reason>,
        item: I,
        here: &'static Location<'static>,
    ) -> Result<Arc<Entry<I, V>>, SubmitError<I>> {
        let core = self.core();
        let taken = core.look(item, here, true).and_then(|new| match place {
            Ok(place) => core.put(place, new),
            Err(reason) => Err(new.refused(reason)),
        });
        core.counted(taken)
    }

    fn try_enter(
        &self,
        item: I,
        here: &'static Location<'static>,
        held: bool,
    ) -> Result<Arc<Entry<I, V>>, SubmitError<I>> {
        let core = self.core();
        let taken = core.look(item, here, held).and_then(|new| match core.try_place() {
            Ok(place) => core.put(place, new),
            Err(reason) => Err(new.refused(reason)),
        });
        core.counted(taken)
    }
}

impl<I: Send + 'static> Queue<I, ()> {
    /// Gives the queue an item for which nobody waits by itself. A failure of its work is the queue's: see
    /// [`QueueBuilder::on_failure`](crate::QueueBuilder::on_failure). What a stop leaves undone is kept for
    /// [`take_left`](Queue::take_left). Where the queue is full, waits for a place.
    ///
    /// # Errors
    ///
    /// As [`submit`](Queue::submit).
    ///
    /// # Cancellation
    ///
    /// As there.
    #[track_caller]
    pub fn adopt(
        &self,
        item: I,
    ) -> impl Future<Output = Result<(), SubmitError<I>>> + Send + use<'_, I> {
        let here = Location::caller();
        async move { self.enter(item, here, false).await.map(drop) }
    }

    /// The twin of [`adopt`](Queue::adopt) for plain threads.
    ///
    /// # Errors
    ///
    /// As [`submit_blocking`](Queue::submit_blocking).
    #[track_caller]
    pub fn adopt_blocking(&self, item: I) -> Result<(), SubmitError<I>> {
        self.enter_blocking(item, Location::caller(), false).map(drop)
    }

    /// As [`adopt`](Queue::adopt), without waiting.
    ///
    /// # Errors
    ///
    /// As [`try_submit`](Queue::try_submit).
    #[track_caller]
    pub fn try_adopt(&self, item: I) -> Result<(), SubmitError<I>> {
        self.try_enter(item, Location::caller(), false).map(drop)
    }
}

impl<I, V> Queue<I, V> {
    /// The queue's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.door.0.group.label().name().unwrap_or_default()
    }

    /// How many items may wait.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.door.0.settings.capacity
    }

    /// The counters as they are now.
    #[must_use]
    pub fn counters(&self) -> QueueCounters {
        self.door.0.counters()
    }
}

impl<I, V> Clone for Queue<I, V> {
    fn clone(&self) -> Self {
        Queue { door: Arc::clone(&self.door) }
    }
}

impl<I, V> fmt::Debug for Queue<I, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("path", self.door.0.group.full_path())
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
