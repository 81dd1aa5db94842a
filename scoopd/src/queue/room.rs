//! Whether the queue takes records, how many still, and who waits for that to change.
//!
//! # Invariants
//! 1. `held` is the sum over all live [`Reserved`]; each gives its share back exactly once, in `drop`.
//! 2. Whoever waits listens first and looks second, so a notice between the two is not missed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use event_listener::{Event, EventListener};

/// Shared by both ends of the queue and by every batch in it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    // SeqCst on both, as `Event` has it: the notice of a change must not overtake the change.
    held: AtomicUsize,
    closed: AtomicBool,
    changed: Event,
}

impl Room {
    pub(super) fn new() -> Room {
        let (held, closed) = (AtomicUsize::new(0), AtomicBool::new(false));
        Room { shared: Arc::new(Shared { held, closed, changed: Event::new() }) }
    }

    /// Takes room for `n` records while less than `limit` are held. The last to find room may go
    /// beyond the limit, else a body of more records than the limit could never be taken.
    pub(super) fn reserve(&self, n: usize, limit: usize) -> Option<Reserved> {
        let grow = |held| (held < limit).then_some(held + n);
        self.shared.held.fetch_update(SeqCst, SeqCst, grow).ok()?;
        Some(Reserved { n, room: self.clone() })
    }

    /// Records that are in the queue or with the writer.
    pub(super) fn held(&self) -> usize {
        self.shared.held.load(SeqCst)
    }

    /// The writer has ended: nobody takes out of the queue any more.
    pub(super) fn close(&self) {
        self.shared.closed.store(true, SeqCst);
        self.shared.changed.notify(usize::MAX);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared.closed.load(SeqCst)
    }

    /// Resolves at the next change after this call (invariant 2).
    pub(super) fn changed(&self) -> EventListener {
        self.shared.changed.listen()
    }
}

/// Room for some records, given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    n: usize,
    room: Room,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.room.shared.held.fetch_sub(self.n, SeqCst);
        self.room.shared.changed.notify(usize::MAX);
    }
}
