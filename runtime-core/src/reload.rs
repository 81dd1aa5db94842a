//! Requests to load settings anew: who asks for them, and who hears of them.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::Poll;

use event_listener::Event as Bell;

use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::task::stop::{StopNode, Stopped, Stopping};
use crate::time::Deadline;
use crate::wait::park;

/// Where requests come in: one for each runner.
#[derive(Default)]
pub(crate) struct ReloadDesk {
    /// How many have come.
    asked: AtomicU64,
    /// Rings when one has come, and when a hook is done.
    bell: Bell,
    /// How far each hook has come.
    hooks: Mutex<Vec<Weak<AtomicU64>>>,
}

/// One hook's account of what it has done; a hook that is gone is waited for by nobody.
pub(crate) struct HookProgress {
    desk: Arc<ReloadDesk>,
    done: Arc<AtomicU64>,
}

impl HookProgress {
    /// Of a hook that hears of requests from now on.
    pub(crate) fn new(reloads: &Reloads) -> Self {
        let done = Arc::new(AtomicU64::new(reloads.heard));
        let mut hooks = reloads.desk.hooks.lock();
        hooks.retain(|hook| hook.strong_count() > 0);
        hooks.push(Arc::downgrade(&done));
        HookProgress { desk: Arc::clone(&reloads.desk), done }
    }

    /// It has done what was heard of last.
    pub(crate) fn done(&self, reloads: &Reloads) {
        // Pairs with the load in `are_done`.
        self.done.store(reloads.heard, Ordering::SeqCst);
        self.desk.bell.notify(usize::MAX);
    }
}

impl Drop for HookProgress {
    fn drop(&mut self) {
        self.done.store(u64::MAX, Ordering::SeqCst);
        self.desk.bell.notify(usize::MAX);
    }
}

impl ReloadDesk {
    /// Whether every hook has done what the first so many requests have asked for.
    fn are_done(&self, requests: u64) -> bool {
        let hooks = self.hooks.lock();
        hooks.iter().filter_map(Weak::upgrade).all(|done| done.load(Ordering::SeqCst) >= requests)
    }

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

    /// Waits until every hook ([`Handle::on_reload`](crate::Handle::on_reload)) is done with the request that was
    /// heard of last, in good order or not. What services do that hear of it themselves is not waited for.
    ///
    /// Not to be called by a hook: it would wait for itself, until the stop.
    ///
    /// ```
    /// use std::sync::{Arc, Weak};
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use spumoni_core::ServiceRunner;
    ///
    /// let runner = ServiceRunner::builder().signals(false).build()?;
    /// let loaded = Arc::new(AtomicBool::new(false));
    /// let hook = Arc::clone(&loaded);
    /// runner.on_reload(move || hook.store(true, Ordering::SeqCst))?;
    /// let mut reloads = runner.reloads()?;
    /// runner.reload();
    /// reloads.next_blocking()?;
    /// reloads.settled_blocking()?;
    /// assert!(loaded.load(Ordering::SeqCst));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait loses nothing.
    pub async fn settled(&mut self) -> Result<(), Stopping> {
        loop {
            // Listen first, look then.
            let mut changed = pin!(self.desk.bell.listen());
            let done = self.desk.are_done(self.heard);
            let mut stopped = Pin::new(&mut self.stopped);
            poll_fn(|cx| {
                if stopped.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(Stopping));
                }
                if done { Poll::Ready(Ok(())) } else { changed.as_mut().poll(cx).map(Ok) }
            })
            .await?;
            if done {
                return Ok(());
            }
        }
    }

    /// The twin of [`settled`](Reloads::settled) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn settled_blocking(&mut self) -> Result<(), Stopping> {
        park::block_on(self.settled(), Deadline::never()).unwrap_or(Err(Stopping))
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
