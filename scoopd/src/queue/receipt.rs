//! The answer to one batch: committed or not, and the right to take it back before it is touched.
//!
//! ```text
//! Waiting ──claimed by the writer──▶ Taken ──▶ committed, or the ticket is dropped
//!    └──────withdrawn by the sender──▶ Withdrawn
//! ```

use std::{
    error, fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
};

use tokio::sync::oneshot; // Tied to no runtime: the writer answers from its own thread.

use crate::counters::Counters;

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// The sender's half: waits for the commit.
#[derive(Debug)]
#[must_use = "without it nobody learns whether the batch was stored"]
pub(crate) struct Receipt {
    stage: Arc<AtomicU8>,
    committed: oneshot::Receiver<()>,
    records: usize,
    counters: Arc<Counters>,
}

/// The writer's half.
#[derive(Debug)]
pub(super) struct Ticket {
    stage: Arc<AtomicU8>,
    committed: oneshot::Sender<()>,
}

/// The writer has ended, or could not write the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotStored;

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database did not take it")
    }
}

impl error::Error for NotStored {}

/// Both halves for a batch of so many `records`, which count as accepted already.
pub(super) fn receipt(records: usize, counters: Arc<Counters>) -> (Ticket, Receipt) {
    let (sender, receiver) = oneshot::channel();
    let stage = Arc::new(AtomicU8::new(WAITING));
    let ticket = Ticket { stage: stage.clone(), committed: sender };
    (ticket, Receipt { stage, committed: receiver, records, counters })
}

impl Receipt {
    /// Resolves when the batch is committed, or cannot be any more.
    ///
    /// # Errors
    ///
    /// [`NotStored`]. Its records do not count as accepted any more: their sender is told.
    ///
    /// # Cancellation
    ///
    /// May be called again. Dropping the receipt withdraws nothing: the batch is written.
    pub(crate) async fn committed(&mut self) -> Result<(), NotStored> {
        (&mut self.committed).await.map_err(|_| {
            self.counters.take_back(self.records);
            NotStored
        })
    }

    /// Takes the batch back; its records do not count as accepted any more. False if the writer was
    /// first: then it may well be stored.
    pub(crate) fn withdraw(&self) -> bool {
        let first = self.stage.compare_exchange(WAITING, WITHDRAWN, SeqCst, SeqCst).is_ok();
        if first {
            self.counters.take_back(self.records);
        }
        first
    }
}

impl Ticket {
    /// Claims the batch for the writer. False if its sender has taken it back.
    pub(super) fn claim(&self) -> bool {
        match self.stage.compare_exchange(WAITING, TAKEN, SeqCst, SeqCst) {
            Ok(_) => true,
            Err(stage) => stage == TAKEN, // Claimed already, by an attempt that failed.
        }
    }

    /// Tells the sender. Whether it still listens does not matter: the batch is stored.
    pub(super) fn commit(self) {
        let _ = self.committed.send(());
    }
}
