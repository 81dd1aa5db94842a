//! The writer's end of the queue.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{
    batch::{Batch, Forget, Job},
    room::Room,
};

/// Records of one transaction: more bring little, and a longer one makes everybody wait longer.
const TRANSACTION: usize = 1024;

/// Takes records out of the queue.
#[derive(Debug)]
pub(crate) struct Inbox {
    receiver: Receiver<Job>,
    room: Room,
    /// No more will come.
    closing: bool,
}

/// What the queue held.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Work for one transaction, and what was asked for beside it.
    Work(Work),
    /// Nothing came in time.
    Nothing,
    /// Nothing is left, and no more will come.
    Closed,
}

/// What is to be done, in this order.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// In the order they came.
    pub(crate) batches: Vec<Batch>,
    /// Whether to sum up.
    pub(crate) rollup: bool,
    /// What to delete.
    pub(crate) forget: Vec<Forget>,
}

impl Inbox {
    pub(super) fn new(receiver: Receiver<Job>, room: Room) -> Inbox {
        Inbox { receiver, room, closing: false }
    }

    /// Waits at most `wait` for something to do, then takes what is there for one transaction.
    pub(crate) fn take(&mut self, wait: Duration) -> Taken {
        let wait = if self.closing { Duration::ZERO } else { wait };
        let mut next = match self.receiver.recv_timeout(wait) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) if self.closing => return Taken::Closed,
            Err(RecvTimeoutError::Timeout) => return Taken::Nothing,
            Err(RecvTimeoutError::Disconnected) => return Taken::Closed,
        };
        let (mut work, mut records) = (Work::default(), 0);
        while let Some(job) = next {
            match job {
                Job::Rollup => work.rollup = true,
                Job::Forget(forget) => work.forget.push(forget),
                Job::Close => self.closing = true,
                Job::Write(batch) => {
                    records += batch.records.len();
                    work.batches.push(batch);
                }
            }
            next = if records < TRANSACTION { self.receiver.try_recv().ok() } else { None };
        }
        Taken::Work(work)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.room.close();
    }
}
