//! A fair count of places: whoever asks first gets one first, thread or lane.
//!
//! # Invariants
//! 1. Nobody overtakes: a place goes past the queue only when the queue is empty.
//! 2. A waiter is in the queue, or in `granted`, or neither, and then it is gone. One that goes away
//!    with a grant gives the place to the next.
//! 3. Wakers are called outside the lock.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;
use crate::unwind;

/// See the module.
pub(crate) struct Slots(Mutex<Inner>);

struct Inner {
    limit: usize,
    held: usize,
    closed: bool,
    next: u64,
    /// In the order of their tickets.
    queue: VecDeque<(u64, Waker)>,
    granted: BTreeSet<u64>,
}

/// There will be no more places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotsClosed;

impl Slots {
    pub(crate) fn new(limit: usize) -> Self {
        Slots(Mutex::new(Inner {
            limit,
            held: 0,
            closed: false,
            next: 0,
            queue: VecDeque::new(),
            granted: BTreeSet::new(),
        }))
    }

    /// Waits for a place. Dropped before its end it has taken none.
    pub(crate) fn acquire(&self) -> Acquire<'_> {
        Acquire { slots: self, ticket: None }
    }

    /// Takes a place if one is free and nobody waits. `Ok(false)`: there is none.
    pub(crate) fn try_acquire(&self) -> Result<bool, SlotsClosed> {
        self.0.lock().try_take()
    }

    /// Changes how many places there are. Raised, it gives the new ones to those who wait.
    pub(crate) fn set_limit(&self, limit: usize) {
        let granted = {
            let mut inner = self.0.lock();
            inner.limit = limit;
            inner.grant()
        };
        wake(granted);
    }

    /// How many places there are.
    pub(crate) fn limit(&self) -> usize {
        self.0.lock().limit
    }

    /// How many are taken.
    pub(crate) fn held(&self) -> usize {
        self.0.lock().held
    }

    /// How many wait for one.
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().queue.len()
    }

    /// Takes a place at once, one that is not there if need be: nobody else gets one before as many have
    /// come back.
    pub(crate) fn overdraw(&self) {
        self.0.lock().held += 1;
    }

    /// Gives a place back.
    pub(crate) fn release(&self) {
        let granted = {
            let mut inner = self.0.lock();
            inner.held = inner.held.saturating_sub(1);
            inner.grant()
        };
        wake(granted);
    }

    /// Lets nobody wait any more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut inner = self.0.lock();
            inner.closed = true;
            std::mem::take(&mut inner.queue)
        };
        wake(waiting.into_iter().map(|(_, waker)| waker).collect());
    }
}

impl Inner {
    fn try_take(&mut self) -> Result<bool, SlotsClosed> {
        if self.closed {
            return Err(SlotsClosed);
        }
        let free = self.queue.is_empty() && self.held < self.limit;
        if free {
            self.held += 1;
        }
        Ok(free)
    }

    /// Gives free places to those at the front. The caller wakes them.
    #[must_use]
    fn grant(&mut self) -> Vec<Waker> {
        let mut granted = Vec::new();
        while self.held < self.limit
            && let Some((ticket, waker)) = self.queue.pop_front()
        {
            self.held += 1;
            self.granted.insert(ticket);
            granted.push(waker);
        }
        granted
    }

    fn place_in_queue(&self, ticket: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        // Its executor may be anybody's: a panic of the waker ends nothing.
        let _ = unwind::guard(|| waker.wake());
    }
}

/// A wait for a place.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Acquire<'a> {
    slots: &'a Slots,
    ticket: Option<u64>,
}

impl Future for Acquire<'_> {
    type Output = Result<(), SlotsClosed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slots = self.slots;
        let mut inner = slots.0.lock();
        let Some(ticket) = self.ticket else {
            if inner.try_take()? {
                return Poll::Ready(Ok(()));
            }
            let ticket = inner.next;
            inner.next += 1;
            inner.queue.push_back((ticket, cx.waker().clone()));
            drop(inner);
            self.ticket = Some(ticket);
            return Poll::Pending;
        };
        if inner.granted.remove(&ticket) {
            drop(inner);
            self.ticket = None;
            return Poll::Ready(Ok(()));
        }
        let Some(place) = inner.place_in_queue(ticket) else {
            drop(inner);
            self.ticket = None;
            return Poll::Ready(Err(SlotsClosed));
        };
        if let Some((_, waker)) = inner.queue.get_mut(place) {
            waker.clone_from(cx.waker());
        }
        Poll::Pending
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let (gone, granted) = {
            let mut inner = self.slots.0.lock();
            if inner.granted.remove(&ticket) {
                // Invariant 2.
                inner.held = inner.held.saturating_sub(1);
                (None, inner.grant())
            } else {
                let place = inner.place_in_queue(ticket);
                (place.and_then(|place| inner.queue.remove(place)), Vec::new())
            }
        };
        drop(gone);
        wake(granted);
    }
}
