//! The way into a queue: its key, a place, and then its turn.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use crate::error::{Reason, Refused, SubmitError};
use crate::group::slots::Slots;
use crate::queue::core::QueueCore;
use crate::queue::entry::Entry;
use crate::queue::item::{Item, ItemLabel};
use crate::queue::unique::Claim;
use crate::sync::Ordering;
use crate::task::cell;
use crate::task::contract::Owner;
use crate::task::handle::{Room, block_current};
use crate::task::stop::Stopped;
use crate::wait::Ring;
use crate::wait::park;

/// An item before it is taken.
pub(super) struct New<I> {
    value: I,
    rank: i64,
    claim: Option<Claim>,
    at: &'static Location<'static>,
    /// Somebody is going to hold its handle.
    held: bool,
}

impl<I> New<I> {
    pub(super) fn refused(self, reason: Reason) -> SubmitError<I> {
        drop(self.claim);
        Refused::new(reason, self.value)
    }
}

/// One of the queue's places, given back unless it is kept.
pub(super) struct Place<'a>(Option<&'a Slots>);

impl Place<'_> {
    /// An item has it now.
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(slots) = self.0 {
            slots.release();
        }
    }
}

impl<I, V> QueueCore<I, V> {
    /// Looks at the item: how soon its turn is to come, and whether its key is free.
    pub(super) fn look(
        &self,
        value: I,
        at: &'static Location<'static>,
        held: bool,
    ) -> Result<New<I>, SubmitError<I>> {
        let rank = self.settings.priority.as_ref().map_or(0, |priority| priority(&value));
        match self.settings.unique.as_ref().map(|unique| unique.claim(&value)).transpose() {
            Ok(claim) => Ok(New { value, rank, claim, at, held }),
            Err(key) => {
                let queue = Arc::clone(self.group.full_path());
                Err(Refused::new(Reason::DuplicateItem { queue, key }, value))
            }
        }
    }

    /// Brings an item in.
    pub(super) fn put(
        &self,
        place: Place<'_>,
        new: New<I>,
    ) -> Result<Arc<Entry<I, V>>, SubmitError<I>> {
        let entry = {
            let mut state = self.state.lock();
            if state.closed || self.group.is_stopping() {
                drop(state);
                return Err(new.refused(self.refusal()));
            }
            state.counters.submitted += 1;
            let label = ItemLabel {
                queue: Arc::clone(self.group.full_path()),
                number: state.counters.submitted,
                at: new.at,
            };
            let entry = Arc::new(Entry::new(label.clone(), new.held));
            let item = Item {
                value: new.value,
                label,
                rank: new.rank,
                submitted: Instant::now(),
                attempt: 0,
                began: None,
                claim: new.claim,
            };
            state.append((Arc::clone(&entry), item));
            entry
        };
        place.keep();
        self.wake(1);
        Ok(entry)
    }

    /// Waits for a place, or until the queue stops or is closed.
    pub(super) async fn place(&self) -> Result<Place<'_>, Reason> {
        if let Ok(place) = self.try_place() {
            return Ok(place);
        }
        let _stuck = Stuck::enter(self)?;
        let mut acquire = pin!(self.places.acquire());
        let mut stopped = pin!(Stopped::of(Arc::clone(self.group.stop())));
        let acquired = poll_fn(|cx| {
            if let Poll::Ready(acquired) = acquire.as_mut().poll(cx) {
                return Poll::Ready(acquired.is_ok());
            }
            stopped.as_mut().poll(cx).map(|()| false)
        })
        .await;
        if acquired { Ok(Place(Some(&self.places))) } else { Err(self.refusal()) }
    }

    /// The twin for threads.
    pub(super) fn place_blocking(&self) -> Result<Place<'_>, Reason> {
        if let Ok(place) = self.try_place() {
            return Ok(place);
        }
        let edge = self.group.as_target().map(|target| block_current(&target)).transpose();
        let _edge = edge.map_err(|ring| Reason::WouldDeadlock { ring: Box::new(ring) })?;
        let _room = Room::make();
        park::to_the_end(self.place())
    }

    pub(super) fn try_place(&self) -> Result<Place<'_>, Reason> {
        match self.places.try_acquire() {
            Ok(true) => Ok(Place(Some(&self.places))),
            Ok(false) => {
                let queue = Arc::clone(self.group.full_path());
                Err(Reason::QueueFull { queue, capacity: self.settings.capacity })
            }
            Err(_) => Err(self.refusal()),
        }
    }

    /// Why nothing new is taken.
    fn refusal(&self) -> Reason {
        if self.group.is_stopping() {
            self.group.refusal()
        } else {
            Reason::QueueClosed { queue: Arc::clone(self.group.full_path()) }
        }
    }

    /// Counts what was refused.
    pub(super) fn counted<T>(&self, taken: Result<T, SubmitError<I>>) -> Result<T, SubmitError<I>> {
        taken.inspect_err(|_| self.state.lock().counters.refused += 1)
    }
}

/// While it lives, one of the queue's own workers waits for a place in it. If all did, it would be for ever.
struct Stuck<'a, I, V>(Option<&'a QueueCore<I, V>>);

impl<'a, I, V> Stuck<'a, I, V> {
    fn enter(queue: &'a QueueCore<I, V>) -> Result<Self, Reason> {
        let Some(worker) = cell::current().filter(|task| queue.is_worker(&**task)) else {
            return Ok(Stuck(None));
        };
        let stuck = queue.stuck.fetch_add(1, Ordering::SeqCst) + 1;
        let this = Stuck(Some(queue));
        if stuck < queue.state.lock().workers {
            return Ok(this);
        }
        let ring = Ring::of_member(worker.label(), queue.group.label().to_string());
        Err(Reason::WouldDeadlock { ring: Box::new(ring) })
    }
}

impl<I, V> Drop for Stuck<'_, I, V> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.stuck.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
