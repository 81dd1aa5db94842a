//! The bounded queue between the sources, on their lanes, and the writer on its thread.
//!
//! It is bounded in records, not in messages: one HTTP body is one message of any number of them. And what comes out
//! is as much as fits one transaction, which is why this is not the core's `Queue`: that hands its workers one item at
//! a time, and gives each item an outcome and a place of its own.

mod batch;
mod handle;
mod inbox;
mod receipt;
mod room;

pub(crate) use batch::{Batch, Forgotten};
pub(crate) use handle::QueueHandle;
pub(crate) use inbox::{Inbox, Taken, Work};
pub(crate) use receipt::Receipt;

use std::sync::Arc;

use crate::counters::Counters;

/// Makes a queue that is full once it holds `limit` records.
pub(crate) fn queue(limit: usize, counters: Arc<Counters>) -> (QueueHandle, Inbox) {
    // Every batch holds a record at least, so the channel has room whenever the records have.
    let (sender, receiver) = crossbeam_channel::bounded(limit);
    let room = room::Room::new();
    (QueueHandle::new(sender, room.clone(), limit, counters), Inbox::new(receiver, room))
}

#[cfg(test)]
mod tests;
