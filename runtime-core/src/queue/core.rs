//! A queue inside its runner: what its workers take, and what becomes of it.
//!
//! # Invariants
//! 1. An item is in `state`, or a worker has it, or it is over; it gets over once, under the lock of `state`.
//! 2. Items are handed back, handles told, and places given back outside of that lock.
//! 3. Whoever takes an item while others are left wakes another worker, so one always watches what is
//!    delayed.
//! 4. When the last worker has ended nothing waits any more, and nothing new is taken.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use event_listener::Event as Bell;

use crate::event::Stoppable;
use crate::failure::{Cause, Failure, TaskLabel};
use crate::group::node::GroupCore;
use crate::group::policy::OnFailure;
use crate::group::slots::Slots;
use crate::log;
use crate::queue::counters::QueueCounters;
use crate::queue::entry::{Entry, Outcome, Spot};
use crate::queue::error::{ItemError, ItemReason};
use crate::queue::item::Item;
use crate::queue::settings::{OnStop, Settings};
use crate::queue::state::{Held, State};
use crate::sync::Mutex;
use crate::task::cell;
use crate::task::contract::{AnyTask, Owner};
use crate::time::Deadline;
use crate::tools::attempt::{Attempt, TryLater};
use crate::unwind;

/// See the module.
pub(super) struct QueueCore<I, V> {
    pub(super) group: Arc<GroupCore>,
    pub(super) settings: Settings<I>,
    /// One for each item that waits.
    pub(super) places: Slots,
    pub(super) state: Mutex<State<I, V>>,
    /// There is something to do, or there will be nothing any more.
    pub(super) work: Bell,
    /// Nothing is to be done and nobody works.
    pub(super) idle: Bell,
    /// How many of the workers wait for a place in their own queue.
    pub(super) stuck: AtomicUsize,
}

/// What a worker does next.
pub(super) enum Step<I, V> {
    Work(Held<I, V>),
    /// Nothing until then, or until the bell rings.
    Wait(Deadline),
    Over,
}

/// What a worker knows of its own stop.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) is_asked: bool,
    /// Its grace is over.
    pub(super) is_late: bool,
}

impl Asked {
    pub(super) fn of(task: &dyn AnyTask) -> Self {
        let header = task.header();
        let is_asked = header.is_asked();
        let over = |deadline: Deadline| deadline.is_over(Instant::now());
        Asked { is_asked, is_late: is_asked && header.cancelled_at().is_some_and(over) }
    }
}

/// How an attempt ended.
pub(super) enum Ended<V> {
    Done(V),
    Later(TryLater),
    Failed(Cause),
    /// A stop came in between.
    Interrupted,
}

impl<V> From<Attempt<V>> for Ended<V> {
    fn from(attempt: Attempt<V>) -> Self {
        match attempt {
            Attempt::Done(value) => Ended::Done(value),
            Attempt::Later(later) => Ended::Later(later),
        }
    }
}

impl<I, V> QueueCore<I, V> {
    pub(super) fn new(group: Arc<GroupCore>, settings: Settings<I>) -> Self {
        QueueCore {
            group,
            places: Slots::new(settings.capacity),
            state: Mutex::new(State::new(settings.workers)),
            settings,
            work: Bell::new(),
            idle: Bell::new(),
            stuck: AtomicUsize::new(0),
        }
    }

    /// The counters as they are now.
    pub(super) fn counters(&self) -> QueueCounters {
        self.state.lock().counted()
    }

    /// What a worker does next. It has the item then.
    pub(super) fn take(&self, now: Instant, asked: Asked) -> Step<I, V> {
        let mut back = Vec::new();
        let (step, wakes) = {
            let mut state = self.state.lock();
            state.closed |= asked.is_asked;
            state.stopping |= asked.is_asked;
            if state.stopping {
                back = state.take_delayed();
                if self.settings.on_stop == OnStop::HandBack || asked.is_late {
                    back.extend(state.take_waiting());
                }
                state.counters.not_done += back.len() as u64;
            }
            state.wake_delayed(now);
            let step = match state.pop() {
                Some(held) => Step::Work(begin(&mut state, held, now)),
                None if state.closed && state.is_empty() => Step::Over,
                None => Step::Wait(state.next_due()),
            };
            let wakes = match &step {
                // Whoever waits may wait for something that is gone.
                Step::Work(_) | Step::Over if state.closed => usize::MAX,
                Step::Work(_) if !state.is_empty() => 1,
                Step::Work(_) | Step::Wait(_) | Step::Over => 0,
            };
            (step, wakes)
        };
        if matches!(step, Step::Work(_)) {
            self.places.release();
        }
        self.hand_back(back);
        self.wake(wakes);
        step
    }

    /// Wakes so many workers that are not woken yet.
    pub(super) fn wake(&self, workers: usize) {
        match workers {
            0 => {}
            usize::MAX => drop(self.work.notify(usize::MAX)),
            some => drop(self.work.notify_additional(some)),
        }
    }

    /// An attempt has ended.
    pub(super) fn finish(
        &self,
        (entry, item): Held<I, V>,
        began: Instant,
        ended: Ended<V>,
        asked: Asked,
    ) {
        let took = began.elapsed();
        let mut state = self.state.lock();
        if !entry.close() {
            // It was given up.
            drop(state);
            let _ = unwind::discard((item, ended));
            return;
        }
        state.counters.running -= 1;
        state.counters.took(took);
        let reason = match ended {
            Ended::Done(value) => {
                state.counters.done += 1;
                drop(state);
                let _ = unwind::discard(item);
                return self.settle(&entry, Ok(value));
            }
            Ended::Later(later) => {
                state.counters.later += 1;
                if item.attempt >= self.settings.attempts {
                    ItemReason::TooOften
                } else if state.stopping || asked.is_asked {
                    ItemReason::NotDone
                } else {
                    // One place more than there are, if need be: whoever has the item must not wait.
                    self.places.overdraw();
                    again(&mut state, (entry, item), later);
                    drop(state);
                    return self.wake(1);
                }
            }
            Ended::Failed(cause) => ItemReason::Failed(cause),
            Ended::Interrupted => ItemReason::Interrupted,
        };
        match reason {
            ItemReason::TooOften | ItemReason::Failed(_) => state.counters.failed += 1,
            _ => state.counters.not_done += 1,
        }
        drop(state);
        self.give_back((entry, item), reason);
    }

    /// Takes an item out whose turn has not come.
    pub(super) fn cancel(&self, entry: &Entry<I, V>) -> Option<I> {
        let item = {
            let mut state = self.state.lock();
            let (entry, item) = state.take(entry)?;
            entry.close();
            state.counters.cancelled += 1;
            item
        };
        self.places.release();
        self.tell_idle();
        Some(item.into_value())
    }

    /// Takes nothing new; what is there is worked on, then the workers end.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.places.close();
        self.wake(usize::MAX);
    }

    /// Nobody works any more: hands back whatever waits.
    pub(super) fn end(&self) {
        let back = {
            let mut state = self.state.lock();
            state.closed = true;
            state.stopping = true;
            let mut back = state.take_delayed();
            back.extend(state.take_waiting());
            state.counters.not_done += back.len() as u64;
            back
        };
        self.places.close();
        self.hand_back(back);
        self.tell_idle();
    }

    /// One worker less.
    pub(super) fn worker_ended(&self) {
        let last = {
            let mut state = self.state.lock();
            state.workers -= 1;
            state.workers == 0
        };
        if last {
            self.end();
        }
    }

    /// Whether no worker is there any more, not even one that was given up.
    pub(super) fn is_over(&self) -> bool {
        self.group.alive() == 0
    }

    /// All workers have ended or were given up, and one of these has the item: its handle waits no longer.
    pub(super) fn give_up(&self, entry: &Entry<I, V>) {
        self.end();
        {
            let mut state = self.state.lock();
            if !entry.close() {
                return;
            }
            state.counters.running -= 1;
            state.counters.not_done += 1;
        }
        self.settle(entry, Err(entry.error(ItemReason::Abandoned, None)));
    }

    fn hand_back(&self, back: Vec<Held<I, V>>) {
        for (entry, item) in back {
            self.places.release();
            entry.close();
            self.give_back((entry, item), ItemReason::NotDone);
        }
    }

    fn give_back(&self, (entry, item): Held<I, V>, reason: ItemReason) {
        let value = item.into_value();
        self.settle(&entry, Err(entry.error(reason, Some(value))));
    }

    /// It is over: its handle gets what came of it.
    fn settle(&self, entry: &Entry<I, V>, outcome: Outcome<I, V>) {
        if let Some((outcome, wanted)) = entry.tell(outcome) {
            self.unheard(outcome, wanted);
        }
        self.tell_idle();
    }

    /// Tells those who wait for that, if there is nothing to do.
    fn tell_idle(&self) {
        if self.state.lock().is_idle() {
            let _ = unwind::guard(|| self.idle.notify(usize::MAX));
        }
    }

    /// An outcome whose handle nobody holds.
    pub(super) fn unheard(&self, outcome: Outcome<I, V>, wanted: bool) {
        match outcome {
            Ok(value) => drop(unwind::discard(value)),
            Err(error) if error.is_failure() => self.failed(error, wanted),
            Err(error) => match error.into_item() {
                Some(item) if wanted => self.state.lock().left.push(item),
                item => drop(unwind::discard(item)),
            },
        }
    }

    /// An item has failed, and nobody holds its handle: it is the queue's.
    fn failed(&self, error: ItemError<I>, wanted: bool) {
        if !wanted || self.settings.on_failure == OnFailure::Continue {
            log::error(format_args!("{error}; nobody waits for it, and the queue goes on"));
        } else {
            log::error(format_args!("{error}; nobody waits for it, and the queue is stopped"));
            let cause = error.cause().cloned();
            let cause = cause.unwrap_or_else(|| Cause::error(anyhow::anyhow!("{error}")));
            let task = self.label(&error);
            self.group.failed(Failure { task, cause, age: self.group.age() });
        }
        let _ = unwind::discard(error.into_item());
    }

    /// That of the worker that the calling thread runs, or else the queue's own; with the place where the
    /// item was submitted.
    fn label(&self, error: &ItemError<I>) -> TaskLabel {
        let worker = cell::current().filter(|task| self.is_worker(&**task));
        let mut label = match worker {
            Some(worker) => worker.header().label(),
            None => self.group.label().clone(),
        };
        label.spawned_at = error.submitted_at().unwrap_or(label.spawned_at);
        label
    }

    /// Whether the task is one of the workers.
    pub(super) fn is_worker(&self, task: &dyn AnyTask) -> bool {
        let group = task.header().owner().as_group();
        let group = group.and_then(|group| group.downcast_ref::<GroupCore>());
        group.is_some_and(|group| std::ptr::eq(group, &*self.group))
    }

    /// Asks the workers to stop; asked twice, also those that defer it.
    pub(super) fn stop(&self) {
        if self.group.is_stopped() {
            self.group.press();
        }
        self.group.begin_stop();
    }
}

/// A worker has the item from now on.
fn begin<I, V>(state: &mut State<I, V>, (entry, mut item): Held<I, V>, now: Instant) -> Held<I, V> {
    item.attempt = item.attempt.saturating_add(1);
    let first = item.began.is_none();
    let waited = first.then(|| now.saturating_duration_since(item.submitted));
    item.began.get_or_insert(now);
    state.counters.begun(waited);
    {
        let mut inner = entry.inner.lock();
        inner.spot = Spot::Running(cell::current());
        inner.attempts = item.attempt;
    }
    (entry, item)
}

/// Back to the tail, or aside until its time comes.
fn again<I, V>(state: &mut State<I, V>, held: Held<I, V>, later: TryLater) {
    if later.delay().is_zero() {
        state.append(held);
    } else {
        state.delay(held, Deadline::after(later.delay()));
    }
}

impl<I> Item<I> {
    /// What was submitted. Its key is free from now on.
    pub(super) fn into_value(self) -> I {
        drop(self.claim);
        self.value
    }
}
