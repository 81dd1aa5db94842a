//! A thread that sleeps until it is woken. Loom tells of one that sleeps for ever: a lost wake-up is a
//! deadlock.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::Notify;

/// The bed of one thread. Not loom's `park`, which takes an `unpark` for the end of any other wait too.
#[derive(Default)]
pub(crate) struct Bed(Notify);

impl Bed {
    /// A waker that ends the sleep.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Sleeps until woken, also if that was before; now and then for no reason ends sooner.
    pub(crate) fn sleep(&self) {
        self.0.wait();
    }

    pub(crate) fn wake_up(&self) {
        self.0.notify();
    }
}

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        self.wake_up();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_up();
    }
}
