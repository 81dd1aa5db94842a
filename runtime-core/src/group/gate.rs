//! Who may come in, and how many are inside: one word, no lock.
//!
//! # Invariants
//! 1. Whoever came in while the gate was open is counted until it leaves.
//! 2. Nobody comes in after [`Gate::close`]; while stopping, only those who clean up.
//! 3. A newcomer counts itself first and looks then. One that is refused takes its count back, so a
//!    count may be too high for a moment, never too low.

use crate::sync::{AtomicU64, Ordering};

const CLOSED: u64 = 1 << 63;
const STOPPING: u64 = 1 << 62;
const COUNT: u64 = STOPPING - 1;

/// See the module.
pub(crate) struct Gate(AtomicU64);

/// Why one may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    Stopping,
    Closed,
}

impl Gate {
    pub(crate) fn open() -> Self {
        Gate(AtomicU64::new(0))
    }

    /// Counts one in; with `cleanup`, while stopping too. The second value of a refusal says that the
    /// refused one was the last to leave.
    pub(crate) fn enter(&self, cleanup: bool) -> Result<(), (Shut, bool)> {
        let before = if cfg!(planted = "gate-looks-first") {
            let seen = self.0.load(Ordering::SeqCst);
            self.0.fetch_add(1, Ordering::SeqCst);
            seen
        } else {
            self.0.fetch_add(1, Ordering::SeqCst)
        };
        let shut = if before & CLOSED != 0 {
            Shut::Closed
        } else if before & STOPPING != 0 && !cleanup {
            Shut::Stopping
        } else {
            return Ok(());
        };
        Err((shut, self.leave(1)))
    }

    /// Counts so many out. `true`: nobody is inside any more.
    #[must_use]
    pub(crate) fn leave(&self, ended: u64) -> bool {
        let before = self.0.fetch_sub(ended, Ordering::SeqCst);
        let left = u64::from(cfg!(planted = "over-before-the-last"));
        before & COUNT == ended + left
    }

    pub(crate) fn begin_stop(&self) {
        self.0.fetch_or(STOPPING, Ordering::SeqCst);
    }

    /// Begins to stop if nobody is inside, in one step. `false` also if it had begun before.
    #[must_use]
    pub(crate) fn shut_if_empty(&self) -> bool {
        self.0.compare_exchange(0, STOPPING, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    pub(crate) fn close(&self) {
        self.0.fetch_or(STOPPING | CLOSED, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst) & COUNT
    }
}
