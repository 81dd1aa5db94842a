//! Why an item has no result. Where it was not done, it comes back.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::error::Reason;
use crate::failure::Cause;
use crate::queue::item::ItemLabel;
use crate::sync::Mutex;
use crate::wait::Ring;

/// An item without a result: which one, why, and, unless a worker still has it, the item itself.
pub struct ItemError<I>(Box<Told<I>>);

/// What an error tells. Boxed, so that results are small.
struct Told<I> {
    label: Option<ItemLabel>,
    attempts: u32,
    reason: ItemReason,
    /// In a lock that nobody takes, as in [`Refused`](crate::Refused).
    item: Mutex<Option<I>>,
}

/// Why an item has no result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ItemReason {
    /// The work returned an error or panicked.
    Failed(Cause),
    /// The work wanted to try it later, as often as the queue allows.
    TooOften,
    /// The queue was stopped before the item's turn came, or before its next attempt.
    NotDone,
    /// The queue was stopped while the item was being worked on, and the work ended in the middle: it was
    /// dropped at an await point, or ended in [`Stopping`](crate::Stopping).
    Interrupted,
    /// Its worker did not end in time when the queue was stopped, and was given up; its thread may still be
    /// busy with the item.
    Abandoned,
    /// It was not done within the limit that the call had.
    TimedOut(Duration),
    /// It was not taken.
    Refused(Reason),
    /// Waiting here would never end. The item goes on, and its outcome is lost to this handle.
    WouldDeadlock(Box<Ring>),
    /// The handle has given its result already.
    Taken,
}

impl<I> ItemError<I> {
    pub(super) fn new(
        label: ItemLabel,
        attempts: u32,
        reason: ItemReason,
        item: Option<I>,
    ) -> Self {
        ItemError(Box::new(Told { label: Some(label), attempts, reason, item: Mutex::new(item) }))
    }

    /// Of an item that has no number, since it never got in.
    pub(super) fn outside(reason: ItemReason, item: I) -> Self {
        let item = Mutex::new(Some(item));
        ItemError(Box::new(Told { label: None, attempts: 0, reason, item }))
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &ItemReason {
        &self.0.reason
    }

    /// How often it was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Where it was submitted, if it was taken.
    #[must_use]
    pub fn submitted_at(&self) -> Option<&'static Location<'static>> {
        self.0.label.as_ref().map(|label| label.at)
    }

    /// What the work failed with, if that is why.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match &self.0.reason {
            ItemReason::Failed(cause) => Some(cause),
            _ => None,
        }
    }

    /// Whether it was not done because the queue was stopped or closed.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        match &self.0.reason {
            ItemReason::NotDone | ItemReason::Interrupted | ItemReason::Abandoned => true,
            ItemReason::Refused(reason) => reason.is_stopping(),
            _ => false,
        }
    }

    /// Whether it was not done within the limit that the call had.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.0.reason, ItemReason::TimedOut(_))
    }

    /// The item, unless a worker still has it.
    #[must_use]
    pub fn into_item(self) -> Option<I> {
        self.0.item.into_inner()
    }

    /// Whether it is the fault of the work, and not of a stop or of the one who waits.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self.0.reason, ItemReason::Failed(_) | ItemReason::TooOften)
    }
}

impl fmt::Display for ItemReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemReason::Failed(cause) => write!(f, "failed: {cause}"),
            ItemReason::TooOften => f.write_str(
                "was not done in as many attempts as the queue allows (`QueueBuilder::attempts`)",
            ),
            ItemReason::NotDone => f.write_str("was not done before the queue stopped"),
            ItemReason::Interrupted => {
                f.write_str("was being worked on when the queue stopped, and is not done")
            }
            ItemReason::Abandoned => f.write_str(
                "was being worked on when the queue stopped, and its worker did not end in time; its thread may still be busy",
            ),
            ItemReason::TimedOut(limit) => write!(f, "was not done within the limit of {limit:?}"),
            ItemReason::Refused(reason) => write!(f, "was not taken: {reason}"),
            ItemReason::WouldDeadlock(ring) => {
                write!(f, "cannot be waited for here, it would never end: {ring}")
            }
            ItemReason::Taken => f.write_str("has given its result to this handle already"),
        }
    }
}

impl<I> fmt::Display for ItemError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.label {
            Some(label) => write!(f, "{label} ")?,
            None => f.write_str("an item ")?,
        }
        self.0.reason.fmt(f)?;
        if self.0.attempts > 1 {
            write!(f, " (after {} attempts)", self.0.attempts)?;
        }
        Ok(())
    }
}

impl<I> fmt::Debug for ItemError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemError({self})")
    }
}

impl<I> Error for ItemError<I> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` tells the whole cause already; the chain goes on below it.
        self.cause().and_then(Cause::as_error).and_then(Error::source)
    }
}
