//! Something that has happened, or has not yet.

use std::fmt;
use std::sync::Arc;

use event_listener::Event as Bell;

use crate::sync::{AtomicBool, Ordering};
use crate::task::stop::Stopping;
use crate::tools::interruptible;

/// A flag to wait for: tasks of any flavour and plain threads. Once set it lets everybody on, those who
/// come later too, until it is cleared. Clones are the same event.
#[derive(Clone, Default)]
pub struct Event {
    inner: Arc<Inner>,
}

struct Inner {
    set: AtomicBool,
    bell: Bell,
}

impl Default for Inner {
    fn default() -> Self {
        Inner { set: AtomicBool::new(false), bell: Bell::new() }
    }
}

impl Event {
    /// An event that has not happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It has happened: all who wait go on.
    pub fn set(&self) {
        // Pairs with the look in `happened`, which comes after the listening.
        self.inner.set.store(true, Ordering::SeqCst);
        self.inner.bell.notify(usize::MAX);
    }

    /// It is to happen again. Those whom the last time has woken already may have to wait once more.
    pub fn clear(&self) {
        self.inner.set.store(false, Ordering::SeqCst);
    }

    /// Whether it has happened.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.inner.set.load(Ordering::SeqCst)
    }

    /// Waits until it has happened; not at all if it has.
    ///
    /// # Errors
    ///
    /// [`Stopping`] if the calling task is asked to stop before.
    ///
    /// # Cancellation
    ///
    /// Dropping it loses nothing.
    pub async fn wait(&self) -> Result<(), Stopping> {
        interruptible::wait(self.happened()).await
    }

    /// The twin of [`wait`](Event::wait) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn wait_blocking(&self) -> Result<(), Stopping> {
        interruptible::wait_blocking(self.happened())
    }

    async fn happened(&self) {
        loop {
            // Listen first, look then.
            let bell = self.inner.bell.listen();
            if self.is_set() {
                return;
            }
            bell.await;
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.is_set()).finish()
    }
}
