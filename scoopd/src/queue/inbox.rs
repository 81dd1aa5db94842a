//! The writer's end of the queue.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{
    batch::{Batch, Job},
    room::{Room, Stage},
};

/// Records of one transaction: more bring little, and a longer one makes everybody wait longer.
const TRANSACTION: usize = 1024;

/// Takes records out of the queue.
#[derive(Debug)]
pub(crate) struct Inbox {
    receiver: Receiver<Job>,
    room: Room,
}

/// What the queue held.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Work for one transaction: batches in the order they came, then a rollup if asked for.
    Work { batches: Vec<Batch>, rollup: bool },
    /// Nothing came in time.
    Nothing,
    /// All senders are gone and nothing is left.
    Closed,
}

impl Inbox {
    pub(super) fn new(receiver: Receiver<Job>, room: Room) -> Inbox {
        Inbox { receiver, room }
    }

    /// Tells the sources that they may begin.
    pub(crate) fn open(&self) {
        self.room.set(Stage::Open);
    }

    /// Waits at most `wait` for something to do, then takes what is there for one transaction.
    pub(crate) fn take(&self, wait: Duration) -> Taken {
        let mut next = match self.receiver.recv_timeout(wait) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => return Taken::Nothing,
            Err(RecvTimeoutError::Disconnected) => return Taken::Closed,
        };
        let (mut batches, mut rollup, mut records) = (Vec::new(), false, 0);
        while let Some(job) = next {
            match job {
                Job::Rollup => rollup = true,
                Job::Write(batch) => {
                    records += batch.records.len();
                    batches.push(batch);
                }
            }
            next = if records < TRANSACTION { self.receiver.try_recv().ok() } else { None };
        }
        Taken::Work { batches, rollup }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.room.set(Stage::Closed);
    }
}
