//! Identities: tasks and flavours.

use std::cell::Cell;
use std::fmt;

use crate::sync::{AtomicU64, Ordering};

/// The identity of a task: unique in the process, never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

/// How many ids a thread takes at once, so that producers do not share a cache line for each task.
const BLOCK: u64 = 1024;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The next id of this thread's block and the end of the block.
    static IDS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

impl TaskId {
    /// Takes the next id. Ids of one thread rise; those of two threads say nothing of their order.
    pub(crate) fn next() -> Self {
        let take = |ids: &Cell<(u64, u64)>| {
            let (mut next, mut end) = ids.get();
            if next == end {
                next = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
                end = next + BLOCK;
            }
            ids.set((next + 1, end));
            next
        };
        // A thread that is ending has no block any more: it takes a whole one for a single id.
        TaskId(
            IDS.try_with(take).unwrap_or_else(|_| NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed)),
        )
    }

    /// The id as a number, for logs and metrics.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }

    pub(crate) fn from_u64(raw: u64) -> Self {
        TaskId(raw)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// How many different flavours a process may use.
pub(crate) const MOST_FLAVOURS: usize = 16;

/// The name of a flavour, such as `tokio` or `thread`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "FlavorId")]
pub struct FlavourId(&'static str);

impl FlavourId {
    pub(crate) const fn new(name: &'static str) -> Self {
        FlavourId(name)
    }

    /// The name as users write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for FlavourId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for FlavourId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlavourId({})", self.0)
    }
}
