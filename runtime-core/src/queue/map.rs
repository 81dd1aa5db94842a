//! Many items at once, and their results in the order of the items.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::error::SubmitError;
use crate::queue::entry::{Entry, Outcome};
use crate::queue::error::{ItemError, ItemReason};
use crate::queue::handle::ItemHandle;
use crate::queue::owner::Queue;
use crate::task::handle::Room;
use crate::time::Deadline;
use crate::tools::timeout::Alarm;
use crate::wait::park;

impl<I: Send + 'static, V: Send + 'static> Queue<I, V> {
    /// Gives the queue all the items, waiting for places as it needs to, and gives their results in the order
    /// of the items.
    ///
    /// # Errors
    ///
    /// Each item's own, in its place: [`ItemError`], with [`ItemReason::Refused`] for one that was not taken.
    /// `collect::<Result<Vec<_>, _>>()` gives the first of them.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, it drops the items whose turn has not come. Those that are being worked on go
    /// on; nobody hears of their outcome, a failure is told in the log.
    #[track_caller]
    pub fn map(
        &self,
        items: impl IntoIterator<Item = I>,
    ) -> impl Future<Output = Vec<Result<V, ItemError<I>>>> + Send {
        let mut mapping = Mapping::new(self, items, Location::caller());
        async move {
            mapping.go().await;
            mapping.close(ItemReason::NotDone)
        }
    }

    /// As [`map`](Queue::map), for `limit` at most, counted from the first poll, on the timer of the calling
    /// lane. When it is over, the items whose turn has not come are cancelled and come back in their errors,
    /// [`ItemReason::TimedOut`]; those that are being worked on go on, and nobody hears of their outcome.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// Off the lanes, where no timer keeps the limit: see [`timeout`](crate::timeout).
    #[track_caller]
    pub fn map_timeout(
        &self,
        limit: Duration,
        items: impl IntoIterator<Item = I>,
    ) -> impl Future<Output = Vec<Result<V, ItemError<I>>>> {
        let mut mapping = Mapping::new(self, items, Location::caller());
        async move {
            mapping.go_until(Alarm::after(limit)).await;
            mapping.close(ItemReason::TimedOut(limit))
        }
    }

    /// The twin of [`map`](Queue::map) for plain threads.
    ///
    /// # Errors
    ///
    /// As there; [`ItemReason::WouldDeadlock`], or [`ItemReason::Refused`] with that reason, on the lane whose
    /// own tasks the workers are.
    #[track_caller]
    pub fn map_blocking(&self, items: impl IntoIterator<Item = I>) -> Vec<Result<V, ItemError<I>>> {
        let here = Location::caller();
        // All are submitted before the first is waited for.
        let enter = |item| Slot::of(self, self.enter_blocking(item, here, true));
        let slots: Vec<_> = items.into_iter().map(enter).collect();
        slots.into_iter().map(Slot::join).collect()
    }

    /// The twin of [`map_timeout`](Queue::map_timeout) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn map_blocking_timeout(
        &self,
        limit: Duration,
        items: impl IntoIterator<Item = I>,
    ) -> Vec<Result<V, ItemError<I>>> {
        let mut mapping = Mapping::new(self, items, Location::caller());
        let _room = Room::make();
        let _ = park::block_on(mapping.go(), Deadline::after(limit));
        mapping.close(ItemReason::TimedOut(limit))
    }
}

/// One item on its way.
enum Slot<I, V> {
    /// Not submitted yet.
    Item(I),
    Held(ItemHandle<I, V>),
    Over(Outcome<I, V>),
    /// In between.
    Gone,
}

/// Items on their way, in their order.
struct Mapping<'a, I, V> {
    queue: &'a Queue<I, V>,
    slots: Vec<Slot<I, V>>,
    here: &'static Location<'static>,
}

impl<'a, I: Send + 'static, V: Send + 'static> Mapping<'a, I, V> {
    fn new(
        queue: &'a Queue<I, V>,
        items: impl IntoIterator<Item = I>,
        here: &'static Location<'static>,
    ) -> Self {
        Mapping { queue, slots: items.into_iter().map(Slot::Item).collect(), here }
    }

    /// Submits all, then waits for all.
    async fn go(&mut self) {
        for slot in &mut self.slots {
            // The item stays in its slot while there is no place for it.
            let place = self.queue.core().place().await;
            if let Slot::Item(item) = std::mem::replace(slot, Slot::Gone) {
                *slot = Slot::of(self.queue, self.queue.enter_at(place, item, self.here));
            }
        }
        for slot in &mut self.slots {
            if let Slot::Held(handle) = slot {
                let outcome = handle.await;
                *slot = Slot::Over(outcome);
            }
        }
    }

    async fn go_until(&mut self, alarm: Alarm) {
        let (mut go, mut alarm) = (pin!(self.go()), pin!(alarm));
        poll_fn(|cx| match go.as_mut().poll(cx) {
            Poll::Pending => match alarm.as_mut().poll(cx) {
                Poll::Ready(Some(())) => Poll::Ready(()),
                Poll::Ready(None) => panic!(
                    "`map_timeout` was polled off the lanes of a runner, where no timer keeps the limit; on a plain thread use `map_blocking_timeout`"
                ),
                Poll::Pending => Poll::Pending,
            },
            Poll::Ready(()) => Poll::Ready(()),
        })
        .await;
    }

    /// The results. What is not over is cancelled, for this reason.
    fn close(self, reason: ItemReason) -> Vec<Outcome<I, V>> {
        self.slots.into_iter().map(|slot| slot.close(&reason)).collect()
    }
}

impl<I: Send + 'static, V: Send + 'static> Slot<I, V> {
    fn of(queue: &Queue<I, V>, taken: Result<Arc<Entry<I, V>>, SubmitError<I>>) -> Self {
        match taken {
            Ok(entry) => Slot::Held(queue.handle(entry).cancel_on_drop()),
            Err(refused) => {
                let (reason, item) = refused.into_parts();
                Slot::Over(Err(ItemError::outside(ItemReason::Refused(reason), item)))
            }
        }
    }

    /// Blocks until it is over.
    fn join(self) -> Outcome<I, V> {
        match self {
            Slot::Held(handle) => handle.join(),
            other => other.close(&ItemReason::NotDone),
        }
    }

    fn close(self, reason: &ItemReason) -> Outcome<I, V> {
        match self {
            Slot::Item(item) => Err(ItemError::outside(reason.clone(), item)),
            Slot::Held(handle) => handle.close(reason),
            Slot::Over(outcome) => outcome,
            Slot::Gone => unreachable!("an item is out of its slot between two awaits only"),
        }
    }
}
