//! The outcome slot: a lane that finishes against a handle that waits, or goes away.

use std::sync::Arc;
use std::task::Waker;

use loom::thread;

use crate::cell::{Got, Ran, Task};
use crate::explore::{three_threads, two_threads};
use crate::sleep::Bed;
use crate::task::state::TaskState;

fn ends_at_once() -> bool {
    true
}

fn is_left_or_over(ran: Ran) -> bool {
    ran != Ran::Pending
}

/// Waits as `TaskHandle::sleep` does.
fn join(task: &Task) -> Got {
    let bed = Arc::new(Bed::default());
    let waker = bed.waker();
    loop {
        if let Some(got) = task.poll_handle(&waker) {
            return got;
        }
        bed.sleep();
    }
}

#[test]
fn f036_f037_a_waiting_handle_gets_the_outcome_once_and_is_never_left_asleep() {
    two_threads("outcome: finish, watch", || {
        let task = Arc::new(Task::queued(true));
        let handle = Arc::clone(&task);
        let handle = thread::spawn(move || join(&handle));
        task.drive(is_left_or_over, ends_at_once);
        assert_eq!(handle.join().unwrap(), Got::Outcome(TaskState::Completed));
        assert_eq!(task.check(), 1);
    });
}

#[test]
fn a_handle_that_moves_to_another_executor_is_woken_there() {
    two_threads("outcome: finish, watch twice", || {
        let task = Arc::new(Task::queued(true));
        let handle = Arc::clone(&task);
        let handle = thread::spawn(move || {
            // The first executor polled it and let it go.
            match handle.poll_handle(Waker::noop()) {
                Some(got) => got,
                None => join(&handle),
            }
        });
        task.drive(is_left_or_over, ends_at_once);
        assert_eq!(handle.join().unwrap(), Got::Outcome(TaskState::Completed));
        assert_eq!(task.check(), 1);
    });
}

#[test]
fn an_outcome_whose_handle_goes_away_unread_is_dropped_once_by_its_lane() {
    two_threads("outcome: finish, release", || {
        let task = Arc::new(Task::queued(true));
        let handle = Arc::clone(&task);
        let handle = thread::spawn(move || handle.release_handle());
        task.drive(|ran| ran == Ran::Over, ends_at_once);
        handle.join().unwrap();
        assert!(task.check() <= 1);
    });
}

/// A lane that has ended would never come to it.
#[test]
fn a_failure_whose_handle_goes_away_unread_is_told_once_and_left_in_no_queue() {
    three_threads("outcome: fail, release, wake", || {
        let task = Arc::new(Task::failing(true));
        let (handle, waker) = (Arc::clone(&task), Arc::clone(&task));
        let handle = thread::spawn(move || handle.release_handle());
        let waker = thread::spawn(move || waker.wake());
        task.drive(is_left_or_over, ends_at_once);
        handle.join().unwrap();
        waker.join().unwrap();
        assert_eq!(task.check(), 1);
    });
}

#[test]
fn an_outcome_is_dropped_once_also_when_somebody_wakes_the_task_meanwhile() {
    three_threads("outcome: finish, release, wake", || {
        let task = Arc::new(Task::queued(true));
        let (handle, waker) = (Arc::clone(&task), Arc::clone(&task));
        let handle = thread::spawn(move || handle.release_handle());
        let waker = thread::spawn(move || waker.wake());
        task.drive(|ran| ran == Ran::Over, ends_at_once);
        handle.join().unwrap();
        waker.join().unwrap();
        assert!(task.check() <= 1);
    });
}

#[test]
fn a_handle_that_watches_is_woken_whoever_wakes_the_task_meanwhile() {
    three_threads("outcome: finish, watch, wake", || {
        let task = Arc::new(Task::queued(true));
        let (handle, waker) = (Arc::clone(&task), Arc::clone(&task));
        let handle = thread::spawn(move || join(&handle));
        let waker = thread::spawn(move || waker.wake());
        task.drive(is_left_or_over, ends_at_once);
        waker.join().unwrap();
        assert_eq!(handle.join().unwrap(), Got::Outcome(TaskState::Completed));
        assert_eq!(task.check(), 1);
    });
}
