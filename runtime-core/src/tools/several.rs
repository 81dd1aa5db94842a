//! Waits for several tasks, until enough of them have ended.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::time::Deadline;
use crate::tools::handles::{Handles, Lent};
use crate::tools::timeout::Alarm;
use crate::tools::watch::{Until, Watch};
use crate::wait::ring::Ring;

/// Waits for the first of the tasks to end, and says which: the place of its handle, which gives the outcome
/// at once. If several have ended already it is the one that comes first in `handles`.
///
/// Nobody is stopped and no outcome is taken; the others go on, and all handles can be used afterwards, to
/// select again, say. To have the others stopped, see [`Handle::race`](crate::Handle::race).
///
/// # Errors
///
/// [`WaitError::Empty`] for no handles, since the wait would never end; [`WaitError::WouldDeadlock`] if none
/// but the calling task itself is waited for.
///
/// # Cancellation
///
/// As that of [`wait`].
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use spumoni_core::{ServiceRunner, select};
///
/// let runner = ServiceRunner::new();
/// let mut slow = runner.spawn(Plain, async || std::future::pending::<String>().await)?;
/// let mut quick = runner.spawn(Plain, async || 7)?;
/// let place = async_io::block_on(select((&mut slow, &mut quick)))?;
/// assert_eq!(place, 1);
/// assert_eq!(quick.join()?, 7);
/// assert!(!slow.is_finished());
/// # runner.stop_now();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn select<H: Lent>(handles: H) -> Result<usize, WaitError> {
    first(&wait(handles, Until::FirstEnded, None).await?)
}

/// The twin of [`select`] for plain threads.
///
/// # Errors
///
/// As there; [`WaitError::WouldDeadlock`] also if none of the tasks could ever end while this thread blocks.
pub fn select_blocking<H: Lent>(handles: H) -> Result<usize, WaitError> {
    first(&wait_blocking(handles, Until::FirstEnded, None)?)
}

fn first(waited: &Waited) -> Result<usize, WaitError> {
    waited.first.ok_or(WaitError::Empty)
}

/// Waits until enough of the tasks have ended, for `limit` at most, and says which have and which have not.
/// Nobody is stopped and no outcome is taken: the handles give them.
///
/// `limit` is a `Duration`, or `None` for no limit, as is `Duration::MAX`; zero looks and does not wait. Of
/// no handles all have ended.
///
/// # Errors
///
/// [`WaitError::Empty`] if there is to be a first one of no handles; [`WaitError::WouldDeadlock`] if the wait
/// could never end, since the calling task waits for itself; [`WaitError::NoTimer`] off the lanes, if there
/// is a limit to wait for: use [`wait_blocking`] on a plain thread, and your own executor's timeout in another
/// executor. A limit that is over is no error: see [`Waited::is_timed_out`].
///
/// # Cancellation
///
/// Dropping the wait loses nothing, since it takes nothing. A stop of the calling task does not end it: put
/// it into [`Context::run_until_stopped`](crate::Context::run_until_stopped) where it should. A stop of the
/// runner ends the tasks, or gives them up, and the wait with them.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{ServiceRunner, Until, wait_blocking};
///
/// let runner = ServiceRunner::new();
/// let mut handles = Vec::new();
/// for late in [true, false, true] {
///     handles.push(runner.spawn(Plain, async move || {
///         if late {
///             std::future::pending::<()>().await;
///         }
///     })?);
/// }
/// wait_blocking(&mut handles, Until::FirstEnded, None)?;
/// let waited = wait_blocking(&mut handles, Until::AllEnded, Duration::from_millis(5))?;
/// assert!(waited.is_timed_out());
/// let (done, pending) = waited.split(handles);
/// assert_eq!((done.len(), pending.len()), (1, 2));
/// # runner.stop_now();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn wait<H: Lent>(
    mut handles: H,
    until: Until,
    limit: impl Into<Option<Duration>>,
) -> Result<Waited, WaitError> {
    let mut watch = watch(&handles, until)?;
    let mut alarm = limit.into().map(Alarm::after);
    poll_fn(move |cx| {
        watch.look(&mut handles, cx.waker());
        if watch.is_enough() {
            return Poll::Ready(Ok(Waited::of(&watch, false)));
        }
        // A limit ends the wait, whoever is waited for.
        let Some(alarm) = &mut alarm else {
            return match watch.own_ring(&mut handles) {
                Some(own) => Poll::Ready(Err(WaitError::WouldDeadlock(own.ring))),
                None => Poll::Pending,
            };
        };
        match pin!(alarm).poll(cx) {
            Poll::Ready(Some(())) => Poll::Ready(Ok(Waited::of(&watch, true))),
            Poll::Ready(None) => Poll::Ready(Err(WaitError::NoTimer)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The twin of [`wait`] for plain threads.
///
/// # Errors
///
/// As there, [`WaitError::NoTimer`] excepted; [`WaitError::WouldDeadlock`] also if too few of the tasks
/// could ever end while this thread blocks. With a limit the wait ends, so it is not refused.
pub fn wait_blocking<H: Lent>(
    mut handles: H,
    until: Until,
    limit: impl Into<Option<Duration>>,
) -> Result<Waited, WaitError> {
    let mut watch = watch(&handles, until)?;
    let deadline = limit.into().map_or(Deadline::never(), Deadline::after);
    match watch.sleep(&mut handles, deadline) {
        Ok(enough) => Ok(Waited::of(&watch, !enough)),
        Err(closing) => Err(WaitError::WouldDeadlock(closing.ring)),
    }
}

fn watch(handles: &impl Handles, until: Until) -> Result<Watch, WaitError> {
    if handles.count() == 0 && until == Until::FirstEnded {
        return Err(WaitError::Empty);
    }
    Ok(Watch::of(handles, until))
}

/// What a wait for several tasks has come to. The numbers are the places of the handles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    first: Option<usize>,
    done: Vec<usize>,
    pending: Vec<usize>,
    timed_out: bool,
}

impl Waited {
    fn of(watch: &Watch, timed_out: bool) -> Self {
        let mut done = watch.done().to_vec();
        let first = done.first().copied();
        done.sort_unstable();
        Waited { first, done, pending: watch.pending().collect(), timed_out }
    }

    /// Those that have ended, in the order of the handles.
    #[must_use]
    pub fn done(&self) -> &[usize] {
        &self.done
    }

    /// Those that have not, in the order of the handles.
    #[must_use]
    pub fn pending(&self) -> &[usize] {
        &self.pending
    }

    /// Whether the limit was over before enough had ended.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.timed_out
    }

    /// Parts what was waited for into those that have ended and those that have not, each in order. What
    /// was not waited for counts as not ended.
    #[must_use]
    pub fn split<H>(&self, handles: impl IntoIterator<Item = H>) -> (Vec<H>, Vec<H>) {
        let mut ended = self.done.iter().copied().peekable();
        let (mut done, mut pending) = (Vec::new(), Vec::new());
        for (place, handle) in handles.into_iter().enumerate() {
            if ended.next_if_eq(&place).is_some() {
                done.push(handle);
            } else {
                pending.push(handle);
            }
        }
        (done, pending)
    }
}

/// Why there is nothing to wait for, or no end to it. No outcome was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The first of no tasks.
    Empty,
    /// The wait would never end.
    WouldDeadlock(Box<Ring>),
    /// Off the lanes, where no timer keeps the limit.
    NoTimer,
}

impl WaitError {
    /// The ring, if the wait would never end.
    #[must_use]
    pub fn as_ring(&self) -> Option<&Ring> {
        match self {
            WaitError::WouldDeadlock(ring) => Some(ring),
            WaitError::Empty | WaitError::NoTimer => None,
        }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitError::Empty => f.write_str(
                "a wait for the first of no tasks would never end; look before whether there are any",
            ),
            WaitError::WouldDeadlock(ring) => {
                write!(f, "waiting for the tasks would never end: {ring}")
            }
            WaitError::NoTimer => f.write_str(
                "a wait with a limit was polled off the lanes, where no timer keeps it; use `wait_blocking`, or your executor's timeout around the wait",
            ),
        }
    }
}

impl std::error::Error for WaitError {}
