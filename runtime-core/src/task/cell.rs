//! One allocation for each task: its header, then the closure, the future or the outcome in turn.
//!
//! The only module with `unsafe`. What it relies on:
//!
//! # Invariants
//! 1. The stage is touched only by whoever owns the payload (`lifecycle`, invariant 1), by whoever
//!    owns the outcome (`lifecycle`, invariant 3), or by the last reference.
//! 2. A body is made, polled and dropped on one thread: that of its lane. Tasks are run by their home
//!    alone, and a lane's [`Host`] lives on the lane's thread; if the last reference should go
//!    elsewhere while there is a body, the body is leaked and not dropped.
//! 3. A body is never moved after its first poll: it is made in place and dropped in place.
//! 4. Everything of the user's is called, polled and dropped inside `unwind::guard`.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::mem::{self, ManuallyDrop};
use std::panic::Location;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use std::task::{Context, Poll, Wake, Waker};

use once_cell::race::OnceBox;
use tracing::Span;

use crate::failure::Cause;
use crate::id::TaskId;
use crate::sync::{AtomicU32, Ordering};
use crate::task::contract::{self, AnyTask, Details, Header, Host, NOWHERE, SharedHome};
use crate::task::lifecycle::{Claim, Lifecycle};
use crate::task::limit::TimedOut;
use crate::task::outcome::{JoinError, Outcome};
use crate::task::payload::{Mode, Payload, Route};
use crate::task::state::{TaskEvent, TaskState};
use crate::task::stop::Stopping;
use crate::unwind::{self, PanicInfo};
use crate::wait::blocking;
use crate::wait::graph::{ExecutorId, Target};

/// Tells the memory that the calling thread is about to run the task. A hint: where there is none for it,
/// nothing happens.
pub(crate) fn prefetch(task: &Arc<dyn AnyTask>) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
        let first = ptr::from_ref(task.header()).cast::<i8>();
        // SAFETY: a hint; it reads nothing, whatever the address.
        unsafe {
            _mm_prefetch::<_MM_HINT_ET0>(first);
            _mm_prefetch::<_MM_HINT_ET0>(first.wrapping_add(64));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = task;
}

/// The task as the type that it was made as.
pub(crate) fn downcast<T: AnyTask + 'static>(task: Arc<dyn AnyTask>) -> Option<Arc<T>> {
    task.into_any().downcast().ok()
}

/// The closure, then the future, then the outcome.
enum Stage<P, B, O> {
    Unstarted(P),
    Body(B),
    Done(O),
    Gone,
}

type StageOf<M, P, R> =
    Stage<P, <P as Payload<M>>::Body, Outcome<<R as Route<<P as Payload<M>>::Output>>::Kept>>;

/// See the module.
pub(crate) struct TaskCell<M: Mode, P: Payload<M>, R: Route<P::Output>> {
    header: Header,
    stage: UnsafeCell<ManuallyDrop<StageOf<M, P, R>>>,
}

// SAFETY: the closure and the kept outcome are `Send` by their bounds. A body need not be; by invariant
// 2 it is touched on one thread only, whatever threads hold references. The header is `Sync`.
unsafe impl<M: Mode, P: Payload<M>, R: Route<P::Output>> Send for TaskCell<M, P, R> {}
// SAFETY: shared references reach the stage only by invariant 1, one owner at a time, handed over by
// the acquire and release operations of `Lifecycle`.
unsafe impl<M: Mode, P: Payload<M>, R: Route<P::Output>> Sync for TaskCell<M, P, R> {}

/// How a run ended, before it is known who wants to hear of it.
enum Ending<K> {
    Value(K),
    Failed(Cause),
    TimedOut(TimedOut),
    Stopped,
}

impl<M: Mode, P: Payload<M>, R: Route<P::Output>> TaskCell<M, P, R> {
    pub(crate) fn new(
        id: TaskId,
        payload: P,
        home: Arc<SharedHome>,
        spawned_at: &'static Location<'static>,
        details: Option<Details>,
        life: Lifecycle,
    ) -> Arc<Self> {
        let details = details.map_or_else(OnceBox::new, |some| OnceBox::with_value(Box::new(some)));
        Arc::new(TaskCell {
            header: Header {
                life,
                place: AtomicU32::new(NOWHERE),
                since: AtomicU32::new(0),
                id,
                home,
                spawned_at,
                details,
            },
            stage: UnsafeCell::new(ManuallyDrop::new(Stage::Unstarted(payload))),
        })
    }

    /// Takes the payload out of a task that no home took, and ends it. Others may look at it meanwhile.
    pub(crate) fn reclaim(&self) -> Option<P> {
        // It counts as queued from its first moment on, and is in no queue: nobody else claims it, and
        // nobody who cancels it brings it to its home (`lifecycle`, invariant 2).
        if self.header.life.claim(true) == Claim::Nothing {
            return None;
        }
        // SAFETY: claimed; a payload that has not begun is `Send`, so this may be any thread.
        let stage = unsafe { &mut **self.stage.get() };
        let payload = match mem::replace(stage, Stage::Gone) {
            Stage::Unstarted(payload) => Some(payload),
            Stage::Body(_) | Stage::Done(_) | Stage::Gone => None,
        };
        let _ = self.header.life.finish(TaskEvent::Stop);
        payload
    }

    /// Polls the body, making it first if this is the first time.
    ///
    /// # Safety
    ///
    /// The caller owns the payload (invariant 1) and is on the home's thread (invariant 2).
    unsafe fn poll_body(&self, cx: &mut Context<'_>) -> Poll<P::Output> {
        // SAFETY: exclusive by the caller's promise.
        let stage = unsafe { &mut **self.stage.get() };
        if let Stage::Unstarted(_) = stage
            && let Stage::Unstarted(payload) = mem::replace(stage, Stage::Gone)
        {
            *stage = Stage::Body(payload.start());
        }
        match stage {
            // SAFETY: invariant 3.
            Stage::Body(body) => unsafe { Pin::new_unchecked(body) }.poll(cx),
            Stage::Unstarted(_) | Stage::Done(_) | Stage::Gone => Poll::Pending,
        }
    }

    /// Drops in place whatever is there.
    ///
    /// # Safety
    ///
    /// As for `poll_body`; for an outcome, the caller owns that.
    unsafe fn empty(&self) -> Result<(), PanicInfo> {
        // SAFETY: exclusive by the caller's promise; after the drop, panicking or not, the place is
        // overwritten without being dropped again.
        unsafe {
            let place = self.stage.get();
            let result = unwind::guard(|| ManuallyDrop::drop(&mut *place));
            place.write(ManuallyDrop::new(Stage::Gone));
            result
        }
    }

    /// Keeps the outcome for the handle.
    ///
    /// # Safety
    ///
    /// As for `poll_body`, and nothing is there any more.
    unsafe fn store(&self, outcome: Outcome<R::Kept>) {
        // SAFETY: exclusive by the caller's promise; what is overwritten is `Gone`.
        unsafe { self.stage.get().write(ManuallyDrop::new(Stage::Done(outcome))) }
    }

    /// Takes the outcome that was kept.
    ///
    /// # Safety
    ///
    /// The caller owns the outcome (invariant 1).
    unsafe fn take(&self) -> Option<Outcome<R::Kept>> {
        // SAFETY: exclusive by the caller's promise.
        match mem::replace(unsafe { &mut **self.stage.get() }, Stage::Gone) {
            Stage::Done(outcome) => Some(outcome),
            Stage::Unstarted(_) | Stage::Body(_) | Stage::Gone => None,
        }
    }

    /// Does what was claimed, on the home's thread.
    fn follow(self: &Arc<Self>, claim: Claim, host: &dyn Host) {
        let header = &self.header;
        match claim {
            Claim::Poll => {
                header.begins();
                self.poll_once(host);
            }
            Claim::Cancel => {
                // SAFETY: claimed, on the home's thread.
                header.contain(unsafe { self.empty() });
                self.end(Ending::Stopped, host);
            }
            Claim::Bury => {
                // SAFETY: claimed, on the home's thread.
                header.contain(unsafe { self.empty() });
                let _ = header.life.pause();
                header.release_name();
                header.close(host);
            }
            Claim::Discard => {
                // SAFETY: the handle left the outcome to its home, whose thread this is.
                unsafe { self.settle_unread() };
                let _ = header.life.pause();
            }
            Claim::Nothing => {}
        }
    }

    fn poll_once(self: &Arc<Self>, host: &dyn Host) {
        let header = &self.header;
        let polled = {
            // A waker that borrows this reference instead of counting one more.
            // SAFETY: the pointer is that of a live `Arc`; the count that the waker believes to own
            // is never given back, because of `ManuallyDrop`, and `self` outlives it.
            let waker = ManuallyDrop::new(Waker::from(unsafe { Arc::from_raw(Arc::as_ptr(self)) }));
            let mut cx = Context::from_waker(&waker);
            // SAFETY: `claim` said `Poll`, on the home's thread.
            unwind::guard(|| unsafe { self.poll_body(&mut cx) })
        };
        let ending = match polled {
            Ok(Poll::Pending) => {
                header.life.count_poll();
                if header.place.load(Ordering::Relaxed) == NOWHERE {
                    host.keep(Arc::clone(self) as Arc<dyn AnyTask>);
                }
                if header.life.pause() {
                    host.requeue(Arc::clone(self) as Arc<dyn AnyTask>);
                }
                return;
            }
            Ok(Poll::Ready(value)) => {
                // SAFETY: as above.
                header.contain(unsafe { self.empty() });
                match unwind::guard(|| R::settle(value)) {
                    Ok(Ok(kept)) => Ending::Value(kept),
                    // The way out of a task that was asked to stop.
                    Ok(Err(error)) if error.is::<Stopping>() && header.stop().is_asked() => {
                        header.contain(unwind::discard(error));
                        Ending::Stopped
                    }
                    Ok(Err(error)) => Ending::Failed(Cause::error(self.explained(error))),
                    Err(info) => Ending::Failed(Cause::Panic(info)),
                }
            }
            Err(info) => {
                // SAFETY: as above.
                header.contain(unsafe { self.empty() });
                Ending::Failed(Cause::Panic(info))
            }
        };
        self.end(ending, host);
    }

    fn end(&self, ending: Ending<R::Kept>, host: &dyn Host) {
        let header = &self.header;
        let ending = self.judged(ending);
        let event = match &ending {
            Ending::Value(_) => TaskEvent::Complete,
            Ending::Failed(_) | Ending::TimedOut(_) => TaskEvent::Fail,
            Ending::Stopped => TaskEvent::Stop,
        };
        if header.life.has_handle() {
            let outcome = match ending {
                Ending::Value(kept) => Ok(kept),
                Ending::Failed(Cause::Panic(info)) => Err(JoinError::Panicked(Box::new(info))),
                Ending::Failed(cause) => {
                    // A route that keeps values has no errors; should one come, it is the owner's.
                    header.owner().failed(header.failure(cause));
                    Err(JoinError::Stopped)
                }
                Ending::TimedOut(late) => Err(JoinError::TimedOut(Box::new(late))),
                Ending::Stopped => Err(JoinError::Stopped),
            };
            // SAFETY: the payload is owned still, and gone.
            unsafe { self.store(outcome) };
            header.release_name();
            host.unstamp();
            let finished = header.life.finish(event);
            if !finished.for_handle {
                // SAFETY: the handle went away meanwhile, so the outcome is ours.
                unsafe { self.settle_unread() };
            }
            header.close(host);
            if let Some(waiter) = finished.waiter {
                contract::wake(waiter);
            }
            return;
        }
        // Before the account is closed: a runner that waits for its last task must have heard of it first.
        match ending {
            Ending::Value(kept) => header.contain(unwind::discard(kept)),
            Ending::Failed(cause) => header.owner().failed(header.failure(cause)),
            Ending::TimedOut(_) => header.tell_timeout(),
            Ending::Stopped => {}
        }
        header.release_name();
        host.unstamp();
        let _ = header.life.finish(event);
        header.close(host);
    }

    /// How a run ended, if the task's own limit was over before: what it gives then comes too late. A panic
    /// says more than that.
    fn judged(&self, ending: Ending<R::Kept>) -> Ending<R::Kept> {
        let Some(limit) = self.header.overrun() else { return ending };
        match ending {
            Ending::Value(kept) => self.header.contain(unwind::discard(kept)),
            Ending::Stopped | Ending::TimedOut(_) => {}
            Ending::Failed(_) => return ending,
        }
        Ending::TimedOut(limit.timed_out(self.header.label(), false))
    }

    /// An error that came after the task's own limit, with that as its reason.
    fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        match self.header.overrun() {
            Some(limit) => error.context(limit.timed_out(self.header.label(), false)),
            None => error,
        }
    }

    /// Deals with an outcome that nobody will read: a value is dropped, a panic is the owner's.
    ///
    /// # Safety
    ///
    /// The caller owns the outcome (invariant 1) and is on the home's thread.
    unsafe fn settle_unread(&self) {
        let header = &self.header;
        // SAFETY: as the caller promises.
        match unsafe { self.take() } {
            Some(Ok(kept)) => header.contain(unwind::discard(kept)),
            Some(Err(JoinError::Panicked(info))) => header.unread(*info),
            // Of one that was given up, whoever waited was told then.
            Some(Err(JoinError::TimedOut(_))) if header.life.state() != TaskState::Abandoned => {
                header.tell_timeout();
            }
            Some(Err(_)) | None => {}
        }
    }
}

impl<M: Mode, P: Payload<M>, R: Route<P::Output>> AnyTask for TaskCell<M, P, R> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn run(self: Arc<Self>, host: &dyn Host) {
        let header = &self.header;
        let stopping = match header.details().and_then(|details| details.owner.as_ref()) {
            Some(owner) => owner.is_stopping(),
            None => host.is_stopping(),
        };
        let claim = header.life.claim(stopping);
        if claim == Claim::Nothing {
            return;
        }
        host.stamp(header);
        {
            let _current = Current::enter(&self);
            let _span = header.details().and_then(|details| details.span.as_ref()).map(Span::enter);
            self.follow(claim, host);
        }
        if header.life.state().is_final() {
            host.spent(self);
        }
    }
}

impl<M: Mode, P: Payload<M>, R: Route<P::Output>> Target for TaskCell<M, P, R> {
    fn executor(&self) -> Option<ExecutorId> {
        // Whoever waits for one that has ended is about to go on.
        if self.header.life.state().is_final() {
            return None;
        }
        self.header.home().executor().or_else(|| {
            let place = self.header.place.load(Ordering::Acquire);
            (place != NOWHERE).then_some(ExecutorId(place))
        })
    }

    fn label(&self) -> String {
        self.header.label().to_string()
    }
}

impl<M: Mode, P: Payload<M>, R: Route<P::Output>> Wake for TaskCell<M, P, R> {
    fn wake(self: Arc<Self>) {
        if self.header.life.wake() {
            contract::push(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.header.life.wake() {
            contract::push(Arc::clone(self) as Arc<dyn AnyTask>);
        }
    }
}

impl<M: Mode, P: Payload<M>, R: Route<P::Output>> Drop for TaskCell<M, P, R> {
    fn drop(&mut self) {
        let stage = &mut **self.stage.get_mut();
        if matches!(stage, Stage::Gone) {
            return;
        }
        let elsewhere = self.header.home().executor() != blocking::executor();
        if matches!(stage, Stage::Body(_)) && elsewhere {
            // Invariant 2: leaked.
            return;
        }
        // SAFETY: the last reference owns everything; the body is on its own thread.
        self.header.contain(unsafe { self.empty() });
    }
}

/// A task that a handle can take its outcome from.
pub(crate) trait Join<T>: AnyTask {
    /// Takes the outcome, which must be there: the state is final, and only the handle calls this, once.
    fn take_outcome(&self) -> Outcome<T>;
}

impl<M, P, R, T> Join<T> for TaskCell<M, P, R>
where
    M: Mode,
    P: Payload<M>,
    R: Route<P::Output, Kept = T>,
    T: Send + 'static,
{
    fn take_outcome(&self) -> Outcome<T> {
        let state = self.header.life.state();
        if !state.is_final() {
            return Err(JoinError::Taken);
        }
        if state == TaskState::Abandoned {
            return Err(self.header.why_given_up());
        }
        // SAFETY: the state is final and the handle, which calls this, owns the outcome.
        unsafe { self.take() }.unwrap_or(Err(JoinError::Taken))
    }
}

thread_local! {
    /// The task that this thread is running. Points into an `Arc` that `AnyTask::run` holds.
    static CURRENT: Cell<Option<NonNull<dyn AnyTask>>> = const { Cell::new(None) };
}

/// While it lives, the task is the current one of this thread.
struct Current(Option<NonNull<dyn AnyTask>>);

impl Current {
    fn enter<T: AnyTask + 'static>(task: &Arc<T>) -> Self {
        let pointer = Arc::as_ptr(task) as *const dyn AnyTask;
        let before = CURRENT.try_with(|current| current.replace(NonNull::new(pointer.cast_mut())));
        Current(before.ok().flatten())
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.0));
    }
}

/// The task that this thread is running, if it is running one.
pub(crate) fn current() -> Option<Arc<dyn AnyTask>> {
    let pointer = CURRENT.try_with(Cell::get).ok().flatten()?.as_ptr().cast_const();
    // SAFETY: `Current` is set from a live `Arc` and cleared before that reference goes, all on this
    // thread, so the count is above zero; one more is taken for the result.
    unsafe {
        Arc::increment_strong_count(pointer);
        Some(Arc::from_raw(pointer))
    }
}

/// A place for a reference to something that lives for ever, read and written by any thread.
pub(crate) struct StaticCell<T: 'static>(AtomicPtr<T>);

impl<T: Sync> StaticCell<T> {
    pub(crate) const fn empty() -> Self {
        StaticCell(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn set(&self, value: &'static T) {
        self.0.store(ptr::from_ref(value).cast_mut(), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: null, or made from a `&'static T` in `set`. What it points to was there before it
        // was stored: statics are written before any thread can name them.
        unsafe { self.0.load(Ordering::Relaxed).as_ref() }
    }
}
