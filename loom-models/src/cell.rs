//! What `task/cell.rs` does with a task's word, on a stage that loom watches.
//!
//! `TaskCell` itself cannot be modelled: it needs `unsafe`, real threads and the whole of the core. Its
//! protocol is in `lifecycle.rs`; what is left of it is repeated here, step by step.

use std::sync::atomic::{AtomicBool as Plain, AtomicU32 as Count};
use std::task::Waker;

use loom::sync::atomic::Ordering;

use crate::guarded::Guarded;
use crate::sleep::Bed;
use crate::task::lifecycle::{Claim, Lifecycle, Released};
use crate::task::state::{TaskEvent, TaskState};

const PAYLOAD: u32 = 1;
const OUTCOME: u32 = 2;
const GONE: u32 = 3;

/// A task, and the lane that runs it.
pub(crate) struct Task {
    pub(crate) life: Lifecycle,
    /// How its last poll ends it.
    last: TaskEvent,
    stage: Guarded,
    lane: Bed,
    /// Whether it stands in the lane's queue. Not loom's, like the counts: see `Guarded`.
    queued: Plain,
    /// How often its account was closed.
    closed: Count,
    /// How often its outcome was seen, by its handle or by its lane.
    seen: Count,
}

/// What one run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It has work left.
    Pending,
    /// It has ended, and the lane has nothing to do with it any more.
    Over,
    /// It has ended, and its outcome is the handle's.
    Left,
}

/// What the handle got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Outcome(TaskState),
    Abandoned,
}

impl Task {
    /// A task in the queue of its lane.
    pub(crate) fn queued(handle: bool) -> Self {
        Task {
            life: Lifecycle::queued(handle, false, false),
            last: TaskEvent::Complete,
            stage: Guarded::new(PAYLOAD),
            lane: Bed::default(),
            queued: Plain::new(true),
            closed: Count::new(0),
            seen: Count::new(0),
        }
    }

    /// The same, of one that fails.
    pub(crate) fn failing(handle: bool) -> Self {
        Task { last: TaskEvent::Fail, ..Self::queued(handle) }
    }

    /// As `cell::push`: `lifecycle`, invariant 2, says that it is in at most one queue, once.
    pub(crate) fn push(&self) {
        assert!(!self.queued.swap(true, Ordering::SeqCst), "queued twice");
        self.lane.wake_up();
    }

    /// As a waker of the task.
    pub(crate) fn wake(&self) {
        if self.life.wake() {
            self.push();
        }
    }

    /// As `cell::cancel`.
    pub(crate) fn cancel(&self) {
        if self.life.cancel() {
            self.push();
        }
    }

    /// As `Header::give_up`. Whether it was in time.
    pub(crate) fn give_up(&self) -> bool {
        let waiter = self.life.give_up();
        let in_time = waiter.is_some();
        if let Some(Some(waiter)) = waiter {
            waiter.wake();
        }
        in_time
    }

    /// As `TaskHandle::is_ready` and `take`: `None`, and the waker is left.
    pub(crate) fn poll_handle(&self, waker: &Waker) -> Option<Got> {
        (self.life.state().is_final() || self.life.watch(waker)).then(|| self.take())
    }

    fn take(&self) -> Got {
        let state = self.life.state();
        if state == TaskState::Abandoned {
            return Got::Abandoned;
        }
        self.see();
        Got::Outcome(state)
    }

    /// As the `Drop` of the handle.
    pub(crate) fn release_handle(&self) {
        match self.life.release_handle() {
            Released::Early | Released::GivenUp => {}
            Released::Failed => self.see(),
            Released::Unread => self.push(),
        }
    }

    /// The lane's turn: runs the task whenever it is queued, until it is `over`.
    pub(crate) fn drive(&self, over: impl Fn(Ran) -> bool, body: impl Fn() -> bool) {
        loop {
            if !self.queued.swap(false, Ordering::SeqCst) {
                self.lane.sleep();
            } else if over(self.run(&body)) {
                return;
            }
        }
    }

    /// The lane takes it out of its queue, if it is there.
    pub(crate) fn unqueue(&self) {
        self.queued.store(false, Ordering::SeqCst);
    }

    /// As `AnyTask::run`; `body` says whether this poll is the last.
    pub(crate) fn run(&self, body: impl Fn() -> bool) -> Ran {
        match self.life.claim(false) {
            Claim::Poll => {
                self.stage.change(PAYLOAD, PAYLOAD);
                if body() {
                    self.stage.change(PAYLOAD, GONE);
                    return self.end(self.last);
                }
                if self.life.pause() {
                    self.push();
                }
                Ran::Pending
            }
            Claim::Cancel => {
                self.stage.change(PAYLOAD, GONE);
                self.end(TaskEvent::Stop)
            }
            Claim::Bury => {
                self.stage.change(PAYLOAD, GONE);
                let _ = self.life.pause();
                self.close();
                Ran::Over
            }
            Claim::Discard => {
                self.see();
                let _ = self.life.pause();
                Ran::Over
            }
            Claim::Nothing => Ran::Over,
        }
    }

    /// As `TaskCell::end`.
    fn end(&self, event: TaskEvent) -> Ran {
        if !self.life.has_handle() {
            // A failure is told to its owner.
            self.seen.fetch_add(u32::from(event == TaskEvent::Fail), Ordering::SeqCst);
            let _ = self.life.finish(event);
            self.close();
            return Ran::Over;
        }
        self.stage.change(GONE, OUTCOME);
        let finished = self.life.finish(event);
        self.close();
        if let Some(waiter) = finished.waiter {
            waiter.wake();
        }
        if finished.for_handle {
            return Ran::Left;
        }
        self.see();
        Ran::Over
    }

    fn see(&self) {
        self.stage.change(OUTCOME, GONE);
        self.seen.fetch_add(1, Ordering::SeqCst);
    }

    fn close(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }

    /// When all is over: it has ended once, and nothing is left in the cell or in the queue. Says how often
    /// the outcome was seen.
    pub(crate) fn check(&self) -> u32 {
        assert!(self.life.state().is_final());
        self.stage.expect(GONE);
        assert!(!self.queued.load(Ordering::SeqCst), "left in the queue");
        let closed = self.closed.load(Ordering::SeqCst);
        assert_eq!(closed, 1, "how often its account was closed");
        self.seen.load(Ordering::SeqCst)
    }
}
