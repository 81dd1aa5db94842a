//! The word of a task, one operation after the other. What threads do to it at once is loom's matter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

use crate::task::lifecycle::{Claim, Lifecycle, Released};
use crate::task::state::{TaskEvent, TaskState};

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

fn plain() -> Lifecycle {
    Lifecycle::queued(false, false, false)
}

fn with_handle() -> Lifecycle {
    Lifecycle::queued(true, false, false)
}

/// Has been polled once, and waits.
fn waiting(life: Lifecycle) -> Lifecycle {
    assert_eq!(life.claim(false), Claim::Poll);
    assert!(!life.pause());
    life
}

/// Has ended in this way.
fn ended(life: Lifecycle, event: TaskEvent) -> Lifecycle {
    let life = waiting(life);
    assert!(life.wake());
    assert_eq!(life.claim(false), Claim::Poll);
    let _ = life.finish(event);
    life
}

#[test]
fn a_task_is_polled_until_it_ends() {
    let life = plain();
    assert_eq!((life.state(), life.polls()), (TaskState::Initialized, 0));
    assert!(!life.has_handle() && !life.is_cancelled() && !life.is_transient());
    assert!(!life.has_children());
    assert_eq!(life.claim(false), Claim::Poll);
    assert_eq!(life.state(), TaskState::Running);
    life.count_poll();
    life.count_poll();
    assert_eq!(life.polls(), 2);
    assert!(!life.pause());
    // Woken twice it is queued once.
    assert!(life.wake());
    assert!(!life.wake());
    assert_eq!(life.claim(false), Claim::Poll);
    // Woken while it is polled it is queued by its poller.
    assert!(!life.wake());
    assert!(life.pause());
    assert_eq!(life.claim(false), Claim::Poll);
    let finished = life.finish(TaskEvent::Complete);
    assert!(!finished.for_handle && finished.waiter.is_none());
    assert_eq!(life.state(), TaskState::Completed);
    assert!(!life.wake() && !life.cancel() && !life.cancel_unbegun());
    assert_eq!(life.claim(false), Claim::Nothing);
    assert!(life.give_up().is_none());
}

#[test]
fn the_end_says_what_it_was() {
    for (event, state) in [
        (TaskEvent::Complete, TaskState::Completed),
        (TaskEvent::Fail, TaskState::Failed),
        (TaskEvent::Stop, TaskState::Stopped),
    ] {
        assert_eq!(ended(plain(), event).state(), state);
    }
}

#[test]
fn a_stop_keeps_from_beginning_whoever_has_not_and_cleans_nothing_up() {
    assert_eq!(plain().claim(true), Claim::Cancel);
    assert_eq!(Lifecycle::queued(false, true, false).claim(true), Claim::Poll);
    let begun = waiting(plain());
    assert!(begun.wake());
    assert_eq!(begun.claim(true), Claim::Poll);
}

#[test]
fn a_task_that_is_cancelled_is_dropped_at_its_next_turn() {
    let queued = plain();
    assert!(!queued.cancel(), "it stands in the queue");
    assert!(queued.is_cancelled());
    assert_eq!(queued.claim(false), Claim::Cancel);
    let asleep = waiting(plain());
    assert!(asleep.cancel());
    assert!(!asleep.cancel());
    assert_eq!(asleep.claim(false), Claim::Cancel);
    let polled = plain();
    assert_eq!(polled.claim(false), Claim::Poll);
    assert!(!polled.cancel());
    assert!(polled.pause());
    assert_eq!(polled.claim(false), Claim::Cancel);
    let _ = polled.finish(TaskEvent::Stop);
    assert_eq!(polled.state(), TaskState::Stopped);
}

#[test]
fn one_that_has_begun_is_not_cancelled_as_one_that_has_not() {
    let queued = plain();
    assert!(!queued.cancel_unbegun(), "it stands in the queue");
    assert!(queued.is_cancelled());
    assert_eq!(queued.claim(false), Claim::Cancel);
    let begun = waiting(plain());
    assert!(!begun.cancel_unbegun());
    assert!(!begun.is_cancelled());
}

#[test]
fn whether_it_keeps_its_runner_alive_can_change_until_it_ends() {
    let life = plain();
    assert!(!life.set_transient(false));
    assert!(life.set_transient(true));
    assert!(!life.set_transient(true));
    assert!(life.is_transient());
    assert!(life.set_transient(false));
    assert!(!life.is_transient());
    assert!(Lifecycle::queued(false, false, true).is_transient());
    let over = ended(plain(), TaskEvent::Complete);
    assert!(!over.set_transient(true) && !over.is_transient());
}

#[test]
fn children_come_while_the_body_lives() {
    let life = plain();
    assert!(life.have_children() && life.has_children());
    assert!(ended(life, TaskEvent::Complete).have_children(), "it has had some");
    let over = ended(plain(), TaskEvent::Complete);
    assert!(!over.have_children() && !over.has_children());
}

#[test]
fn an_outcome_is_the_handles_while_there_is_one() {
    let life = with_handle();
    assert!(life.has_handle());
    assert_eq!(life.claim(false), Claim::Poll);
    assert!(life.finish(TaskEvent::Complete).for_handle);
    assert_eq!(life.claim(false), Claim::Nothing);
    // Left unread it is dropped at home, once.
    assert_eq!(life.release_handle(), Released::Unread);
    assert!(!life.has_handle());
    assert_eq!(life.claim(false), Claim::Discard);
    assert!(!life.pause());
    assert_eq!(life.claim(false), Claim::Nothing);
}

#[test]
fn a_handle_that_goes_away_leaves_what_there_is() {
    assert_eq!(with_handle().release_handle(), Released::Early);
    assert_eq!(waiting(with_handle()).release_handle(), Released::Early);
    let stopped = ended(with_handle(), TaskEvent::Stop);
    assert_eq!(stopped.release_handle(), Released::Unread);
    // A failure stays the handle's until it has told it.
    let failed = ended(with_handle(), TaskEvent::Fail);
    assert_eq!(failed.release_handle(), Released::Failed);
    assert_eq!(failed.claim(false), Claim::Nothing);
    let given_up = waiting(with_handle());
    assert!(given_up.give_up().is_some());
    assert_eq!(given_up.release_handle(), Released::GivenUp);
    let early = with_handle();
    let _ = early.release_handle();
    assert_eq!(early.claim(false), Claim::Poll);
    assert!(!early.finish(TaskEvent::Complete).for_handle);
}

#[test]
fn whoever_waits_is_woken_by_the_end_and_by_being_given_up() {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let life = with_handle();
    assert!(!life.watch(&waker));
    assert!(!life.watch(&waker), "the same one again");
    assert_eq!(life.claim(false), Claim::Poll);
    life.finish(TaskEvent::Complete).waiter.expect("it waits").wake();
    assert_eq!(woken.count(), 1);
    assert!(life.watch(&waker), "it has ended");
    let life = waiting(with_handle());
    assert!(!life.watch(&waker));
    life.give_up().expect("in time").expect("it waits").wake();
    assert_eq!(woken.count(), 2);
    // Another one takes its place.
    let (other, life) = (Arc::new(Woken::default()), waiting(with_handle()));
    assert!(!life.watch(&waker) && !life.watch(&Waker::from(Arc::clone(&other))));
    life.give_up().expect("in time").expect("it waits").wake();
    assert_eq!((woken.count(), other.count()), (2, 1));
}

#[test]
fn whoever_is_given_up_is_buried_once() {
    let life = waiting(with_handle());
    assert!(life.give_up().is_some_and(|waiter| waiter.is_none()));
    assert_eq!(life.state(), TaskState::Abandoned);
    assert!(life.give_up().is_none());
    assert_eq!(life.claim(false), Claim::Bury);
    assert!(!life.pause());
    assert_eq!(life.claim(false), Claim::Nothing);
    // Or ends late, and then there is nobody to be buried.
    let late = with_handle();
    assert_eq!(late.claim(false), Claim::Poll);
    assert!(late.give_up().is_some());
    assert!(!late.finish(TaskEvent::Complete).for_handle);
    assert_eq!(late.state(), TaskState::Abandoned);
    assert_eq!(late.claim(false), Claim::Nothing);
}

#[test]
fn states_read_as_words() {
    let states = [
        (TaskState::Initialized, "initialized"),
        (TaskState::Running, "running"),
        (TaskState::Completed, "completed"),
        (TaskState::Failed, "failed"),
        (TaskState::Stopped, "stopped"),
        (TaskState::Abandoned, "abandoned"),
    ];
    for (state, word) in states {
        assert_eq!(state.to_string(), word);
    }
}
