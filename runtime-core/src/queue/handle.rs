//! The handle to an item: awaited on any executor, joined by a plain thread, cancelled before its turn.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::EventListener;

use crate::queue::core::QueueCore;
use crate::queue::entry::{Entry, Outcome, Spot};
use crate::queue::error::{ItemError, ItemReason};
use crate::task::handle::{Room, block_current};
use crate::time::Deadline;
use crate::unwind;
use crate::wait::graph::{ExecutorId, Target};
use crate::wait::park;

/// The handle to an item of a [`Queue`](crate::Queue). Await it from any flavour or any other executor, or
/// [`join`](ItemHandle::join) it from a plain thread.
///
/// Whoever holds the handle owns the outcome. Dropped unread, the item stays in the queue; a failure then
/// falls to the queue, as if the item had been adopted, a value is dropped, and what a stop leaves undone is
/// kept for [`Queue::take_left`](crate::Queue::take_left).
///
/// # Errors
///
/// See [`ItemReason`]. Polled again after it gave its result it gives [`ItemReason::Taken`] and does not
/// panic.
///
/// # Cancellation
///
/// Dropping the handle, or a wait for it, does not cancel the item; [`cancel`](ItemHandle::cancel) and
/// [`cancel_on_drop`](ItemHandle::cancel_on_drop) do. If the queue stops meanwhile, the handle gives the item
/// back, or what came of it.
#[must_use = "dropping a handle does not cancel its item; `adopt` an item nobody waits for"]
pub struct ItemHandle<I, V> {
    queue: Arc<QueueCore<I, V>>,
    entry: Arc<Entry<I, V>>,
    taken: bool,
    cancels: bool,
    /// The item is over, or everybody is gone who could work on it.
    listeners: Option<(EventListener, EventListener)>,
}

impl<I: Send + 'static, V: Send + 'static> ItemHandle<I, V> {
    pub(super) fn new(queue: Arc<QueueCore<I, V>>, entry: Arc<Entry<I, V>>) -> Self {
        ItemHandle { queue, entry, taken: false, cancels: false, listeners: None }
    }

    /// The item's number in its queue, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.entry.label.number
    }

    /// How often work on it was begun.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.entry.inner.lock().attempts
    }

    /// Whether the outcome is there, so that waiting would not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.taken || self.entry.inner.lock().outcome.is_some()
    }

    /// Takes the item back if its turn has not come, or if it waits for another attempt: nobody works on it
    /// any more, and its place in the queue is free.
    ///
    /// # Errors
    ///
    /// The handle, if a worker has the item or it is over.
    pub fn cancel(mut self) -> Result<I, Self> {
        match self.queue.cancel(&self.entry) {
            Some(item) => {
                self.taken = true;
                Ok(item)
            }
            None => Err(self),
        }
    }

    /// Cancels the item when the handle is dropped: before its turn it is dropped with the handle. One that
    /// is being worked on goes on; its value is dropped, and a failure is told in the log and has no
    /// consequence.
    pub fn cancel_on_drop(mut self) -> Self {
        self.cancels = true;
        self
    }

    /// Blocks the calling thread until the item is over, and gives its value.
    ///
    /// # Errors
    ///
    /// [`ItemError`]; at once [`ItemReason::WouldDeadlock`] if the wait could never end: on the lane of the
    /// workers, or in the queue's only worker.
    ///
    /// # Cancellation
    ///
    /// A stop of the queue or the runner ends the wait, by its deadline at the latest.
    pub fn join(mut self) -> Result<V, ItemError<I>> {
        self.wait(Deadline::never()).unwrap_or_else(|| Err(self.error(ItemReason::Taken)))
    }

    /// As [`join`](ItemHandle::join), for `limit` at most.
    ///
    /// # Errors
    ///
    /// The handle itself, if the limit is over first.
    pub fn join_timeout(mut self, limit: Duration) -> Result<Result<V, ItemError<I>>, Self> {
        match self.wait(Deadline::after(limit)) {
            Some(outcome) => Ok(outcome),
            None => Err(self),
        }
    }

    fn wait(&mut self, deadline: Deadline) -> Option<Outcome<I, V>> {
        if let Some(outcome) = self.take() {
            return Some(outcome);
        }
        // A wait with a limit ends, so it closes no ring.
        let endless = deadline == Deadline::never();
        let target = || -> Arc<dyn Target> {
            Arc::new(Wanted { queue: Arc::clone(&self.queue), entry: Arc::clone(&self.entry) })
        };
        let _edge = match endless.then(|| block_current(&target())).transpose() {
            Ok(edge) => edge,
            Err(ring) => {
                // It may be over by now, with the worker that the ring led to.
                let ring = ItemReason::WouldDeadlock(Box::new(ring));
                return Some(self.take().unwrap_or_else(|| Err(self.error(ring))));
            }
        };
        let _room = Room::make();
        park::block_on(&mut *self, deadline)
    }

    /// The outcome, once, if it is there.
    fn take(&mut self) -> Option<Outcome<I, V>> {
        if self.taken {
            return Some(Err(self.error(ItemReason::Taken)));
        }
        let outcome = self.entry.inner.lock().outcome.take();
        self.taken = outcome.is_some();
        outcome
    }

    /// What came of it, if it is over; else it is cancelled, for this reason.
    pub(super) fn close(mut self, reason: &ItemReason) -> Outcome<I, V> {
        if let Some(outcome) = self.take() {
            return outcome;
        }
        let item = self.queue.cancel(&self.entry);
        self.cancels = true;
        self.taken = item.is_some();
        Err(self.entry.error(reason.clone(), item))
    }

    fn error(&self, reason: ItemReason) -> ItemError<I> {
        self.entry.error(reason, None)
    }
}

impl<I: Send + 'static, V: Send + 'static> Future for ItemHandle<I, V> {
    type Output = Result<V, ItemError<I>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            // Listen first, look then.
            let (bell, ended) = this.listeners.get_or_insert_with(|| {
                (this.entry.bell.listen(), this.queue.group.all_ended.listen())
            });
            let rang = Pin::new(bell).poll(cx).is_ready() | Pin::new(ended).poll(cx).is_ready();
            if rang {
                this.listeners = None;
            }
            if let Some(outcome) = this.take() {
                this.listeners = None;
                return Poll::Ready(outcome);
            }
            // An item that ends in order is over before its worker is.
            let unseen = this.queue.is_over() && this.is_running();
            if unseen {
                this.queue.give_up(&this.entry);
            } else if !rang {
                return Poll::Pending;
            }
        }
    }
}

impl<I, V> ItemHandle<I, V> {
    /// Whether the queue has not told its outcome.
    fn is_running(&self) -> bool {
        !matches!(self.entry.inner.lock().spot, Spot::Over)
    }
}

impl<I, V> Drop for ItemHandle<I, V> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let cancelled = if self.cancels { self.queue.cancel(&self.entry) } else { None };
        if cancelled.is_some() {
            let _ = unwind::discard(cancelled);
            return;
        }
        let outcome = {
            let mut inner = self.entry.inner.lock();
            inner.held = false;
            inner.unwanted = self.cancels;
            inner.outcome.take()
        };
        if let Some(outcome) = outcome {
            self.queue.unheard(outcome, !self.cancels);
        }
    }
}

impl<I, V> fmt::Debug for ItemHandle<I, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemHandle")
            .field("item", &format_args!("{}", self.entry.label))
            .finish_non_exhaustive()
    }
}

/// What a wait for an item waits for: the worker that has it, or else any of them.
struct Wanted<I, V> {
    queue: Arc<QueueCore<I, V>>,
    entry: Arc<Entry<I, V>>,
}

impl<I: Send, V: Send> Target for Wanted<I, V> {
    fn executor(&self) -> Option<ExecutorId> {
        None
    }

    fn label(&self) -> String {
        self.entry.label.to_string()
    }

    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        let executor = match &self.entry.inner.lock().spot {
            Spot::Running(Some(worker)) => Some(worker.executor()),
            Spot::Running(None) | Spot::Over => Some(None),
            Spot::Waiting(_) | Spot::Delayed(_) => None,
        };
        match executor {
            Some(executor) => visit(executor),
            None => self.queue.group.each_executor(visit),
        }
    }
}
