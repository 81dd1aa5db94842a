//! Ticks at an interval, the same for lanes and threads.

use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::error::ZeroInterval;
use crate::task::stop::{StopNode, Stopped, Stopping};
use crate::time::Deadline;
use crate::tools::pace::{MissedTicks, Pace};
use crate::tools::timeout::Alarm;
use crate::wait::park;

/// Ticks at an interval, for work that is done again and again, until its task is asked to stop: see
/// [`Context::every`](crate::Context::every).
///
/// The first tick comes at once. The others are counted from start to start, so that they do not drift:
/// each is due a whole number of intervals after the first, however long the work takes.
///
/// # Cancellation
///
/// Dropping a wait for a tick loses nothing: the tick comes when it is due, to whoever asks then.
pub struct Ticks {
    interval: Duration,
    pace: Pace,
    /// When the next one is due, if that is known.
    due: Option<Deadline>,
    /// When the last one was due.
    last: Option<Instant>,
    /// The others of the lane had their turn before this tick, or it is the first one.
    gave_way: bool,
    /// One for all ticks: it listens once.
    stopped: Stopped,
}

impl Ticks {
    pub(crate) fn new(interval: Duration, stop: &Arc<StopNode>) -> Self {
        Ticks {
            interval,
            pace: Pace::StartToStart(MissedTicks::default()),
            due: Some(Deadline::after(Duration::ZERO)),
            last: None,
            gave_way: true,
            stopped: Stopped::of(Arc::clone(stop)),
        }
    }

    pub(crate) fn checked(
        interval: Duration,
        stop: &Arc<StopNode>,
        zero: ZeroInterval,
    ) -> Result<Self, ZeroInterval> {
        if interval.is_zero() { Err(zero) } else { Ok(Self::new(interval, stop)) }
    }

    pub(crate) fn paced(mut self, pace: Pace) -> Self {
        self.pace = pace;
        if pace == Pace::WallClock {
            self.due = None;
        }
        self
    }

    /// What becomes of ticks that were missed, counted from start to start. Default:
    /// [`MissedTicks::Burst`].
    #[must_use]
    pub fn missed(self, missed: MissedTicks) -> Self {
        self.paced(Pace::StartToStart(missed))
    }

    /// Counts from end to start: between the end of the work, which is when the next tick is asked for, and
    /// that tick there is always a whole interval. No tick is ever missed.
    #[must_use]
    pub fn end_to_start(self) -> Self {
        self.paced(Pace::EndToStart)
    }

    /// Ticks at multiples of the interval on the clock on the wall, in UTC: with an interval of an hour, at
    /// each full hour. The first one does not come at once but at the first of these times, and ticks that
    /// were missed do not come. If the clock is set, the tick after the next one follows it.
    #[must_use]
    pub fn wall_clock(self) -> Self {
        self.paced(Pace::WallClock)
    }

    /// Lets the first tick come so late, instead of at once.
    #[must_use]
    pub fn first_after(mut self, delay: Duration) -> Self {
        self.due = Some(Deadline::after(delay));
        self
    }

    /// How long it is from tick to tick.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Counts from now on: the next tick comes a whole interval from now, or on the wall clock at its next
    /// time.
    pub fn reset(&mut self) {
        self.due = Some(self.pace.asked(Instant::now(), self.last, self.interval));
    }

    /// Waits for the next tick, on the lane's own timer, and says when it was due.
    ///
    /// A tick that is late gives the lane's other tasks their turn before it comes.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked, also if a tick is due.
    ///
    /// # Panics
    ///
    /// Off the lanes, where there is no timer: on a plain thread use
    /// [`tick_blocking`](Ticks::tick_blocking).
    ///
    /// # Cancellation
    ///
    /// Dropping it loses nothing.
    pub async fn tick(&mut self) -> Result<Instant, Stopping> {
        loop {
            if let Some(due) = self.tick_or(pending::<()>()).await? {
                return Ok(due);
            }
        }
    }

    /// Waits for the next tick, or for `other`: `None`.
    pub(crate) async fn tick_or<F: Future>(
        &mut self,
        other: F,
    ) -> Result<Option<Instant>, Stopping> {
        let due = self.due();
        let mut other = pin!(other);
        let mut stopped = Pin::new(&mut self.stopped);
        let mut alarm = pin!(Alarm::at(due));
        // Kept, so that a wait may be dropped.
        let gave_way = &mut self.gave_way;
        poll_fn(move |cx| {
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(Stopping));
            }
            let gives_way = !std::mem::replace(gave_way, true);
            if gives_way && due.is_over(Instant::now()) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if other.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(false));
            }
            match alarm.as_mut().poll(cx) {
                Poll::Ready(Some(())) => Poll::Ready(Ok(true)),
                Poll::Ready(None) => panic!(
                    "`Ticks::tick` was polled off the lanes of its runner, where there is no timer; on a plain thread use `tick_blocking`"
                ),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
        .map(|is_due| is_due.then(|| self.came(due)))
    }

    /// The twin of [`tick`](Ticks::tick) for plain threads. Allocates nothing.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn tick_blocking(&mut self) -> Result<Instant, Stopping> {
        let due = self.due();
        match park::block_on(&mut self.stopped, due) {
            Some(()) => Err(Stopping),
            None => Ok(self.came(due)),
        }
    }

    /// The twin of `tick_or` for threads.
    pub(crate) fn tick_or_blocking<F: Future>(
        &mut self,
        other: F,
    ) -> Result<Option<Instant>, Stopping> {
        let due = self.due();
        let (mut other, mut stopped) = (pin!(other), Pin::new(&mut self.stopped));
        let either = poll_fn(|cx| match stopped.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(Stopping)),
            Poll::Pending => other.as_mut().poll(cx).map(|_| Ok(())),
        });
        match park::block_on(either, due) {
            Some(ended) => ended.map(|()| None),
            None => Ok(Some(self.came(due))),
        }
    }

    /// When the next one is due; kept, so that a wait may be dropped.
    fn due(&mut self) -> Deadline {
        let (pace, last, interval) = (self.pace, self.last, self.interval);
        *self.due.get_or_insert_with(|| pace.asked(Instant::now(), last, interval))
    }

    fn came(&mut self, due: Deadline) -> Instant {
        let now = Instant::now();
        let due = due.instant().unwrap_or(now);
        self.due = self.pace.after(due, now, self.interval);
        self.last = Some(due);
        self.gave_way = false;
        due
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticks")
            .field("interval", &self.interval)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
