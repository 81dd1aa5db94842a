//! The core's `sync`, made of loom's primitives: as many of them, with the same methods.

pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// A mutex with the face of `parking_lot`'s.
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        match self.0.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

/// A flag whose store is a swap.
///
/// Loom keeps the modification order of an atomic as far as it follows from what happens before what. So
/// when a thread stores `a`, another one swaps `a` for `b`, and the first one stores `c`, loom may put
/// `c` before `b`; but nothing can come between `a` and the swap that read it, so `c` is the last one. The
/// bell lives on just that. A swap is always put last. It does not order more than the store by itself:
/// without the bell's fences its models fail as they should.
pub(crate) struct AtomicBool(loom::sync::atomic::AtomicBool);

impl AtomicBool {
    pub(crate) fn new(value: bool) -> Self {
        AtomicBool(loom::sync::atomic::AtomicBool::new(value))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> bool {
        self.0.load(ordering)
    }

    pub(crate) fn store(&self, value: bool, ordering: Ordering) {
        self.0.swap(value, ordering);
    }

    pub(crate) fn swap(&self, value: bool, ordering: Ordering) -> bool {
        self.0.swap(value, ordering)
    }
}
