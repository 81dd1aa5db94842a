//! The items of a queue that wait, and its counters: plain data behind the queue's lock.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::queue::counters::QueueCounters;
use crate::queue::entry::{Due, Entry, Spot, Turn};
use crate::queue::item::Item;
use crate::time::Deadline;

/// See the module.
pub(super) struct State<I, V> {
    waiting: BTreeMap<Turn, Held<I, V>>,
    delayed: BTreeMap<Key, Held<I, V>>,
    next: u64,
    /// Nothing new is taken.
    pub(super) closed: bool,
    /// A worker has seen that a stop is asked.
    pub(super) stopping: bool,
    /// Workers that have not ended.
    pub(super) workers: usize,
    pub(super) counters: QueueCounters,
    /// Items that were not done, and that nobody holds a handle of.
    pub(super) left: Vec<I>,
}

/// An item with what its handle knows of it.
pub(super) type Held<I, V> = (Arc<Entry<I, V>>, Item<I>);

/// `Due` in the order in which they are due: what is due never comes last.
type Key = (bool, Due);

fn key(due: Due) -> Key {
    (due.0.is_none(), due)
}

impl<I, V> State<I, V> {
    pub(super) fn new(workers: usize) -> Self {
        State {
            waiting: BTreeMap::new(),
            delayed: BTreeMap::new(),
            next: 0,
            closed: false,
            stopping: false,
            workers,
            counters: QueueCounters::default(),
            left: Vec::new(),
        }
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Puts an item at the end of those of its rank.
    pub(super) fn append(&mut self, (entry, item): Held<I, V>) {
        let turn = (Reverse(item.rank), self.next());
        entry.put(Spot::Waiting(turn));
        self.waiting.insert(turn, (entry, item));
    }

    /// Puts an item aside until it may be tried again.
    pub(super) fn delay(&mut self, (entry, item): Held<I, V>, until: Deadline) {
        let due = (until.instant(), self.next());
        entry.put(Spot::Delayed(due));
        self.delayed.insert(key(due), (entry, item));
    }

    /// Puts those whose time has come at the end.
    pub(super) fn wake_delayed(&mut self, now: Instant) {
        while let Some(first) = self.delayed.first_entry()
            && first.key().1.0.is_some_and(|due| due <= now)
        {
            let held = first.remove();
            self.append(held);
        }
    }

    /// When the next delayed one may be tried.
    pub(super) fn next_due(&self) -> Deadline {
        match self.delayed.first_key_value() {
            Some(((_, (Some(due), _)), _)) => Deadline::from(*due, std::time::Duration::ZERO),
            Some(_) | None => Deadline::never(),
        }
    }

    /// The item whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Held<I, V>> {
        self.waiting.pop_first().map(|(_, held)| held)
    }

    /// Takes the item of this entry out, if it is here.
    pub(super) fn take(&mut self, entry: &Entry<I, V>) -> Option<Held<I, V>> {
        match entry.inner.lock().spot {
            Spot::Waiting(turn) => self.waiting.remove(&turn),
            Spot::Delayed(due) => self.delayed.remove(&key(due)),
            Spot::Running(_) | Spot::Over => None,
        }
    }

    /// Takes out those that wait for another attempt.
    pub(super) fn take_delayed(&mut self) -> Vec<Held<I, V>> {
        std::mem::take(&mut self.delayed).into_values().collect()
    }

    /// Takes out those that wait for their turn.
    pub(super) fn take_waiting(&mut self) -> Vec<Held<I, V>> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.delayed.is_empty()
    }

    /// Nobody works, and nothing is to be worked on.
    pub(super) fn is_idle(&self) -> bool {
        self.is_empty() && self.counters.running == 0
    }

    /// The counters as they are now.
    pub(super) fn counted(&self) -> QueueCounters {
        QueueCounters { waiting: self.waiting.len(), delayed: self.delayed.len(), ..self.counters }
    }
}
