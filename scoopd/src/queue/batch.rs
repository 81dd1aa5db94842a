//! What goes through the queue.

use super::{receipt::Ticket, room::Reserved};
use crate::statsd::Record;

/// One message to the writer.
#[derive(Debug)]
pub(crate) enum Job {
    /// Records to be written.
    Write(Batch),
    /// Sum up what came since the last rollup.
    Rollup,
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
