//! Whose turn it is: priorities, and keys that only one item has at a time.

use std::sync::{Arc, Mutex};

use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner};
use spumoni::Reason;
use spumoni::prelude::*;

use crate::{Flavoured, calling, twice, waiting};

on_each!(
    the_higher_the_priority_the_sooner_the_turn,
    without_priorities_items_come_in_the_order_of_arrival,
    an_item_with_the_key_of_another_is_refused_until_that_is_over,
    a_key_is_free_again_after_a_failure_and_after_a_cancel,
);

/// Items in the order in which they were worked on, after one that waited at the gate.
type Done = Arc<Mutex<Vec<u32>>>;

fn noting(done: &Done) -> impl Fn(&Item<u32>) + Clone + Send + 'static {
    let done = Arc::clone(done);
    move |item| done.lock().unwrap().push(**item)
}

/// S51, and S91: nothing has to be compared with the end.
fn the_higher_the_priority_the_sooner_the_turn<F: Flavoured>(flavour: F) {
    let runner = runner();
    let (gate, done) = (Gate::default(), Done::default());
    let queue = runner.queue("urgent").priority(|item: &u32| i64::from(*item % 10));
    let queue = waiting(queue, flavour, &gate, noting(&done));
    queue.adopt_blocking(0).unwrap();
    gate.wait_for(1);
    for item in [11, 25, 3, 15, 21, 5, 15] {
        queue.adopt_blocking(item).unwrap();
    }
    gate.open();
    queue.idle_blocking().unwrap();
    assert_eq!(*done.lock().unwrap(), [0, 25, 15, 5, 15, 3, 11, 21]);
    drop(queue);
    finish(runner);
}

fn without_priorities_items_come_in_the_order_of_arrival<F: Flavoured>(flavour: F) {
    let runner = runner();
    let (gate, done) = (Gate::default(), Done::default());
    let queue = waiting(runner.queue("fifo"), flavour, &gate, noting(&done));
    for item in [3, 1, 2, 9, 0] {
        queue.adopt_blocking(item).unwrap();
    }
    gate.open();
    queue.idle_blocking().unwrap();
    assert_eq!(*done.lock().unwrap(), [3, 1, 2, 9, 0]);
    drop(queue);
    finish(runner);
}

/// S52, S53: also while it is being worked on.
fn an_item_with_the_key_of_another_is_refused_until_that_is_over<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = runner.queue("each").unique(|item: &u32| format!("user {}", item % 10));
    let queue = waiting(queue, flavour, &gate, twice);
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(2).unwrap();
    for same in [11, 12] {
        let refused = queue.submit_blocking(same).unwrap_err();
        assert!(refused.is_duplicate() && !refused.is_stopping(), "{refused}");
        let Reason::DuplicateItem { key, .. } = refused.reason() else { panic!("{refused}") };
        assert_eq!(*key, format!("\"user {}\"", same % 10));
        assert_eq!(refused.into_payload(), same);
    }
    assert_eq!(queue.counters().refused(), 2);
    gate.open();
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (2, 4));
    // As soon as the outcome is seen.
    assert_eq!(queue.submit_blocking(11).unwrap().join().unwrap(), 22);
    drop(queue);
    finish(runner);
}

fn a_key_is_free_again_after_a_failure_and_after_a_cancel<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("each").unique(|item: &u32| *item), flavour, &gate, |item| {
        anyhow::ensure!(item.number() > 2, "too early");
        Ok(())
    });
    let fails = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let cancelled = queue.submit_blocking(2).unwrap();
    assert_eq!(cancelled.cancel().unwrap(), 2);
    let again = queue.submit_blocking(2).unwrap();
    gate.open();
    assert!(fails.join().unwrap_err().cause().is_some());
    queue.submit_blocking(1).unwrap().join().unwrap();
    again.join().unwrap();
    drop(queue);
    finish(runner);
}

/// The key's own code runs where the item is submitted.
#[test]
fn a_panic_of_the_key_is_the_submitters_and_harms_nothing() {
    integration_tests::within(integration_tests::LIMIT, || {
        let runner = runner();
        let queue = runner.queue("each").unique(|item: &u32| {
            assert!(*item != 13, "unlucky");
            *item
        });
        let queue = calling(queue, Thread, twice);
        let of_thread = queue.clone();
        let unlucky = std::thread::spawn(move || of_thread.submit_blocking(13).map(drop));
        assert!(unlucky.join().is_err());
        assert_eq!(queue.submit_blocking(14).unwrap().join().unwrap(), 28);
        drop(queue);
        finish(runner);
    });
}
