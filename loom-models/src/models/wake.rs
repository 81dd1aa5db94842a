//! Wakers against the lane that polls: no wake-up is lost, no task is queued twice.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::cell::{Ran, Task};
use crate::explore::{three_threads, two_threads};

/// What a waker tells: written and read without any ordering, that of the wake-up counts.
#[derive(Default)]
struct News(AtomicBool);

impl News {
    fn tell(&self, task: &Task) {
        self.0.store(true, Ordering::Relaxed);
        task.wake();
    }

    fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn f036_f037_a_wake_up_that_meets_a_poll_leads_to_one_more_poll_that_sees_what_was_told() {
    two_threads("wake: wake, poll, pause", || {
        let task = Arc::new(Task::queued(false));
        let news = Arc::new(News::default());
        let (of_waker, told) = (Arc::clone(&task), Arc::clone(&news));
        let waker = thread::spawn(move || told.tell(&of_waker));
        task.drive(|ran| ran == Ran::Over, || news.is_there());
        waker.join().unwrap();
        task.check();
    });
}

#[test]
fn a_task_woken_twice_by_one_thread_is_queued_once_at_a_time() {
    two_threads("wake: wake twice, poll, pause", || {
        let task = Arc::new(Task::queued(false));
        let news = Arc::new([News::default(), News::default()]);
        let (of_waker, told) = (Arc::clone(&task), Arc::clone(&news));
        let waker = thread::spawn(move || told.iter().for_each(|news| news.tell(&of_waker)));
        task.drive(|ran| ran == Ran::Over, || news.iter().all(News::is_there));
        waker.join().unwrap();
        task.check();
    });
}

#[test]
fn of_two_wakers_at_once_both_are_heard() {
    three_threads("wake: two wakers, poll, pause", || {
        let task = Arc::new(Task::queued(false));
        let news = Arc::new([News::default(), News::default()]);
        let wakers: Vec<_> = (0..2)
            .map(|index| {
                let (task, told) = (Arc::clone(&task), Arc::clone(&news));
                thread::spawn(move || told[index].tell(&task))
            })
            .collect();
        task.drive(|ran| ran == Ran::Over, || news.iter().all(News::is_there));
        for waker in wakers {
            waker.join().unwrap();
        }
        task.check();
    });
}
