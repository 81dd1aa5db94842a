//! Ended tasks on their way back to whoever hands in new ones.
//!
//! Memory is given back best by a thread that takes some: freed by the lane, each cell would go to the
//! producer's part of the heap while the producer takes from it, and the two would wait for each other
//! with every task. So the lane collects what has ended, in batches, and the next producer drops a batch
//! before it makes its own cell. The same goes for the reference that each task has to its home.

use std::mem;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::task::contract::AnyTask;

/// How many tasks go back at once: enough that handing them over costs next to nothing for one.
const BATCH: usize = 32;

/// How many batches wait at most; what is more is dropped by the lane.
const MOST: usize = 16;

/// Larger cells are not kept waiting.
const LARGEST: usize = 256;

type Batch = [Option<Arc<dyn AnyTask>>; BATCH];

/// The lane's end.
pub(crate) struct Spent {
    batch: Batch,
    filled: usize,
    back: Sender<Batch>,
}

/// The producers' end.
pub(crate) struct Returned(Receiver<Batch>);

pub(crate) fn channel() -> (Spent, Returned) {
    let (back, returned) = bounded(MOST);
    (Spent { batch: [const { None }; BATCH], filled: 0, back }, Returned(returned))
}

impl Spent {
    /// Takes a task that has ended.
    pub(crate) fn put(&mut self, task: Arc<dyn AnyTask>) {
        // One with details may hold what is to go at once: a name, a group, a span.
        let plain = task.header().details().is_none() && mem::size_of_val(&*task) <= LARGEST;
        if !plain || Arc::strong_count(&task) > 1 {
            return;
        }
        if let Some(place) = self.batch.get_mut(self.filled) {
            *place = Some(task);
            self.filled += 1;
        }
        if self.filled == BATCH {
            self.filled = 0;
            let full = mem::replace(&mut self.batch, [const { None }; BATCH]);
            let _ = self.back.try_send(full);
        }
    }

    /// Drops what is there.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
        self.batch = [const { None }; BATCH];
    }
}

impl Returned {
    /// Drops a batch, if there is one.
    pub(crate) fn reclaim(&self) {
        let batch = self.0.try_recv();
        drop(batch);
    }

    /// Drops all there are: tasks hold their lane, and the lane must not hold them for ever.
    pub(crate) fn clear(&self) {
        while self.0.try_recv().is_ok() {}
    }
}
