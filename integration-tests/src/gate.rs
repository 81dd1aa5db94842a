//! A gate that tests open: tasks of every flavour and plain threads wait at it, and can be waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use event_listener::{Event, Listener};

/// Closed at first; once opened it stays open. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: AtomicBool,
    come: AtomicUsize,
    /// It was opened, or somebody came.
    changed: Event,
}

impl Gate {
    /// Lets everybody pass, now and later.
    pub fn open(&self) {
        self.0.open.store(true, Ordering::SeqCst);
        self.0.changed.notify(usize::MAX);
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.open.load(Ordering::SeqCst)
    }

    /// Says that one more has come to the gate.
    pub fn come(&self) {
        self.0.come.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify(usize::MAX);
    }

    /// How many have come.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.come.load(Ordering::SeqCst)
    }

    /// Blocks until so many have come.
    pub fn wait_for(&self, many: usize) {
        self.wait_until(|| self.count() >= many);
    }

    /// Comes and waits until it is open.
    pub async fn pass(&self) {
        self.come();
        loop {
            // Listen first, look then.
            let changed = self.0.changed.listen();
            if self.is_open() {
                return;
            }
            changed.await;
        }
    }

    /// The twin of [`pass`](Gate::pass) that blocks its thread, a lane's too.
    pub fn pass_blocking(&self) {
        self.come();
        self.wait_until(|| self.is_open());
    }

    fn wait_until(&self, condition: impl Fn() -> bool) {
        loop {
            let changed = self.0.changed.listen();
            if condition() {
                return;
            }
            changed.wait();
        }
    }
}
