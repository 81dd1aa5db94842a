//! A limit that is changed while it runs: moved, extended, taken away.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use event_listener::{Event as Bell, EventListener};

use crate::sync::Mutex;
use crate::task::handle::Room;
use crate::time::Deadline;
use crate::tools::timeout::{Alarm, Elapsed, off_the_lanes};
use crate::wait::park;

/// A limit around futures that can be changed while they run, from anywhere: a clone is the same limit. Where
/// nothing is to be changed, [`timeout`](crate::timeout) is all one needs.
///
/// It is counted from the first poll of the first future that runs within it, and is one for all that do. Usual
/// examples are an upload that has so long after each part that came, and a limit that stands until the answer
/// begins.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{Context, ServiceRunner, TimeLimit};
///
/// let runner = ServiceRunner::new();
/// let parts = runner.execute(Plain, async || {
///     let (cx, silence) = (Context::current(), TimeLimit::new(Duration::from_secs(2)));
///     let upload = async {
///         for _part in 0..3 {
///             let _ = cx.sleep(Duration::from_millis(1)).await;
///             // It came: two seconds for the next one.
///             silence.set(Duration::from_secs(2))?;
///         }
///         // The rest may take as long as it does.
///         silence.cancel();
///         Ok::<_, spumoni_core::LimitGone>(3)
///     };
///     silence.run(upload).await
/// })?;
/// assert_eq!(parts, Ok(Ok(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TimeLimit {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// The state is another one.
    changed: Bell,
}

/// ```text
/// Waiting ──begin──▶ Running ──strike──▶ Elapsed
///    └──────cancel──────┴──────▶ Cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing runs within it yet.
    Waiting(Duration),
    /// From when on it is counted.
    Running(Instant, Duration),
    /// It was over before what ran within it.
    Elapsed(Duration),
    Cancelled,
}

impl State {
    /// Something begins to run within it, or does already.
    fn begun(self, now: Instant) -> Self {
        match self {
            State::Waiting(limit) => State::Running(now, limit),
            State::Running(..) | State::Elapsed(_) | State::Cancelled => self,
        }
    }

    /// So long from now on.
    fn set(self, now: Instant, limit: Duration) -> Option<Self> {
        match self {
            State::Waiting(_) => Some(State::Waiting(limit)),
            State::Running(..) => Some(State::Running(now, limit)),
            State::Elapsed(_) | State::Cancelled => None,
        }
    }

    /// So much longer than before.
    fn extended(self, by: Duration) -> Option<Self> {
        match self {
            State::Waiting(limit) => Some(State::Waiting(limit.saturating_add(by))),
            State::Running(from, limit) => Some(State::Running(from, limit.saturating_add(by))),
            State::Elapsed(_) | State::Cancelled => None,
        }
    }

    fn cancelled(self) -> Self {
        match self {
            State::Waiting(_) | State::Running(..) | State::Cancelled => State::Cancelled,
            State::Elapsed(_) => self,
        }
    }

    /// It has elapsed, if it is over now.
    fn struck(self, now: Instant) -> Self {
        match self {
            State::Running(from, limit) if Deadline::from(from, limit).is_over(now) => {
                State::Elapsed(limit)
            }
            State::Waiting(_) | State::Running(..) | State::Elapsed(_) | State::Cancelled => self,
        }
    }

    fn deadline(self) -> Deadline {
        match self {
            State::Running(from, limit) => Deadline::from(from, limit),
            State::Waiting(_) | State::Elapsed(_) | State::Cancelled => Deadline::never(),
        }
    }
}

impl TimeLimit {
    /// A limit that is not counted yet. `Duration::ZERO` ends what runs within it at its first await,
    /// `Duration::MAX` never.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let state = Mutex::new(State::Waiting(limit));
        TimeLimit { shared: Arc::new(Shared { state, changed: Bell::new() }) }
    }

    /// Runs `future` until it is done or the limit is over, on the own timer of the lane that polls it. What is
    /// there already wins.
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the limit is over, at once if it was; it says the limit as it was then. The future has
    /// been dropped; if it was a reference, what it refers to goes on.
    ///
    /// # Panics
    ///
    /// Off the lanes, where no timer keeps the limit: on a plain thread use
    /// [`run_blocking`](TimeLimit::run_blocking).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the future; the limit runs on. A stop does not end it.
    pub async fn run<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        let mut clock: Option<(Deadline, Alarm)> = None;
        let mut watch = Watch::of(&self.shared);
        poll_fn(move |cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            loop {
                let deadline = watch.deadline(cx)?;
                if clock.as_ref().is_none_or(|(at, _)| *at != deadline) {
                    clock = Some((deadline, Alarm::at(deadline)));
                }
                let Some((_, alarm)) = &mut clock else { return Poll::Pending };
                match Pin::new(alarm).poll(cx) {
                    // Looked at once more: it may have been moved at the last moment.
                    Poll::Ready(Some(())) => clock = None,
                    Poll::Ready(None) => off_the_lanes!("TimeLimit::run", "run_blocking"),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// The twin of [`run`](TimeLimit::run) for plain threads: polls `future` on the calling thread. For what
    /// needs no runtime of its own, as [`timeout_blocking`](crate::timeout_blocking).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run_blocking<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        let _room = Room::make();
        let mut future = pin!(future);
        let mut watch = Watch::of(&self.shared);
        let mut deadline = self.shared.begin();
        loop {
            let polled = park::wait(deadline, |waker| {
                let cx = &mut Context::from_waker(waker);
                if let Poll::Ready(value) = future.as_mut().poll(cx) {
                    return Some(Ok(value));
                }
                match watch.deadline(cx) {
                    Ok(now) if now == deadline => None,
                    Ok(moved) => Some(Err(Ok(moved))),
                    Err(elapsed) => Some(Err(Err(elapsed))),
                }
            });
            match polled {
                Some(Ok(value)) => return Ok(value),
                Some(Err(moved)) => deadline = moved?,
                // Over, which the next look finds.
                None => {}
            }
        }
    }

    /// Lets it end so long from now on, or from its begin if nothing has run within it yet: sooner or later than
    /// it would have. `Duration::ZERO` ends what runs within it now, `Duration::MAX` not at all.
    ///
    /// # Errors
    ///
    /// [`LimitGone`] if it was over before or has been cancelled: nothing begins it anew.
    pub fn set(&self, limit: Duration) -> Result<(), LimitGone> {
        self.change(|state| state.set(Instant::now(), limit))
    }

    /// Lets it end so much later than it would have.
    ///
    /// # Errors
    ///
    /// As [`set`](TimeLimit::set).
    pub fn extend(&self, by: Duration) -> Result<(), LimitGone> {
        self.change(|state| state.extended(by))
    }

    /// Takes it away: what runs within it takes as long as it does. Once for ever, and nothing if it was over
    /// before.
    pub fn cancel(&self) {
        let _ = self.change(|state| Some(state.cancelled()));
    }

    /// How long is left: `Duration::MAX` if it never ends, all of it if nothing has run within it yet, and zero if
    /// it is over.
    #[must_use]
    pub fn left(&self) -> Duration {
        let state = *self.shared.state.lock();
        match state {
            State::Waiting(limit) => limit,
            State::Running(..) | State::Cancelled => {
                state.deadline().left().unwrap_or(Duration::MAX)
            }
            State::Elapsed(_) => Duration::ZERO,
        }
    }

    /// Whether it has been taken away.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.shared.state.lock() == State::Cancelled
    }

    /// Whether it has ended something.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(*self.shared.state.lock(), State::Elapsed(_))
    }

    fn change(&self, change: impl FnOnce(State) -> Option<State>) -> Result<(), LimitGone> {
        {
            let mut state = self.shared.state.lock();
            let gone = LimitGone { cancelled: *state == State::Cancelled };
            *state = change(*state).ok_or(gone)?;
        }
        self.shared.changed.notify(usize::MAX);
        Ok(())
    }
}

impl Shared {
    fn begin(&self) -> Deadline {
        let mut state = self.state.lock();
        *state = state.begun(Instant::now());
        state.deadline()
    }

    /// The deadline as it is now.
    fn look(&self) -> Result<Deadline, Elapsed> {
        let mut state = self.state.lock();
        let now = Instant::now();
        *state = state.begun(now).struck(now);
        match *state {
            State::Elapsed(limit) => Err(Elapsed { limit }),
            State::Waiting(_) | State::Running(..) | State::Cancelled => Ok(state.deadline()),
        }
    }
}

/// Sees each change of the limit.
struct Watch<'a> {
    shared: &'a Shared,
    listener: Option<EventListener>,
}

impl<'a> Watch<'a> {
    fn of(shared: &'a Shared) -> Self {
        Watch { shared, listener: None }
    }

    /// The deadline as it is now; the next change wakes the caller.
    fn deadline(&mut self, cx: &mut Context<'_>) -> Result<Deadline, Elapsed> {
        loop {
            // Listen first, look then.
            let listener = self.listener.get_or_insert_with(|| self.shared.changed.listen());
            if Pin::new(listener).poll(cx).is_pending() {
                return self.shared.look();
            }
            self.listener = None;
        }
    }
}

impl fmt::Debug for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TimeLimit").field(&*self.shared.state.lock()).finish()
    }
}

/// A limit cannot be changed any more: it has ended what ran within it, or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitGone {
    cancelled: bool,
}

impl LimitGone {
    /// Whether it was cancelled; otherwise it was over.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }
}

impl fmt::Display for LimitGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = if self.cancelled { "was cancelled" } else { "is over" };
        write!(f, "the limit {why} and cannot be changed any more; make a new one")
    }
}

impl std::error::Error for LimitGone {}

#[cfg(test)]
mod tests {
    use super::State::{Cancelled, Elapsed, Running, Waiting};
    use super::*;

    const SHORT: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_over_or_cancelled_stays_so() {
        let now = Instant::now();
        for gone in [Elapsed(SHORT), Cancelled] {
            assert_eq!(gone.set(now, SHORT), None);
            assert_eq!(gone.extended(SHORT), None);
            assert_eq!((gone.begun(now), gone.cancelled(), gone.struck(now)), (gone, gone, gone));
        }
    }

    #[test]
    fn a_limit_begins_once_and_is_over_in_its_time() {
        let now = Instant::now();
        let running = Waiting(SHORT).begun(now);
        assert_eq!(running, Running(now, SHORT));
        assert_eq!(running.begun(now + SHORT), running);
        assert_eq!(running.struck(now), running);
        assert_eq!(running.struck(now + SHORT), Elapsed(SHORT));
        let longer = running.extended(SHORT);
        assert_eq!(longer, Some(Running(now, SHORT * 2)));
        assert_eq!(running.extended(Duration::MAX), Some(Running(now, Duration::MAX)));
        let moved = running.set(now + SHORT, SHORT).map(|state| state.struck(now + SHORT));
        assert_eq!(moved, Some(Running(now + SHORT, SHORT)));
        assert_eq!(Waiting(SHORT).struck(now + SHORT), Waiting(SHORT));
    }
}
