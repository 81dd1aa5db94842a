//! Waits for several tasks, until enough of them have ended.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use crate::failure::TaskLabel;
use crate::sync::Mutex;
use crate::task::contract::AnyTask;
use crate::task::handle::{Room, block_current};
use crate::task::state::TaskState;
use crate::time::Deadline;
use crate::tools::handles::{Handles, Lent};
use crate::tools::timeout::Alarm;
use crate::wait::blocking::{self, Blocked};
use crate::wait::graph::{ExecutorId, Ring, Target};
use crate::wait::park;

/// When a wait for several tasks ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Until {
    /// As soon as one has ended, however it did.
    FirstEnded,
    /// As soon as one has ended without a value: it panicked, was stopped, ran over its limit or was given
    /// up. Or when all have ended. An `Err` that a payload returns is a value like any other.
    FirstFailed,
    /// When all have ended.
    AllEnded,
}

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
    let mut watch = Watch::over(&handles, until)?;
    let mut alarm = limit.into().map(Alarm::after);
    poll_fn(move |cx| {
        watch.look(&mut handles, cx.waker());
        if watch.is_enough() {
            return Poll::Ready(Ok(watch.waited(false)));
        }
        // A limit ends the wait, whoever is waited for.
        let Some(alarm) = &mut alarm else {
            return match watch.own_ring(&mut handles) {
                Some(own) => Poll::Ready(Err(WaitError::WouldDeadlock(own.ring))),
                None => Poll::Pending,
            };
        };
        match pin!(alarm).poll(cx) {
            Poll::Ready(Some(())) => Poll::Ready(Ok(watch.waited(true))),
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
    let mut watch = Watch::over(&handles, until)?;
    let deadline = limit.into().map_or(Deadline::never(), Deadline::after);
    match watch.sleep(&mut handles, deadline) {
        Ok(enough) => Ok(watch.waited(!enough)),
        Err(closing) => Err(WaitError::WouldDeadlock(closing.ring)),
    }
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

/// Who has ended, in the order in which they did, and who has not. Each handle is looked at once at the
/// begin and once at its end, however many there are.
pub(crate) struct Watch {
    until: Until,
    /// By place.
    over: Vec<bool>,
    done: Vec<usize>,
    first_failed: Option<usize>,
    woken: Arc<Woken>,
    begun: bool,
}

/// Waiting for this task would never end.
pub(crate) struct Closing {
    pub(crate) place: usize,
    pub(crate) task: TaskLabel,
    pub(crate) ring: Box<Ring>,
}

impl Watch {
    fn over(handles: &impl Handles, until: Until) -> Result<Self, WaitError> {
        if handles.count() == 0 && until == Until::FirstEnded {
            return Err(WaitError::Empty);
        }
        Ok(Self::of(handles, until))
    }

    pub(crate) fn of(handles: &impl Handles, until: Until) -> Self {
        Watch {
            until,
            over: vec![false; handles.count()],
            done: Vec::new(),
            first_failed: None,
            woken: Arc::default(),
            begun: false,
        }
    }

    /// Looks who has ended meanwhile; the others wake `waker`. Says whether anybody has.
    pub(crate) fn look(&mut self, handles: &mut impl Handles, waker: &Waker) -> bool {
        let before = self.done.len();
        let woken = self.woken.listen(waker);
        if !self.begun {
            self.begun = true;
            for place in 0..self.over.len() {
                let waker = Waker::from(Arc::new(Place { place, woken: Arc::clone(&self.woken) }));
                if handles.at(place).is_some_and(|handle| handle.watch(&waker)) {
                    self.note(handles, place);
                }
            }
        }
        for place in woken {
            if handles.at(place).is_some_and(|handle| handle.is_over()) {
                self.note(handles, place);
            }
        }
        self.done.len() > before
    }

    fn note(&mut self, handles: &mut impl Handles, place: usize) {
        let Some(over) = self.over.get_mut(place) else { return };
        if std::mem::replace(over, true) {
            return;
        }
        self.done.push(place);
        if self.first_failed.is_none() && handles.at(place).is_some_and(|h| h.has_failed()) {
            self.first_failed = Some(place);
        }
    }

    /// Whether those that have ended are enough.
    pub(crate) fn is_enough(&self) -> bool {
        let all = self.done.len() == self.over.len();
        match self.until {
            Until::FirstEnded => !self.done.is_empty(),
            Until::FirstFailed => self.first_failed.is_some() || all,
            Until::AllEnded => all,
        }
    }

    /// The first that ended without a value.
    pub(crate) fn first_failed(&self) -> Option<usize> {
        self.first_failed
    }

    /// Who must not be awaited lets the wait never end, if all are to end, or if nobody else is left.
    pub(crate) fn own_ring(&self, handles: &mut impl Handles) -> Option<Closing> {
        let mut others = false;
        let mut own = None;
        for place in self.pending() {
            let handle = handles.at(place)?;
            match handle.own_ring().map(Box::new) {
                Some(ring) => own = Some(Closing { place, task: handle.label().clone(), ring }),
                None => others = true,
            }
        }
        if others && self.until != Until::AllEnded { None } else { own }
    }

    /// Blocks until enough have ended (`true`) or until the deadline (`false`).
    ///
    /// # Errors
    ///
    /// Who closes a ring, and which.
    pub(crate) fn sleep(
        &mut self,
        handles: &mut impl Handles,
        deadline: Deadline,
    ) -> Result<bool, Closing> {
        // A wait with a limit ends, so it closes no ring.
        let edges = deadline == Deadline::never() && blocking::executor().is_some();
        self.look(handles, Waker::noop());
        if edges && self.until == Until::AllEnded {
            self.look_for_rings(handles)?;
        }
        loop {
            if self.is_enough() {
                return Ok(true);
            }
            let _edge = match if edges { self.block(handles) } else { Ok(None) } {
                // Its lane may have blocked after it had ended.
                Err(_) if self.look(handles, Waker::noop()) => continue,
                edge => edge?,
            };
            let _room = Room::make();
            let moved = park::wait(deadline, |waker| self.look(handles, waker).then_some(()));
            if moved.is_none() {
                return Ok(self.is_enough());
            }
        }
    }

    /// All of them have to end, so none may close a ring: told before the first is waited for.
    fn look_for_rings(&self, handles: &mut impl Handles) -> Result<(), Closing> {
        for place in self.pending() {
            drop(self.enter(handles, &[place])?);
        }
        Ok(())
    }

    /// Puts the wait into the wait-for graph, until the next one has ended. Where all have to end it waits for
    /// one after the other, otherwise for any.
    fn block(&self, handles: &mut impl Handles) -> Result<Option<Blocked>, Closing> {
        let mut pending: Vec<usize> = self.pending().collect();
        if self.until == Until::AllEnded {
            pending.truncate(1);
        }
        self.enter(handles, &pending)
    }

    fn enter(
        &self,
        handles: &mut impl Handles,
        places: &[usize],
    ) -> Result<Option<Blocked>, Closing> {
        let tasks = places.iter().filter_map(|&place| handles.at(place)?.task()).collect();
        let target: Arc<dyn Target> = Arc::new(AnyOf { tasks, until: self.until });
        let entered = block_current(&target).map(Some);
        entered.or_else(|ring| {
            let Some(&place) = places.first() else { return Ok(None) };
            let Some(handle) = handles.at(place) else { return Ok(None) };
            Err(Closing { place, task: handle.label().clone(), ring: Box::new(ring) })
        })
    }

    fn pending(&self) -> impl Iterator<Item = usize> {
        self.over.iter().enumerate().filter_map(|(place, over)| (!over).then_some(place))
    }

    fn waited(&mut self, timed_out: bool) -> Waited {
        let pending = self.pending().collect();
        let mut done = std::mem::take(&mut self.done);
        let first = done.first().copied();
        done.sort_unstable();
        Waited { first, done, pending, timed_out }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Handles that were lent keep their wakers, which must not keep whoever waited.
        self.woken.listen(Waker::noop());
    }
}

/// Whether one of the tasks could never end while the calling thread blocks.
///
/// # Errors
///
/// The ring.
pub(crate) fn check_rings(handles: &mut impl Handles) -> Result<(), Box<Ring>> {
    if blocking::executor().is_none() {
        return Ok(());
    }
    let watch = Watch::of(handles, Until::AllEnded);
    watch.look_for_rings(handles).map_err(|closing| closing.ring)
}

/// The tasks that may end a wait: any of them.
struct AnyOf {
    tasks: Vec<Arc<dyn AnyTask>>,
    until: Until,
}

/// So many are named, the rest is counted.
const NAMED: usize = 3;

impl Target for AnyOf {
    fn executor(&self) -> Option<ExecutorId> {
        match &*self.tasks {
            [one] => one.executor(),
            _ => None,
        }
    }

    fn label(&self) -> String {
        let named: Vec<String> = self.tasks.iter().take(NAMED).map(|task| task.label()).collect();
        let more = self.tasks.len() - named.len();
        let named = named.join(" or ");
        if more == 0 { named } else { format!("{named} or {more} more") }
    }

    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        for task in &self.tasks {
            match task.header().life.state() {
                TaskState::Initialized | TaskState::Running => visit(task.executor()),
                // One more value, where that ends nothing.
                TaskState::Completed if self.until == Until::FirstFailed => {}
                // Whoever waits is about to go on.
                TaskState::Completed
                | TaskState::Failed
                | TaskState::Stopped
                | TaskState::Abandoned => visit(None),
            }
        }
    }
}

/// Which handles were woken, and whom to tell.
#[derive(Default)]
struct Woken(Mutex<Told>);

#[derive(Default)]
struct Told {
    places: Vec<usize>,
    waker: Option<Waker>,
}

impl Woken {
    /// Takes who was woken; from now on `waker` is told.
    fn listen(&self, waker: &Waker) -> Vec<usize> {
        // Cloned and dropped without the lock: a waker is somebody else's code.
        let new = Some(waker.clone());
        let (places, old) = {
            let mut told = self.0.lock();
            (std::mem::take(&mut told.places), std::mem::replace(&mut told.waker, new))
        };
        drop(old);
        places
    }
}

/// The waker of one handle.
struct Place {
    place: usize,
    woken: Arc<Woken>,
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        let waker = {
            let mut told = self.woken.0.lock();
            told.places.push(self.place);
            told.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
