//! A point where so many wait for each other.
//!
//! # Invariants
//! 1. `waiting` counts those of the present round that have come and have not gone away.
//! 2. The last one of a round begins the next in the same step: nobody is in two rounds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use event_listener::{Event, EventListener};

use crate::sync::Mutex;
use crate::task::stop::Stopping;
use crate::tools::interruptible;

/// Lets nobody on before so many have come: tasks of any flavour and plain threads. Then the next round
/// begins. Clones are the same barrier.
///
/// A blocking wait on a lane holds up the lane's tasks, those that are to come included: on a lane,
/// await.
#[derive(Clone)]
pub struct Barrier {
    inner: Arc<Inner>,
}

struct Inner {
    size: usize,
    round: Mutex<Round>,
    over: Event,
}

#[derive(Default)]
struct Round {
    number: u64,
    waiting: usize,
}

impl Barrier {
    /// A barrier for so many. None and one are the same: nobody waits.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Barrier { inner: Arc::new(Inner { size, round: Mutex::default(), over: Event::new() }) }
    }

    /// Waits for the others of this round. `true` for the one who came last.
    ///
    /// # Errors
    ///
    /// [`Stopping`] if the calling task is asked to stop before all have come. It counts no longer.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, it counts no longer.
    pub async fn wait(&self) -> Result<bool, Stopping> {
        interruptible::wait(Arrival::at(&self.inner)).await
    }

    /// The twin of [`wait`](Barrier::wait) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn wait_blocking(&self) -> Result<bool, Stopping> {
        interruptible::wait_blocking(Arrival::at(&self.inner))
    }

    /// How many wait in this round.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.round.lock().waiting
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("size", &self.inner.size)
            .field("waiting", &self.waiting())
            .finish()
    }
}

/// One who comes, waits and goes on.
struct Arrival<'a> {
    barrier: &'a Inner,
    /// The round it waits in, once it has come.
    round: Option<u64>,
    listener: Option<EventListener>,
}

impl<'a> Arrival<'a> {
    fn at(barrier: &'a Inner) -> Self {
        Arrival { barrier, round: None, listener: None }
    }

    /// Comes to the barrier. `true`: it was the last, and the round is over.
    fn come(&mut self) -> bool {
        let mut round = self.barrier.round.lock();
        if round.waiting + 1 >= self.barrier.size {
            *round = Round { number: round.number + 1, waiting: 0 };
            return true;
        }
        round.waiting += 1;
        self.round = Some(round.number);
        false
    }
}

impl Future for Arrival<'_> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = &mut *self;
        loop {
            match (this.round, &mut this.listener) {
                // Listen first, come then: the end of the round cannot be missed.
                (_, None) => this.listener = Some(this.barrier.over.listen()),
                (None, Some(_)) => {
                    if this.come() {
                        this.barrier.over.notify(usize::MAX);
                        return Poll::Ready(true);
                    }
                }
                (Some(mine), Some(listener)) => {
                    if this.barrier.round.lock().number != mine {
                        this.round = None;
                        return Poll::Ready(false);
                    }
                    match Pin::new(listener).poll(cx) {
                        Poll::Ready(()) => this.listener = None,
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let Some(mine) = self.round else { return };
        let mut round = self.barrier.round.lock();
        if round.number == mine {
            round.waiting -= 1;
        }
    }
}
