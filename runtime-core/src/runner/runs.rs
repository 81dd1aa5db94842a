//! The runs of a periodic payload as others see them: counted, asked for out of turn, waited for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::{Event as Bell, EventListener};

use crate::failure::Cause;
use crate::sync::Mutex;
use crate::task::cell;
use crate::task::contract::AnyTask;
use crate::task::handle::{Room, block_current};
use crate::time::Deadline;
use crate::unwind;
use crate::wait::graph::{ExecutorId, Target};
use crate::wait::park;
use crate::wait::ring::Ring;

/// The runs of a periodic payload: how many there were, how long they took, and a way to have one now. Given to
/// the payload by [`PeriodicBuilder::runs`](crate::PeriodicBuilder::runs). Clones are the same.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{Runs, ServiceRunner};
///
/// let runner = ServiceRunner::new();
/// let sync = Runs::new();
/// runner.every(Duration::from_secs(3600)).runs(&sync).adopt(Plain, async || {
///     // … synchronise …
/// })?;
/// // Not in an hour, but now; all who ask meanwhile share the result.
/// sync.run_now().blocking()?;
/// assert!(sync.counters().runs() >= 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Runs {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Somebody wants a run.
    wanted: Bell,
}

#[derive(Default)]
struct State {
    /// A payload runs under this name.
    attached: bool,
    /// The task that ticks.
    driver: Option<Weak<dyn AnyTask>>,
    /// How many runs have begun.
    begun: u64,
    waiting: Vec<Arc<Slot>>,
    counters: RunCounters,
}

/// One wait for a run.
struct Slot {
    /// The first run whose result will do.
    from: u64,
    result: Mutex<Option<Result<(), RunError>>>,
    bell: Bell,
}

impl Slot {
    fn tell(&self, result: Result<(), RunError>) {
        *self.result.lock() = Some(result);
        // Their executors may be anybody's: a panic of a waker ends nothing.
        let _ = unwind::guard(|| self.bell.notify(usize::MAX));
    }
}

impl Runs {
    /// Of no payload yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the payload run at once, out of turn, and waits for that run. Where runs do not go beside each
    /// other, it begins when the one that is under way has ended. All who ask before it begins share it and
    /// its result. The ticks come as they would have come.
    ///
    /// The run is asked for by the call, whether or not it is awaited.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    pub fn run_now(&self) -> RunWait {
        let wait = self.wait(|begun| begun + 1);
        let _ = unwind::guard(|| self.inner.wanted.notify(usize::MAX));
        wait
    }

    /// Waits for the next run to end, one that is under way included; asks for none.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    pub fn next(&self) -> RunWait {
        self.wait(|_| 0)
    }

    /// Whether a payload is being run at its interval: from when it is handed over to its end.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.inner.state.lock().attached
    }

    /// The counters as they are now.
    #[must_use]
    pub fn counters(&self) -> RunCounters {
        self.inner.state.lock().counters
    }

    fn wait(&self, from: impl FnOnce(u64) -> u64) -> RunWait {
        let mut state = self.inner.state.lock();
        let over = (!state.attached).then_some(Err(RunError::NotRunning));
        let slot = Slot { from: from(state.begun), result: Mutex::new(over), bell: Bell::new() };
        let slot = Arc::new(slot);
        if state.attached {
            state.waiting.push(Arc::clone(&slot));
        }
        drop(state);
        RunWait { runs: self.clone(), slot, listener: None }
    }

    /// One payload takes this for its runs; `None` if another one has it.
    pub(super) fn attach(&self) -> Option<Attached> {
        let mut state = self.inner.state.lock();
        if state.attached {
            return None;
        }
        state.attached = true;
        Some(Attached(self.clone()))
    }

    /// The calling thread runs the task that ticks.
    pub(super) fn driven_by(&self, task: &Arc<dyn AnyTask>) {
        self.inner.state.lock().driver = Some(Arc::downgrade(task));
    }

    /// Whether somebody waits for a run that has not begun, of those that were asked for.
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.inner.state.lock();
        state.waiting.iter().any(|slot| slot.from > state.begun)
    }

    /// Rings when somebody asks for a run.
    pub(super) fn wanted(&self) -> EventListener {
        self.inner.wanted.listen()
    }

    /// A run begins; its number.
    pub(super) fn begin(&self) -> u64 {
        let mut state = self.inner.state.lock();
        state.begun += 1;
        state.begun
    }

    /// A run is to be tried later.
    pub(super) fn count_later(&self) {
        self.inner.state.lock().counters.later += 1;
    }

    /// A run has ended: those who wait for it share its result.
    pub(super) fn end(
        &self,
        number: u64,
        took: Duration,
        interval: Duration,
        result: &Result<(), RunError>,
    ) {
        let told = {
            let mut state = self.inner.state.lock();
            state.counters.count(took, interval, result);
            let waiting = std::mem::take(&mut state.waiting);
            let (told, left) = waiting.into_iter().partition(|slot| slot.from <= number);
            state.waiting = left;
            let told: Vec<Arc<Slot>> = told;
            told
        };
        told.into_iter().for_each(|slot| slot.tell(result.clone()));
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runs")
            .field("running", &self.is_running())
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// While it lives, a payload is being run. Afterwards nobody waits any more.
pub(super) struct Attached(pub(super) Runs);

impl Drop for Attached {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.inner.state.lock();
            state.attached = false;
            state.driver = None;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(|slot| slot.tell(Err(RunError::NotRunning)));
    }
}

/// A wait for a run. Await it on any executor, or let a plain thread wait with
/// [`blocking`](RunWait::blocking).
///
/// # Errors
///
/// [`RunError`]. Polled again after it gave its result it gives that once more.
///
/// # Cancellation
///
/// Dropping the wait loses nothing: the run goes on, and others get its result. If the payload's runs end
/// meanwhile, by a stop or a failure, the wait ends.
#[must_use = "a wait does nothing unless awaited"]
pub struct RunWait {
    runs: Runs,
    slot: Arc<Slot>,
    listener: Option<EventListener>,
}

impl RunWait {
    /// The twin for plain threads: blocks the calling thread.
    ///
    /// # Errors
    ///
    /// As for the wait; at once [`RunError::WouldDeadlock`] if it could never end: on the lane of the payload.
    /// So it is in a run of the same payload, which would wait for itself or for one that waits for it.
    pub fn blocking(mut self) -> Result<(), RunError> {
        let driver = self.runs.inner.state.lock().driver.clone();
        let driver = driver.as_ref().and_then(Weak::upgrade);
        let over = self.slot.result.lock().is_some();
        if let Some(driver) = driver.as_ref().filter(|_| !over)
            && let Some(run) = cell::current()
            && run.header().owner().stop().is_below(driver.header().stop())
        {
            let (run, whole) = (run.label(), format!("a run of {}", driver.label()));
            let ring = Ring::of_member(run, whole);
            return Err(RunError::WouldDeadlock(Box::new(ring)));
        }
        let target =
            driver.filter(|_| !over).map(|task| -> Arc<dyn Target> { Arc::new(Wanted { task }) });
        let edge = target.map(|target| block_current(&target)).transpose();
        let _edge = edge.map_err(|ring| RunError::WouldDeadlock(Box::new(ring)))?;
        let _room = Room::make();
        // Without a deadline there is always a result.
        park::block_on(&mut self, Deadline::never()).unwrap_or(Err(RunError::NotRunning))
    }

    /// As [`blocking`](RunWait::blocking), for `limit` at most.
    ///
    /// # Errors
    ///
    /// The wait itself, if the limit is over first.
    pub fn blocking_timeout(mut self, limit: Duration) -> Result<Result<(), RunError>, Self> {
        let room = Room::make();
        let result = park::block_on(&mut self, Deadline::after(limit));
        drop(room);
        result.ok_or(self)
    }
}

impl Future for RunWait {
    type Output = Result<(), RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            if let Some(result) = &*this.slot.result.lock() {
                return Poll::Ready(result.clone());
            }
            match &mut this.listener {
                // Listen first, look then.
                None => this.listener = Some(this.slot.bell.listen()),
                Some(listener) => match Pin::new(listener).poll(cx) {
                    Poll::Ready(()) => this.listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl Drop for RunWait {
    fn drop(&mut self) {
        // One that asked for a run is still owed it: what was asked for by the call is not taken back.
        if self.slot.from == 0 {
            let mut state = self.runs.inner.state.lock();
            state.waiting.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
        }
    }
}

impl fmt::Debug for RunWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunWait").field("runs", &self.runs).finish_non_exhaustive()
    }
}

/// What a wait for a run waits for: the task that ticks.
struct Wanted {
    task: Arc<dyn AnyTask>,
}

impl Target for Wanted {
    fn executor(&self) -> Option<ExecutorId> {
        self.task.executor()
    }

    fn label(&self) -> String {
        format!("a run of {}", self.task.label())
    }
}

/// Why a wait for a run gives no good end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The run returned an error or panicked. All who wait for it share this, and the payload's own policy says
    /// what else it means.
    Failed(Cause),
    /// The run was stopped, or did not end within its limit.
    Interrupted,
    /// No payload is being run: it was not handed over, or its runs are over.
    NotRunning,
    /// Waiting here would never end.
    WouldDeadlock(Box<Ring>),
}

impl RunError {
    /// What the run failed with, if that is why.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            RunError::Failed(cause) => Some(cause),
            _ => None,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Failed(cause) => write!(f, "the run failed: {cause}"),
            RunError::Interrupted => {
                f.write_str("the run was stopped, or did not end within its limit")
            }
            RunError::NotRunning => f.write_str(
                "nothing runs: the periodic payload was not handed over yet, or its runs are over",
            ),
            RunError::WouldDeadlock(ring) => {
                write!(f, "waiting for the run would never end: {ring}")
            }
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // `Display` tells the whole cause already; the chain goes on below it.
        self.cause().and_then(Cause::as_error).and_then(std::error::Error::source)
    }
}

/// The counters of a periodic payload, as they are at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounters {
    runs: u64,
    failed: u64,
    slow: u64,
    later: u64,
    busy: Duration,
    longest: Duration,
    last: Duration,
}

impl RunCounters {
    /// Runs that have ended, in whatever way.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Runs that returned an error or panicked.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Runs that took longer than the interval.
    #[must_use]
    pub fn slow(&self) -> u64 {
        self.slow
    }

    /// How often a run was to be tried later. It is the same run then: counted once, at its end.
    #[must_use]
    pub fn later(&self) -> u64 {
        self.later
    }

    /// The time of all runs that have ended, together.
    #[must_use]
    pub fn busy(&self) -> Duration {
        self.busy
    }

    /// The time of the longest one.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The time of the last one.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.last
    }

    fn count(&mut self, took: Duration, interval: Duration, result: &Result<(), RunError>) {
        self.runs += 1;
        self.failed += u64::from(matches!(result, Err(RunError::Failed(_))));
        self.slow += u64::from(took > interval);
        self.busy = self.busy.saturating_add(took);
        self.longest = self.longest.max(took);
        self.last = took;
    }
}

impl fmt::Display for RunCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs in {:.1?}, {} failed, {} slower than the interval, the longest {:.1?}; {} times to be tried later",
            self.runs, self.busy, self.failed, self.slow, self.longest, self.later,
        )
    }
}
