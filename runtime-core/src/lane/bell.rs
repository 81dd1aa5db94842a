//! How producers wake a lane: one flag, and one wake-up for each time that the lane went to sleep.
//!
//! The lane sets `parked`, then looks at its queues once more; a producer fills a queue, then looks at
//! `parked`. Sequentially consistent fences between the two halves make sure that at least one of
//! them sees the other (Dekker's way), so no wake-up is lost; and only the producer that clears the
//! flag wakes, so a burst of submissions costs one wake-up.

use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, Ordering, fence};

/// See the module.
pub(crate) struct Bell {
    parked: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Bell { parked: AtomicBool::new(false), waker: Mutex::new(None) }
    }

    /// Says which waker to call. Only the lane does so, while it is awake.
    pub(crate) fn hang(&self, waker: Waker) {
        *self.waker.lock() = Some(waker);
    }

    /// The lane is about to sleep. It must look at its queues after this, and `rise` if one is not empty.
    pub(crate) fn park(&self) {
        self.parked.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The lane is awake again, whoever woke it.
    pub(crate) fn rise(&self) {
        self.parked.store(false, Ordering::Relaxed);
    }

    /// Something was put into a queue of the lane: wakes it if it sleeps.
    pub(crate) fn ring(&self) {
        if !cfg!(planted = "bell-without-fence") {
            fence(Ordering::SeqCst);
        }
        if self.parked.load(Ordering::Relaxed) && self.parked.swap(false, Ordering::AcqRel) {
            self.wake();
        }
    }

    /// As `ring`, on the lane's own thread, where nothing is to be ordered.
    pub(crate) fn ring_own(&self) {
        if self.parked.load(Ordering::Relaxed) && self.parked.swap(false, Ordering::AcqRel) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        // Cloned, so that no lock is held while the runtime's code runs.
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
