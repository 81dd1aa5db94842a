//! A cancellation against polls, wake-ups and the end.

use std::sync::Arc;

use loom::thread;

use crate::cell::{Ran, Task};
use crate::explore::{three_threads, two_threads};
use crate::task::state::TaskState;

#[test]
fn a_task_that_would_pend_for_ever_ends_when_it_is_cancelled() {
    two_threads("cancel: cancel, poll, pause", || {
        let task = Arc::new(Task::queued(false));
        let canceller = Arc::clone(&task);
        let canceller = thread::spawn(move || canceller.cancel());
        task.drive(|ran| ran == Ran::Over, || false);
        canceller.join().unwrap();
        task.check();
        assert_eq!(task.life.state(), TaskState::Stopped);
    });
}

#[test]
fn f039a_a_task_that_ends_as_it_is_cancelled_ends_once() {
    two_threads("cancel: cancel, finish", || {
        let task = Arc::new(Task::queued(false));
        let canceller = Arc::clone(&task);
        let canceller = thread::spawn(move || canceller.cancel());
        task.drive(|ran| ran == Ran::Over, || true);
        canceller.join().unwrap();
        task.check();
        assert!(matches!(task.life.state(), TaskState::Completed | TaskState::Stopped));
    });
}

#[test]
fn a_cancellation_beside_a_wake_up_is_not_lost() {
    three_threads("cancel: cancel, wake, poll, pause", || {
        let task = Arc::new(Task::queued(false));
        let (canceller, waker) = (Arc::clone(&task), Arc::clone(&task));
        let canceller = thread::spawn(move || canceller.cancel());
        let waker = thread::spawn(move || waker.wake());
        task.drive(|ran| ran == Ran::Over, || false);
        canceller.join().unwrap();
        waker.join().unwrap();
        task.check();
        assert_eq!(task.life.state(), TaskState::Stopped);
    });
}

#[test]
fn f039a_two_cancellations_are_one() {
    three_threads("cancel: two cancels, poll, pause", || {
        let task = Arc::new(Task::queued(true));
        let cancellers: Vec<_> = (0..2)
            .map(|_| {
                let task = Arc::clone(&task);
                thread::spawn(move || task.cancel())
            })
            .collect();
        task.drive(|ran| ran == Ran::Left, || false);
        for canceller in cancellers {
            canceller.join().unwrap();
        }
        task.release_handle();
        assert_eq!(task.run(|| false), Ran::Over);
    });
}
