//! What goes through the queue.

use tokio::sync::oneshot; // Tied to no runtime.

use super::{receipt::Ticket, room::Reserved};
use crate::statsd::Record;

/// One message to the writer.
#[derive(Debug)]
pub(crate) enum Job {
    /// Records to be written.
    Write(Batch),
    /// Sum up what came since the last rollup.
    Rollup,
    /// Delete what is old.
    Forget(Forget),
    /// The last one: end when nothing is left.
    Close,
}

/// Asks for some of what is old to be deleted.
#[derive(Debug)]
pub(crate) struct Forget {
    pub(super) before: i64,
    pub(super) told: oneshot::Sender<Forgotten>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forgotten {
    /// How many records were deleted.
    pub(crate) records: usize,
    /// There may be more.
    pub(crate) more: bool,
}

impl Forget {
    /// What came before this time is old, in milliseconds since 1970.
    pub(crate) fn before(&self) -> i64 {
        self.before
    }

    /// Tells who has asked. Whether they still listen does not matter: it is done.
    pub(crate) fn done(self, forgotten: Forgotten) {
        let _ = self.told.send(forgotten);
    }
}

/// Records that came together; they are written in one transaction or not at all.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(super) at: i64,
    pub(super) records: Vec<Record>,
    pub(super) ticket: Option<Ticket>,
    pub(super) room: Reserved,
}

impl Batch {
    /// When they came, in milliseconds since 1970.
    pub(crate) fn at(&self) -> i64 {
        self.at
    }

    /// The records, never none.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Claims the batch for the database, at the moment it is written. False if its sender has
    /// taken it back: then it must not be written. The answer stays the same from now on.
    pub(crate) fn claim(&self) -> bool {
        self.ticket.as_ref().is_none_or(Ticket::claim)
    }

    /// Gives back the room of the records, which are committed, and tells the sender, if it waits.
    /// A batch that is dropped instead tells its sender that it was not stored.
    pub(crate) fn commit(self) {
        drop(self.room);
        if let Some(ticket) = self.ticket {
            ticket.commit();
        }
    }
}
