//! A limit around a future, on the timer of the lane that polls it.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::lane::inbox;
use crate::task::contract::{Home, Timer};
use crate::task::handle::Room;
use crate::time::Deadline;
use crate::wait::park;

/// Panics at who wants a limit where nothing keeps it.
macro_rules! off_the_lanes {
    ($what:literal, $twin:literal) => {
        panic!(concat!(
            "`",
            $what,
            "` was polled off the lanes of a runner, where no timer keeps the limit; on a plain thread use `",
            $twin,
            "`, in another executor its own timeout",
        ))
    };
}

pub(super) use off_the_lanes;

/// Runs `future` for `limit` at most, counted from the first poll, on the own timer of the lane that polls
/// it. What is there already wins: a future that is ready at its first poll gives its value whatever the
/// limit. `Duration::ZERO` ends at the first await, `Duration::MAX` never.
///
/// Handed over by reference, what is waited for can be waited for again afterwards:
/// `timeout(limit, &mut handle)`.
///
/// # Errors
///
/// [`Elapsed`] when the limit is over. The future has been dropped then; if it was a reference, what it
/// refers to goes on.
///
/// # Panics
///
/// Off the lanes, where no timer keeps the limit: on a plain thread use [`timeout_blocking`], in another
/// executor its own timeout.
///
/// # Cancellation
///
/// Dropping it drops the future. A stop does not end it: put [`Context::run_until_stopped`] inside where
/// it should.
///
/// [`Context::run_until_stopped`]: crate::Context::run_until_stopped
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{ServiceRunner, timeout};
///
/// let runner = ServiceRunner::new();
/// let ended = runner.execute(Plain, async || {
///     timeout(Duration::from_millis(5), std::future::pending::<()>()).await
/// })?;
/// assert_eq!(ended.unwrap_err().limit(), Duration::from_millis(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut alarm = Alarm::after(limit);
    std::future::poll_fn(move |cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        match Pin::new(&mut alarm).poll(cx) {
            Poll::Ready(Some(())) => Poll::Ready(Err(Elapsed { limit })),
            Poll::Ready(None) => off_the_lanes!("timeout", "timeout_blocking"),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The twin of [`timeout`] for plain threads: polls `future` on the calling thread. For what needs no
/// runtime of its own: handles, joins, events, channels.
///
/// Since it ends, it is not in the way of anybody and is not looked at where rings of waits are found; with
/// `Duration::MAX` that is the caller's business.
///
/// # Errors
///
/// [`Elapsed`] when the limit is over.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use spumoni_core::{Event, timeout_blocking};
///
/// let event = Event::new();
/// assert!(timeout_blocking(Duration::from_millis(1), event.wait()).is_err());
/// event.set();
/// assert!(timeout_blocking(Duration::ZERO, event.wait()).is_ok());
/// ```
pub fn timeout_blocking<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let _room = Room::make();
    park::block_on(future, Deadline::after(limit)).ok_or(Elapsed { limit })
}

/// The limit was over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    pub(super) limit: Duration,
}

impl Elapsed {
    /// The limit that is over.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not done within the limit of {:?}", self.limit)
    }
}

impl std::error::Error for Elapsed {}

/// Rings at a deadline, on the timer of the lane that polls it. Gives `None` if there is none and the
/// deadline is not over.
pub(crate) struct Alarm {
    /// Counted from the first poll.
    limit: Duration,
    deadline: Option<Deadline>,
    /// Made when it is first needed: what is ready at once needs none.
    timer: Option<Timer>,
}

impl Alarm {
    pub(crate) fn after(limit: Duration) -> Self {
        Alarm { limit, deadline: None, timer: None }
    }

    pub(crate) fn at(deadline: Deadline) -> Self {
        Alarm { limit: Duration::MAX, deadline: Some(deadline), timer: None }
    }
}

impl Future for Alarm {
    type Output = Option<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let this = &mut *self;
        let now = Instant::now();
        let deadline = *this.deadline.get_or_insert_with(|| Deadline::from(now, this.limit));
        if deadline == Deadline::never() {
            return Poll::Pending;
        }
        // Looked at here and not left to the timer: tokio's says "not ready" to who has used up the budget
        // of the turn, which what is waited for may do each time.
        if deadline.is_over(now) {
            return Poll::Ready(Some(()));
        }
        if this.timer.is_none() {
            this.timer = inbox::lane_here().and_then(|lane| lane.timer(deadline));
        }
        match &mut this.timer {
            Some(timer) => timer.as_mut().poll(cx).map(Some),
            None => Poll::Ready(None),
        }
    }
}
