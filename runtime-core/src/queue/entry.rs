//! What an item's handle and its queue share: where the item is, and its outcome.

use std::sync::Arc;
use std::time::Instant;

use event_listener::Event as Bell;

use crate::queue::error::{ItemError, ItemReason};
use crate::queue::item::ItemLabel;
use crate::sync::Mutex;
use crate::task::contract::AnyTask;
use crate::unwind;

/// What comes of an item.
pub(super) type Outcome<I, V> = Result<V, ItemError<I>>;

/// See the module. Its lock is taken inside that of the queue's state, never around it.
pub(super) struct Entry<I, V> {
    pub(super) label: ItemLabel,
    pub(super) inner: Mutex<Inner<I, V>>,
    /// It is over.
    pub(super) bell: Bell,
}

pub(super) struct Inner<I, V> {
    pub(super) spot: Spot,
    pub(super) attempts: u32,
    pub(super) outcome: Option<Outcome<I, V>>,
    /// Somebody holds the handle.
    pub(super) held: bool,
    /// A failure that nobody reads is told in the log and has no consequence.
    pub(super) unwanted: bool,
}

/// Where an item is.
pub(super) enum Spot {
    Waiting(Turn),
    Delayed(Due),
    /// The worker has it.
    Running(Option<Arc<dyn AnyTask>>),
    /// It has its outcome, or the handle has it already.
    Over,
}

/// When the turn of an item comes: by rank, then in the order of arrival.
pub(super) type Turn = (std::cmp::Reverse<i64>, u64);

/// When a delayed item may be tried again; `None` is never. Of two at the same time the first comes first.
pub(super) type Due = (Option<Instant>, u64);

impl<I, V> Entry<I, V> {
    pub(super) fn new(label: ItemLabel, held: bool) -> Self {
        let inner = Inner { spot: Spot::Over, attempts: 0, outcome: None, held, unwanted: false };
        Entry { label, inner: Mutex::new(inner), bell: Bell::new() }
    }

    pub(super) fn put(&self, spot: Spot) {
        let before = std::mem::replace(&mut self.inner.lock().spot, spot);
        drop(before);
    }

    pub(super) fn error(&self, reason: ItemReason, item: Option<I>) -> ItemError<I> {
        let attempts = self.inner.lock().attempts;
        ItemError::new(self.label.clone(), attempts, reason, item)
    }

    /// It is over, and not for the queue any more. `false`: it was so already.
    pub(super) fn close(&self) -> bool {
        let mut inner = self.inner.lock();
        let before = std::mem::replace(&mut inner.spot, Spot::Over);
        drop(inner);
        !matches!(before, Spot::Over)
    }

    /// Gives the outcome to the handle, or back, with whether it is wanted, if nobody holds that.
    pub(super) fn tell(&self, outcome: Outcome<I, V>) -> Option<(Outcome<I, V>, bool)> {
        {
            let mut inner = self.inner.lock();
            if !inner.held {
                return Some((outcome, !inner.unwanted));
            }
            inner.outcome = Some(outcome);
        }
        // Their executors may be anybody's: a panic of a waker ends nothing.
        let _ = unwind::guard(|| self.bell.notify(usize::MAX));
        None
    }
}
