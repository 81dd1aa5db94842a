//! Taking a member's result by its name: one wait for futures and threads, and what may be wrong.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::failure::Failure;
use crate::group::join::{Join, JoinGroupError};
use crate::group::kept::Found;
use crate::group::names;
use crate::group::node::GroupCore;
use crate::task::state::TaskState;
use crate::wait::ring::Ring;

/// A wait for the result of a forked member. Await it on any executor, or let a plain thread wait with
/// [`blocking`](ResultOf::blocking).
///
/// # Errors
///
/// [`ResultError`], which says at once what is known at once: an unknown name, a wrong type.
///
/// # Cancellation
///
/// Dropping the wait loses nothing: the result is taken when the wait gives it, and not before. Of several
/// who wait one gets it. If the group stops meanwhile, the wait ends with the member.
#[must_use = "a wait does nothing unless awaited"]
pub struct ResultOf<'a, T> {
    join: Join<'a, Result<T, ResultError>>,
}

impl<'a, T: Send + 'static> ResultOf<'a, T> {
    pub(crate) fn new(group: &'a GroupCore, name: &str) -> Self {
        let name: Arc<str> = name.into();
        let of_take = Arc::clone(&name);
        let take = move |group: &GroupCore| match group.take_result(&of_take) {
            Err(ResultError::Running { .. }) => None,
            known => Some(known),
        };
        ResultOf { join: Join::member(group, name, Box::new(take)) }
    }

    /// Waits for `limit` at most, on the timer of the calling lane.
    ///
    /// # Errors
    ///
    /// As for the wait, and [`ResultError::Wait`] with nothing taken, if the limit is over first; off the
    /// lanes nothing keeps the time: use [`blocking_timeout`](ResultOf::blocking_timeout) there.
    pub async fn timeout(self, limit: Duration) -> Result<T, ResultError> {
        flat(self.join.timeout(limit).await)
    }

    /// The twin for plain threads: blocks the calling thread.
    ///
    /// # Errors
    ///
    /// As for the wait.
    pub fn blocking(self) -> Result<T, ResultError> {
        flat(self.join.blocking())
    }

    /// As [`blocking`](ResultOf::blocking), for `limit` at most.
    ///
    /// # Errors
    ///
    /// As for the wait, and [`ResultError::Wait`] with nothing taken, if the limit is over first.
    pub fn blocking_timeout(self, limit: Duration) -> Result<T, ResultError> {
        flat(self.join.blocking_timeout(limit))
    }
}

impl<T: Send + 'static> Future for ResultOf<'_, T> {
    type Output = Result<T, ResultError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.join).poll(cx).map(flat)
    }
}

impl<T> fmt::Debug for ResultOf<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultOf").field("join", &self.join).finish_non_exhaustive()
    }
}

fn flat<T>(waited: Result<Result<T, ResultError>, JoinGroupError>) -> Result<T, ResultError> {
    waited.map_err(ResultError::Wait)?
}

impl GroupCore {
    /// Takes a member's result, or says why there is none.
    pub(crate) fn take_result<T: Send + 'static>(&self, name: &str) -> Result<T, ResultError> {
        let found = self.account.lock().results.take::<T>(name);
        let name: Arc<str> = format!("{}/{name}", self.path).into();
        Err(match found {
            Found::Value(value) => return Ok(value),
            Found::Running => ResultError::Running { name },
            Found::Other(found) => ResultError::WrongType { name, wanted: type_name::<T>(), found },
            Found::None(_, Some(failure)) => ResultError::Failed(Box::new(failure)),
            Found::None(TaskState::Abandoned, None) => ResultError::Abandoned { name },
            Found::None(..) => ResultError::Stopped { name },
            Found::Unknown => self.unknown(name),
        })
    }

    #[cold]
    fn unknown(&self, path: Arc<str>) -> ResultError {
        let name = path.strip_prefix(&*self.path).map_or("", |rest| rest.trim_start_matches('/'));
        if self.root.names().get(&path).is_some() {
            return ResultError::NotForked { name: path };
        }
        let kept: Vec<_> = self.account.lock().results.names().collect();
        let nearest = names::nearest(name, kept.into_iter());
        ResultError::Unknown { name: path, nearest }
    }
}

/// Why a group gives no result of this name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResultError {
    /// The group has no result of this name, and none to come: it was never forked, or its result was taken.
    Unknown {
        /// The path that was asked for.
        name: Arc<str>,
        /// The most alike of the names that there are.
        nearest: Option<Arc<str>>,
    },
    /// The member lives, but leaves no result: it was not forked.
    NotForked {
        /// Its path.
        name: Arc<str>,
    },
    /// The result has another type. It stays where it is.
    WrongType {
        /// The member's path.
        name: Arc<str>,
        /// The type that was asked for.
        wanted: &'static str,
        /// The type that the member gives.
        found: &'static str,
    },
    /// The member has not ended.
    Running {
        /// Its path.
        name: Arc<str>,
    },
    /// The member was stopped before it gave a result: dropped at an await point, or never begun.
    Stopped {
        /// Its path.
        name: Arc<str>,
    },
    /// The member did not end in time and was given up.
    Abandoned {
        /// Its path.
        name: Arc<str>,
    },
    /// The member panicked. The group was told of that, too.
    Failed(Box<Failure>),
    /// The wait ended before the member did.
    Wait(JoinGroupError),
}

impl ResultError {
    /// The ring, if the wait could never end.
    #[must_use]
    pub fn as_ring(&self) -> Option<&Ring> {
        match self {
            ResultError::Wait(JoinGroupError::WouldDeadlock(ring)) => Some(ring),
            _ => None,
        }
    }

    /// The member's failure, if that is why there is no result.
    #[must_use]
    pub fn as_failure(&self) -> Option<&Failure> {
        match self {
            ResultError::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl fmt::Display for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultError::Unknown { name, nearest } => {
                write!(
                    f,
                    "there is no result of `{name}`: it was never forked, or its result was taken"
                )?;
                match nearest {
                    Some(nearest) => write!(f, "; there is one of `{nearest}`"),
                    None => Ok(()),
                }
            }
            ResultError::NotForked { name } => write!(
                f,
                "`{name}` leaves no result: start it with `fork`, or keep the handle that `spawn` gives"
            ),
            ResultError::WrongType { name, wanted, found } => {
                write!(f, "the result of `{name}` is a `{found}`, not a `{wanted}`")
            }
            ResultError::Running { name } => write!(f, "`{name}` has not ended"),
            ResultError::Stopped { name } => {
                write!(f, "`{name}` was stopped before it gave a result")
            }
            ResultError::Abandoned { name } => {
                write!(f, "`{name}` did not end in time and was given up")
            }
            ResultError::Failed(failure) => failure.fmt(f),
            ResultError::Wait(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ResultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // `Display` tells the whole failure already; the chain goes on below it.
        match self {
            ResultError::Failed(failure) => failure.source(),
            _ => None,
        }
    }
}
