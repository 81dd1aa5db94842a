//! An item of a queue, as its work sees it.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::queue::unique::Claim;

/// One item of a queue, as its work gets it: dereferences to what was submitted, and knows how often it was
/// tried.
///
/// The work borrows it, so that it can be tried again, or handed back if it is not done.
pub struct Item<I> {
    pub(super) value: I,
    pub(super) label: ItemLabel,
    /// The higher the sooner.
    pub(super) rank: i64,
    pub(super) submitted: Instant,
    pub(super) attempt: u32,
    /// When its first attempt began.
    pub(super) began: Option<Instant>,
    /// Its key, until it is over.
    pub(super) claim: Option<Claim>,
}

impl<I> Item<I> {
    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The item's number in its queue, from 1, in the order in which the items came.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.label.number
    }

    /// How long ago the first attempt began: with the times between the attempts.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.map(|began| began.elapsed()).unwrap_or_default()
    }

    /// How long ago it was submitted.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.submitted.elapsed()
    }
}

impl<I> Deref for Item<I> {
    type Target = I;

    fn deref(&self) -> &I {
        &self.value
    }
}

impl<I: fmt::Debug> fmt::Debug for Item<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("number", &self.label.number)
            .field("attempt", &self.attempt)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Which item, for people.
#[derive(Clone)]
pub(super) struct ItemLabel {
    pub(super) queue: Arc<str>,
    pub(super) number: u64,
    pub(super) at: &'static Location<'static>,
}

impl fmt::Display for ItemLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of the queue `{}` from {}", self.number, self.queue, self.at)
    }
}
