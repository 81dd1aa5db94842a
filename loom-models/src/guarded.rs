//! Data that a protocol guards: without any ordering of its own, and for one thread at a time.

use std::sync::atomic::AtomicBool as Plain;

use loom::sync::atomic::{AtomicU32, Ordering};

/// See the module. A thread that the protocol lets in too early, or without showing it what was written
/// before, fails the model.
pub(crate) struct Guarded {
    value: AtomicU32,
    /// Not loom's: it says where in this very interleaving a thread is.
    busy: Plain,
}

impl Guarded {
    pub(crate) fn new(value: u32) -> Self {
        Guarded { value: AtomicU32::new(value), busy: Plain::new(false) }
    }

    /// Puts in `new`; there must be `old`, and nobody else about.
    pub(crate) fn change(&self, old: u32, new: u32) {
        assert!(!self.busy.swap(true, Ordering::SeqCst), "two threads at once");
        assert_eq!(self.value.load(Ordering::Relaxed), old, "a stale or a wrong value");
        self.value.store(new, Ordering::Relaxed);
        self.busy.store(false, Ordering::SeqCst);
    }

    /// There must be `value`, and nobody who writes.
    pub(crate) fn expect(&self, value: u32) {
        assert!(!self.busy.load(Ordering::SeqCst), "somebody is writing");
        assert_eq!(self.value.load(Ordering::Relaxed), value, "a stale or a wrong value");
    }
}
