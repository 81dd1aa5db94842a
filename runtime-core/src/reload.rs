//! Requests to load settings anew: who asks for them, and who hears of them.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use event_listener::Event as Bell;

use crate::sync::{AtomicU64, Ordering};
use crate::task::stop::{StopNode, Stopped, Stopping};
use crate::time::Deadline;
use crate::wait::park;

/// Where requests come in: one for each runner.
#[derive(Default)]
pub(crate) struct ReloadDesk {
    /// How many have come.
    asked: AtomicU64,
    bell: Bell,
}

impl ReloadDesk {
    pub(crate) fn ask(&self) {
        // Pairs with the load in `next`.
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.bell.notify(usize::MAX);
    }
}

/// Requests to load settings anew, as one listener hears of them: from
/// [`Handle::reloads`](crate::Handle::reloads) or [`Context::reloads`](crate::Context::reloads).
///
/// Requests that come while nobody waits are one. None is lost: what is asked while the last one is worked on is
/// heard afterwards.
pub struct Reloads {
    desk: Arc<ReloadDesk>,
    /// How many this one has heard of.
    heard: u64,
    stopped: Stopped,
}

impl Reloads {
    pub(crate) fn new(desk: &Arc<ReloadDesk>, stop: &Arc<StopNode>) -> Self {
        let heard = desk.asked.load(Ordering::SeqCst);
        Reloads { desk: Arc::clone(desk), heard, stopped: Stopped::of(Arc::clone(stop)) }
    }

    /// Waits for the next request.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Result<(), Stopping> {
        loop {
            // Listen first, look then.
            let mut asked = pin!(self.desk.bell.listen());
            let now = self.desk.asked.load(Ordering::SeqCst);
            let mut stopped = Pin::new(&mut self.stopped);
            poll_fn(|cx| {
                if stopped.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(Stopping));
                }
                if now != self.heard {
                    return Poll::Ready(Ok(()));
                }
                asked.as_mut().poll(cx).map(Ok)
            })
            .await?;
            if now != self.heard {
                self.heard = now;
                return Ok(());
            }
        }
    }

    /// The twin of [`next`](Reloads::next) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn next_blocking(&mut self) -> Result<(), Stopping> {
        park::block_on(self.next(), Deadline::never()).unwrap_or(Err(Stopping))
    }
}

impl fmt::Debug for Reloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloads").field("heard", &self.heard).finish_non_exhaustive()
    }
}
