//! Giving a task up against its end: somebody is told, once, and nobody waits for ever.

use std::sync::Arc;

use loom::thread;

use crate::cell::{Got, Ran, Task};
use crate::explore::{three_threads, two_threads};
use crate::sleep::Bed;
use crate::task::state::TaskState;

/// The lane comes back from the poll for which the task was given up.
fn drive(task: &Task) {
    task.drive(|ran| ran != Ran::Pending, || true);
}

#[test]
fn a_task_is_given_up_or_has_ended_and_its_lane_cleans_up_either_way() {
    two_threads("give up: give up, finish", || {
        let task = Arc::new(Task::queued(false));
        let controller = Arc::clone(&task);
        let controller = thread::spawn(move || controller.give_up());
        drive(&task);
        let in_time = controller.join().unwrap();
        assert_eq!(task.life.state() == TaskState::Abandoned, in_time);
        task.check();
    });
}

#[test]
fn the_handle_of_a_task_that_is_given_up_is_told_and_touches_no_outcome() {
    three_threads("give up: give up, finish, watch", || {
        let task = Arc::new(Task::queued(true));
        let (controller, handle) = (Arc::clone(&task), Arc::clone(&task));
        let controller = thread::spawn(move || controller.give_up());
        let handle = thread::spawn(move || {
            let bed = Arc::new(Bed::default());
            let waker = bed.waker();
            loop {
                if let Some(got) = handle.poll_handle(&waker) {
                    return got;
                }
                bed.sleep();
            }
        });
        drive(&task);
        let in_time = controller.join().unwrap();
        let got = handle.join().unwrap();
        assert_eq!(got == Got::Abandoned, in_time);
        task.check();
    });
}

#[test]
fn a_task_that_is_given_up_twice_is_given_up_once() {
    three_threads("give up: give up twice, finish", || {
        let task = Arc::new(Task::queued(false));
        let controllers: Vec<_> = (0..2)
            .map(|_| {
                let task = Arc::clone(&task);
                thread::spawn(move || task.give_up())
            })
            .collect();
        drive(&task);
        let in_time = controllers.into_iter().map(|one| one.join().unwrap());
        let in_time = in_time.filter(|in_time| *in_time).count();
        assert_eq!(in_time, usize::from(task.life.state() == TaskState::Abandoned));
        task.check();
    });
}

#[test]
fn a_handle_that_goes_away_as_its_task_is_given_up_leaves_the_outcome_to_the_lane() {
    three_threads("give up: give up, finish, release", || {
        let task = Arc::new(Task::queued(true));
        let (controller, handle) = (Arc::clone(&task), Arc::clone(&task));
        let controller = thread::spawn(move || controller.give_up());
        let handle = thread::spawn(move || handle.release_handle());
        task.drive(|ran| ran == Ran::Over, || true);
        controller.join().unwrap();
        handle.join().unwrap();
        assert!(task.check() <= 1);
    });
}

/// As a lane that closes: it runs all that it keeps, and then its queue.
#[test]
fn a_task_that_is_given_up_is_buried_once_though_its_lane_comes_upon_it_twice() {
    two_threads("give up: give up, cancel, close", || {
        let task = Arc::new(Task::queued(false));
        task.drive(|ran| ran == Ran::Pending, || false);
        let controller = Arc::clone(&task);
        let controller = thread::spawn(move || {
            controller.give_up();
            controller.cancel();
        });
        let _ = task.life.cancel();
        assert_eq!(task.run(|| false), Ran::Over);
        controller.join().unwrap();
        assert_eq!(task.run(|| false), Ran::Over);
        task.unqueue();
        task.check();
    });
}
