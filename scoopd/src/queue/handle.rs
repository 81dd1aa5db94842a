//! The sources' end of the queue.

use std::{
    error, fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crossbeam_channel::{Sender, TrySendError};
use tokio::sync::oneshot;

use super::{
    batch::{Batch, Forget, Forgotten, Job},
    receipt::{Receipt, Ticket, receipt},
    room::Room,
};
use crate::{counters::Counters, statsd::Record};

/// Sends records to the writer, which ends when it is told so, or when the last clone is gone.
#[derive(Clone, Debug)]
pub(crate) struct QueueHandle {
    sender: Sender<Job>,
    room: Room,
    limit: usize,
    counters: Arc<Counters>,
}

/// Part of the queue that may be filled by those that wait for room instead of being refused. The
/// rest is left to those that wait for an answer: a flood of the one neither shuts out the other
/// nor keeps it waiting behind a whole queue.
const SHARE: usize = 32;

/// Why the queue did not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It holds as many records as it may.
    Full,
    /// The writer has ended.
    Closed,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Full => write!(f, "the database cannot keep up"),
            Refused::Closed => write!(f, "the writer has ended"),
        }
    }
}

impl error::Error for Refused {}

impl QueueHandle {
    pub(super) fn new(
        sender: Sender<Job>,
        room: Room,
        limit: usize,
        counters: Arc<Counters>,
    ) -> QueueHandle {
        QueueHandle { sender, room, limit, counters }
    }

    /// Hands over what somebody waits for, one record at least. On success the records count as accepted.
    ///
    /// # Errors
    ///
    /// At once if there is no room or no writer.
    pub(crate) fn try_push(&self, records: Vec<Record>) -> Result<Receipt, Refused> {
        let n = records.len();
        self.counters.accept(n);
        let (ticket, receipt) = receipt(n, self.counters.clone());
        match self.send(records, Some(ticket), self.limit) {
            Ok(()) => Ok(receipt),
            Err((refused, _)) => {
                self.counters.take_back(n);
                Err(refused)
            }
        }
    }

    /// Hands over what cannot be refused any more, waiting for room. The records count as accepted
    /// from the moment of the call, so that those that do not come through show as lost.
    ///
    /// # Errors
    ///
    /// Only if the writer has ended.
    ///
    /// # Cancellation
    ///
    /// The records are lost, and counted so.
    pub(crate) async fn push(&self, mut records: Vec<Record>) -> Result<(), Refused> {
        self.counters.accept(records.len());
        loop {
            let changed = self.room.changed();
            match self.send(records, None, self.limit.div_ceil(SHARE)) {
                Ok(()) => return Ok(()),
                Err((Refused::Full, back)) => records = back,
                Err((Refused::Closed, _)) => return Err(Refused::Closed),
            }
            changed.await;
        }
    }

    /// Asks for a rollup. A full queue skips it: the next one sums up more.
    pub(crate) fn ask_rollup(&self) {
        let _ = self.sender.try_send(Job::Rollup);
    }

    /// Asks for some of what came before a time to be deleted, in milliseconds since 1970. What is given
    /// resolves when that is done, or to an error if the writer has ended.
    ///
    /// # Errors
    ///
    /// At once if there is no room or no writer.
    pub(crate) fn ask_forget(&self, before: i64) -> Result<oneshot::Receiver<Forgotten>, Refused> {
        let (told, forgotten) = oneshot::channel();
        let sent = self.sender.try_send(Job::Forget(Forget { before, told }));
        sent.map(|()| forgotten).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Disconnected(_) => Refused::Closed,
        })
    }

    /// Tells the writer that no more will come: it ends when the queue is empty. Blocks while that is full.
    pub(crate) fn close(&self) {
        let _ = self.sender.send(Job::Close); // No writer: closed already.
    }

    /// Records that are not yet committed.
    pub(crate) fn held(&self) -> usize {
        self.room.held()
    }

    fn send(
        &self,
        records: Vec<Record>,
        ticket: Option<Ticket>,
        limit: usize,
    ) -> Result<(), NotSent> {
        if records.is_empty() {
            return Ok(());
        }
        if self.room.is_closed() {
            return Err((Refused::Closed, records));
        }
        let Some(reserved) = self.room.reserve(records.len(), limit) else {
            return Err((Refused::Full, records));
        };
        let batch = Batch { at: now(), records, ticket, room: reserved };
        self.sender.try_send(Job::Write(batch)).map_err(|error| match error {
            TrySendError::Full(job) => (Refused::Full, records_of(job)),
            TrySendError::Disconnected(job) => (Refused::Closed, records_of(job)),
        })
    }
}

/// The records come back, to be sent again.
type NotSent = (Refused, Vec<Record>);

fn records_of(job: Job) -> Vec<Record> {
    match job {
        Job::Write(batch) => batch.records,
        Job::Rollup | Job::Forget(_) | Job::Close => Vec::new(),
    }
}

/// Milliseconds since 1970; 0 with a clock before that.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
