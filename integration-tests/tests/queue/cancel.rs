//! Items that are cancelled.

use std::sync::{Arc, Mutex};

use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner};

use crate::{Flavoured, twice, waiting};

on_each!(
    an_item_that_is_cancelled_before_its_turn_comes_back_and_is_skipped,
    an_item_that_is_being_worked_on_is_not_cancelled,
    a_handle_that_cancels_when_it_is_dropped_takes_its_item_along,
    a_cancelled_item_gives_its_place_to_another,
    what_a_cancelled_item_does_that_was_begun_has_no_consequence,
);

/// S45.
fn an_item_that_is_cancelled_before_its_turn_comes_back_and_is_skipped<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let done = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&done);
    let queue = waiting(runner.queue("some"), flavour, &gate, move |item| {
        list.lock().unwrap().push(**item);
    });
    let [first, second, third] = [1, 2, 3].map(|n| queue.submit_blocking(n).unwrap());
    gate.wait_for(1);
    assert_eq!(second.cancel().unwrap(), 2);
    assert_eq!((queue.counters().cancelled(), queue.counters().waiting()), (1, 1));
    gate.open();
    first.join().unwrap();
    third.join().unwrap();
    assert_eq!(*done.lock().unwrap(), [1, 3]);
    drop(queue);
    finish(runner);
}

fn an_item_that_is_being_worked_on_is_not_cancelled<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("one"), flavour, &gate, twice);
    let handle = queue.submit_blocking(4).unwrap();
    gate.wait_for(1);
    let handle = handle.cancel().unwrap_err();
    gate.open();
    queue.idle_blocking().unwrap();
    let handle = handle.cancel().unwrap_err();
    assert_eq!(handle.join().unwrap(), 8);
    drop(queue);
    finish(runner);
}

fn a_handle_that_cancels_when_it_is_dropped_takes_its_item_along<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("some"), flavour, &gate, twice);
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let waits = queue.submit_blocking(2).unwrap().cancel_on_drop();
    assert_eq!(queue.counters().waiting(), 1);
    drop(waits);
    assert_eq!((queue.counters().waiting(), queue.counters().cancelled()), (0, 1));
    gate.open();
    assert_eq!(first.join().unwrap(), 2);
    drop(queue);
    finish(runner);
}

fn a_cancelled_item_gives_its_place_to_another<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("small").capacity(1), flavour, &gate, twice);
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(2).unwrap();
    let of_thread = queue.clone();
    let waits = std::thread::spawn(move || of_thread.submit_blocking(3).unwrap().join().unwrap());
    second.cancel().unwrap();
    gate.open();
    assert_eq!((first.join().unwrap(), waits.join().unwrap()), (2, 6));
    drop(queue);
    finish(runner);
}

fn what_a_cancelled_item_does_that_was_begun_has_no_consequence<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("late"), flavour, &gate, |item| {
        anyhow::ensure!(**item != 1, "nobody wants to know");
        Ok(())
    });
    let begun = queue.submit_blocking(1).unwrap().cancel_on_drop();
    gate.wait_for(1);
    drop(begun);
    gate.open();
    queue.submit_blocking(2).unwrap().join().unwrap();
    assert_eq!((queue.counters().failed(), queue.counters().cancelled()), (1, 0));
    drop(queue);
    finish(runner);
}
