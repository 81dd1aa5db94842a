//! What work may say of one attempt: that it is done, or that it is to be tried later.

use std::fmt;
use std::time::Duration;

use crate::task::payload::Adoptable;

/// Try this again later: something that it needs is not there yet. No failure, but a value that work returns,
/// in an item's [`Attempt`] or out of periodic work.
///
/// It is an error type as well, so that a function deep down can say it and `?` carries it up; work that
/// returns it as its error, also through `anyhow`'s contexts, is tried later and has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLater {
    delay: Duration,
}

impl TryLater {
    /// Again as soon as it is its turn.
    #[must_use]
    pub fn now() -> Self {
        TryLater { delay: Duration::ZERO }
    }

    /// Again after so long a time, at the earliest. `Duration::MAX` waits for the stop.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        TryLater { delay }
    }

    /// How long it waits.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// What an error says of it, if it is this.
    pub(crate) fn of(error: &anyhow::Error) -> Option<Self> {
        error.downcast_ref().copied()
    }
}

impl fmt::Display for TryLater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it is to be tried again in {:?}, which only queues and periodic work do",
            self.delay
        )
    }
}

impl std::error::Error for TryLater {}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<T> {
    /// It is done, and this came of it.
    Done(T),
    /// It is to be tried later.
    Later(TryLater),
}

impl<T> Attempt<T> {
    /// To be tried again after so long a time: see [`TryLater::after`].
    #[must_use]
    pub fn later(delay: Duration) -> Self {
        Attempt::Later(TryLater::after(delay))
    }
}

impl<T> From<TryLater> for Attempt<T> {
    fn from(later: TryLater) -> Self {
        Attempt::Later(later)
    }
}

impl Adoptable for Attempt<()> {
    fn settle(self) -> Result<(), anyhow::Error> {
        match self {
            Attempt::Done(()) => Ok(()),
            Attempt::Later(later) => Err(later.into()),
        }
    }
}

/// What a queue's work may return: nothing, an [`Attempt`], or a `Result` of these with any error that
/// converts into `anyhow::Error`. A value for the handle goes into [`Attempt::Done`].
#[diagnostic::on_unimplemented(
    message = "a queue's work cannot return `{Self}`",
    label = "the work of this queue",
    note = "a value goes into `Attempt::Done(value)`, alone or as `Ok(Attempt::Done(value))`; work without a value returns `()` or `Ok(())`",
    note = "an error may be anything that converts into `anyhow::Error`, that is `Error + Send + Sync + 'static`"
)]
pub trait Attempted: 'static {
    /// What the handle gets.
    type Value: 'static;

    /// How the attempt ended.
    ///
    /// # Errors
    ///
    /// The error in which the work ended.
    fn attempted(self) -> Result<Attempt<Self::Value>, anyhow::Error>;
}

impl Attempted for () {
    type Value = ();

    fn attempted(self) -> Result<Attempt<()>, anyhow::Error> {
        Ok(Attempt::Done(()))
    }
}

impl<T: 'static> Attempted for Attempt<T> {
    type Value = T;

    fn attempted(self) -> Result<Self, anyhow::Error> {
        Ok(self)
    }
}

impl<A: Attempted, E: Into<anyhow::Error> + 'static> Attempted for Result<A, E> {
    type Value = A::Value;

    fn attempted(self) -> Result<Attempt<A::Value>, anyhow::Error> {
        let error = match self {
            Ok(attempt) => return attempt.attempted(),
            Err(error) => error.into(),
        };
        TryLater::of(&error).map(Attempt::Later).ok_or(error)
    }
}
