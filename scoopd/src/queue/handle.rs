//! The sources' end of the queue.

use std::{
    error, fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crossbeam_channel::{Sender, TrySendError};

use super::{
    batch::{Batch, Job},
    receipt::{Receipt, Ticket, receipt},
    room::{Room, Stage},
};
use crate::{counters::Counters, statsd::Record};

/// Sends records to the writer; the writer ends when the last clone is gone.
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

    /// Waits until the writer takes what is pushed. A source begins with it: what it takes in before
    /// might never be taken out, if a stop comes before the writer has begun. False if the writer has
    /// ended.
    pub(crate) async fn opened(&self) -> bool {
        loop {
            let changed = self.room.changed();
            match self.room.stage() {
                Stage::New => changed.await,
                Stage::Open => return true,
                Stage::Closed => return false,
            }
        }
    }

    /// Asks for a rollup. A full queue skips it: the next one sums up more.
    pub(crate) fn ask_rollup(&self) {
        let _ = self.sender.try_send(Job::Rollup);
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
        if self.room.stage() == Stage::Closed {
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
        Job::Rollup => Vec::new(),
    }
}

/// Milliseconds since 1970; 0 with a clock before that.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
