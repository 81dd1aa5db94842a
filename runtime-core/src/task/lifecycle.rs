//! The word that every task carries: its state, who may touch its payload, and who waits for it.
//!
//! # Invariants
//! 1. Whoever set `POLLING` (by [`Lifecycle::claim`]) owns the payload until it clears it again, by
//!    [`Lifecycle::pause`] or [`Lifecycle::finish`]. Nobody else touches the payload meanwhile.
//! 2. A task is in at most one queue, once: only the one whose change set `QUEUED` while `POLLING`
//!    was clear puts it there. A task woken while it is polled is queued again by its poller.
//! 3. After a final state other than `Abandoned` the outcome belongs to the handle while `HANDLE` is
//!    set, and to whoever clears `HANDLE`. In `Abandoned` nobody reads the outcome.
//! 4. A waiter is never missed: it stores its waker, then sets `WAITER`; the finisher sets the final
//!    state, then looks at `WAITER`. Both are read-modify-writes of one word, so one sees the other.

use std::task::Waker;

use crate::sync::{AtomicU32, Mutex, Ordering};
use crate::task::state::{TaskEvent, TaskState};

const STATE: u32 = 0b111;
/// In an inbox or a run queue, or about to be put there by the poller.
const QUEUED: u32 = 1 << 3;
/// Somebody owns the payload (invariant 1).
const POLLING: u32 = 1 << 4;
/// A handle may still come for the outcome.
const HANDLE: u32 = 1 << 5;
/// A waker was left in `waiter`.
const WAITER: u32 = 1 << 6;
/// The payload is to be dropped instead of polled.
const CANCEL: u32 = 1 << 7;
/// Taken while its owner was stopping, as a child of a task that cleans up: it may still begin.
const CLEANUP: u32 = 1 << 8;
/// The handle went away after the end: the outcome is to be dropped where it was made.
const UNREAD: u32 = 1 << 9;
/// It keeps its runner not alive: counted beside those that do.
const TRANSIENT: u32 = 1 << 10;
/// It has, or has had, children.
const CHILDREN: u32 = 1 << 11;
/// Given up, and its payload is gone: nothing is left to be done.
const BURIED: u32 = 1 << 12;

/// See the module.
pub(crate) struct Lifecycle {
    word: AtomicU32,
    /// How often it was polled; here, since there is room beside the word.
    polls: AtomicU32,
    waiter: Mutex<Option<Waker>>,
}

/// What the claimer of a task has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Poll it, then `pause` or `finish`.
    Poll,
    /// Drop its payload, then `finish` with `Stop`.
    Cancel,
    /// Drop the payload of a task that was given up, then `pause`; its state is final already. Once: a lane that
    /// closes looks at all that it keeps, and then at its queue, where the same task may be.
    Bury,
    /// Drop the outcome that its handle left unread, then `pause`.
    Discard,
    /// Nothing: it ended meanwhile.
    Nothing,
}

/// What came of [`Lifecycle::finish`].
#[must_use]
pub(crate) struct Finished {
    /// The outcome belongs to the handle; otherwise to the caller.
    pub(crate) for_handle: bool,
    /// To be woken, outside every lock.
    pub(crate) waiter: Option<Waker>,
}

/// What a handle leaves that goes away unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    /// The task goes on, and deals with its outcome itself.
    Early,
    /// A failure, which is the handle's still: it tells it here and now.
    Failed,
    /// An outcome that is to be dropped at home: the caller puts the task into its queue, where the claim
    /// says `Discard`.
    Unread,
    /// A task that was given up.
    GivenUp,
}

const fn encode(state: TaskState) -> u32 {
    match state {
        TaskState::Initialized => 0,
        TaskState::Running => 1,
        TaskState::Completed => 2,
        TaskState::Failed => 3,
        TaskState::Stopped => 4,
        TaskState::Abandoned => 5,
    }
}

const fn decode(word: u32) -> TaskState {
    match word & STATE {
        0 => TaskState::Initialized,
        1 => TaskState::Running,
        2 => TaskState::Completed,
        3 => TaskState::Failed,
        4 => TaskState::Stopped,
        _ => TaskState::Abandoned,
    }
}

impl Lifecycle {
    /// A task about to be queued for the first time.
    pub(crate) fn queued(handle: bool, cleanup: bool, transient: bool) -> Self {
        let mut word = encode(TaskState::Initialized) | QUEUED;
        if handle {
            word |= HANDLE;
        }
        if cleanup {
            word |= CLEANUP;
        }
        if transient {
            word |= TRANSIENT;
        }
        Lifecycle { word: AtomicU32::new(word), polls: AtomicU32::new(0), waiter: Mutex::new(None) }
    }

    pub(crate) fn state(&self) -> TaskState {
        // Acquire: pairs with the release in `finish`, whose outcome is read after this.
        decode(self.word.load(Ordering::Acquire))
    }

    /// Somebody has a handle, so an outcome has to be kept.
    pub(crate) fn has_handle(&self) -> bool {
        self.word.load(Ordering::Relaxed) & HANDLE != 0
    }

    /// Whether its payload is to be dropped.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.word.load(Ordering::Relaxed) & CANCEL != 0
    }

    /// Whether it has, or has had, children. Set once and for all when the state is final.
    pub(crate) fn has_children(&self) -> bool {
        // Acquire: what was made for them before is seen.
        self.word.load(Ordering::Acquire) & CHILDREN != 0
    }

    /// Says that it has children. `false`: its body is over, and it had none.
    #[must_use]
    pub(crate) fn have_children(&self) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & CHILDREN != 0 {
                return true;
            }
            if decode(word).is_final() {
                return false;
            }
            let next = word | CHILDREN;
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Whether it keeps its runner not alive. Set once and for all when the state is final.
    pub(crate) fn is_transient(&self) -> bool {
        self.word.load(Ordering::Relaxed) & TRANSIENT != 0
    }

    /// Says whether it keeps its runner alive. `false`: that is said already, or the task is over.
    #[must_use]
    pub(crate) fn set_transient(&self, transient: bool) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = if transient { word | TRANSIENT } else { word & !TRANSIENT };
            if next == word || decode(word).is_final() {
                return false;
            }
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Asks for one more poll. `true`: the caller puts the task into its queue (invariant 2).
    #[must_use]
    pub(crate) fn wake(&self) -> bool {
        // Release: what the waker's caller wrote is seen by the poll (acquire in `claim`).
        let before = self.word.fetch_or(QUEUED, Ordering::AcqRel);
        before & (QUEUED | POLLING) == 0 && !decode(before).is_final()
    }

    /// Asks for the payload to be dropped. `true`: the caller puts the task into its queue.
    #[must_use]
    pub(crate) fn cancel(&self) -> bool {
        let before = self.word.fetch_or(CANCEL | QUEUED, Ordering::AcqRel);
        before & (QUEUED | POLLING) == 0 && !decode(before).is_final()
    }

    /// As `cancel`, if it has not begun: one that begins meanwhile keeps its grace.
    #[must_use]
    pub(crate) fn cancel_unbegun(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while decode(word) == TaskState::Initialized {
            let next = word | CANCEL | QUEUED;
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(before) => return before & (QUEUED | POLLING) == 0,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes the payload out of the queue and into the caller's hands. With `stopping`, a task that
    /// has not begun is not begun any more, unless it was taken for a cleanup.
    pub(crate) fn claim(&self, stopping: bool) -> Claim {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (next, claim) = Self::claimed(word, stopping);
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return claim,
                Err(now) => word = now,
            }
        }
    }

    fn claimed(word: u32, stopping: bool) -> (u32, Claim) {
        let unqueued = word & !QUEUED;
        let state = decode(word);
        if state.is_final() {
            let buried = word & BURIED != 0 && !cfg!(planted = "buried-twice");
            return if state == TaskState::Abandoned && !buried {
                (unqueued | POLLING | BURIED, Claim::Bury)
            } else if word & UNREAD != 0 {
                ((unqueued & !UNREAD) | POLLING, Claim::Discard)
            } else {
                (unqueued, Claim::Nothing)
            };
        }
        let unwanted = stopping && state == TaskState::Initialized && word & CLEANUP == 0;
        if word & CANCEL != 0 || unwanted {
            return (unqueued | POLLING, Claim::Cancel);
        }
        let running = state.on(TaskEvent::Start).unwrap_or(state);
        ((unqueued & !STATE) | encode(running) | POLLING, Claim::Poll)
    }

    /// Counts a poll. Only whoever owns the payload does so.
    pub(crate) fn count_poll(&self) {
        self.polls.store(self.polls().wrapping_add(1), Ordering::Relaxed);
    }

    /// How often it was polled.
    pub(crate) fn polls(&self) -> u32 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Gives the payload back after a poll that was not the last. `true`: queue the task again.
    #[must_use]
    pub(crate) fn pause(&self) -> bool {
        let before = self.word.fetch_and(!POLLING, Ordering::AcqRel);
        before & QUEUED != 0
    }

    /// Sets the final state. The outcome, if a handle may want it, has been stored before this.
    pub(crate) fn finish(&self, event: TaskEvent) -> Finished {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let state = decode(word).on(event);
            // Given up before it ended: nobody waits for its outcome any more.
            let late = state.is_none();
            let is = match state {
                Some(state) => encode(state),
                None => encode(decode(word)) | BURIED,
            };
            let next = (word & !(STATE | POLLING | QUEUED)) | is;
            // Release: the outcome is visible to whoever sees the final state.
            let publish = if cfg!(planted = "relaxed-outcome") {
                Ordering::Relaxed
            } else {
                Ordering::AcqRel
            };
            match self.word.compare_exchange_weak(word, next, publish, Ordering::Relaxed) {
                Ok(_) => {
                    let waiter = if word & WAITER != 0 { self.waiter.lock().take() } else { None };
                    return Finished { for_handle: !late && word & HANDLE != 0, waiter };
                }
                Err(now) => word = now,
            }
        }
    }

    /// Gives the task up, whoever owns its payload. `None`: it has ended; else its waiter, if any.
    #[must_use]
    pub(crate) fn give_up(&self) -> Option<Option<Waker>> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let state = decode(word).on(TaskEvent::GiveUp)?;
            let next = (word & !STATE) | encode(state);
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(self.waiter.lock().take()),
                Err(now) => word = now,
            }
        }
    }

    /// Leaves a waker to be called at the end. `true`: it has ended already, look at the outcome.
    #[must_use]
    pub(crate) fn watch(&self, waker: &Waker) -> bool {
        let known = self.waiter.lock().as_ref().is_some_and(|there| there.will_wake(waker));
        if !known {
            // Cloned and dropped without the lock: a waker is somebody else's code.
            let new = Some(waker.clone());
            let old = std::mem::replace(&mut *self.waiter.lock(), new);
            drop(old);
        }
        if cfg!(planted = "lost-wake-up") {
            let ended = self.state().is_final();
            self.word.fetch_or(WAITER, Ordering::AcqRel);
            return ended;
        }
        // Invariant 4.
        decode(self.word.fetch_or(WAITER, Ordering::AcqRel)).is_final()
    }

    /// The handle goes away unread. Says what it leaves, in one step with seeing whether it has ended: a failure is
    /// told by whoever goes last, and never left in a queue that may be closed by then.
    #[must_use]
    pub(crate) fn release_handle(&self) -> Released {
        // Acquire: pairs with the release in `finish`, whose outcome is read after this.
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let unhandled = word & !HANDLE;
            let (next, released) = match decode(word) {
                TaskState::Initialized | TaskState::Running => (unhandled, Released::Early),
                TaskState::Failed if !cfg!(planted = "unread-panic-queued") => {
                    return Released::Failed;
                }
                TaskState::Completed | TaskState::Failed | TaskState::Stopped => {
                    (unhandled | UNREAD | QUEUED, Released::Unread)
                }
                TaskState::Abandoned => (unhandled, Released::GivenUp),
            };
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return released,
                Err(now) => word = now,
            }
        }
    }
}
