//! Whether the queue takes records, how many still, and who waits for that to change.
//!
//! # Invariants
//! 1. `held` is the sum over all live [`Reserved`]; each gives its share back exactly once, in `drop`.
//! 2. Whoever waits listens first and looks second, so a notice between the two is not missed.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst},
};

use event_listener::{Event, EventListener};

/// Shared by both ends of the queue and by every batch in it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    shared: Arc<Shared>,
}

/// Whether anybody takes out of the queue. Only ever goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    New = 0,
    Open = 1,
    Closed = 2,
}

#[derive(Debug)]
struct Shared {
    // SeqCst on both, as `Event` has it: the notice of a change must not overtake the change.
    held: AtomicUsize,
    stage: AtomicU8,
    changed: Event,
}

impl Room {
    pub(super) fn new() -> Room {
        let (held, stage) = (AtomicUsize::new(0), AtomicU8::new(Stage::New as u8));
        Room { shared: Arc::new(Shared { held, stage, changed: Event::new() }) }
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

    /// The writer's doing: `Open` when it begins, `Closed` when it ends.
    pub(super) fn set(&self, stage: Stage) {
        self.shared.stage.store(stage as u8, SeqCst);
        self.shared.changed.notify(usize::MAX);
    }

    pub(super) fn stage(&self) -> Stage {
        match self.shared.stage.load(SeqCst) {
            0 => Stage::New,
            1 => Stage::Open,
            _ => Stage::Closed,
        }
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
