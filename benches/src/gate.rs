//! Where one-way tasks end: they are counted, and the last one wakes whoever waits for all of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};

/// The one gate of the process: a static, so that a payload carries nothing.
static GATE: Gate =
    Gate { hits: AtomicU64::new(0), awaited: AtomicU64::new(u64::MAX), waiter: Mutex::new(None) };

struct Gate {
    hits: AtomicU64,
    awaited: AtomicU64,
    waiter: Mutex<Option<Thread>>,
}

/// What a one-way task does with what it carries, which is one.
pub(crate) fn hit(one: u64) {
    let hits = GATE.hits.fetch_add(one, Ordering::AcqRel) + one;
    if hits == GATE.awaited.load(Ordering::Relaxed) {
        wake();
    }
}

/// Begins a batch of so many tasks, which the calling thread will await.
pub(crate) fn begin(tasks: u64) {
    *waiter() = Some(thread::current());
    GATE.hits.store(0, Ordering::Relaxed);
    // Release: what hands a task over is ordered after this, and so is its hit.
    GATE.awaited.store(tasks, Ordering::Release);
}

/// Waits until the whole batch has been hit.
pub(crate) fn wait() {
    let awaited = GATE.awaited.load(Ordering::Relaxed);
    while GATE.hits.load(Ordering::Acquire) < awaited {
        thread::park();
    }
}

#[cold]
fn wake() {
    if let Some(waiter) = waiter().as_ref() {
        waiter.unpark();
    }
}

fn waiter() -> std::sync::MutexGuard<'static, Option<Thread>> {
    GATE.waiter.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
