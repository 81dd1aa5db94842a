//! The allocator of the process: the system's, which counts while it is asked to.
//!
//! Written here because those that exist count always, and counters that all threads share would cost
//! every contestant of every other route more than some of them take. Off, this costs one load.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ON: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

/// What was allocated during something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    /// Bytes asked for and not given back.
    pub(crate) live: i64,
    /// How often memory was asked for, growing included.
    pub(crate) allocations: u64,
}

/// Counts what all threads allocate while `act` runs.
pub(crate) fn during(act: impl FnOnce()) -> Counts {
    LIVE.store(0, Ordering::SeqCst);
    ALLOCATIONS.store(0, Ordering::SeqCst);
    ON.store(true, Ordering::SeqCst);
    act();
    ON.store(false, Ordering::SeqCst);
    Counts { live: LIVE.load(Ordering::SeqCst), allocations: ALLOCATIONS.load(Ordering::SeqCst) }
}

fn count(allocations: u64, bytes: impl FnOnce() -> i64) {
    if ON.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        LIVE.fetch_add(bytes(), Ordering::Relaxed);
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: every call goes to `System` with the very arguments it came with; counting touches atomics
// only and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, || signed(layout.size()));
        // SAFETY: the caller's promise is the one `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, || signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0, || -signed(layout.size()));
        // SAFETY: as above; the place came from `System`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, || signed(size) - signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}
