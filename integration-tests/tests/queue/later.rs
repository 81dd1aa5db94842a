//! Items that are to be tried later.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner, until};
use spumoni::prelude::*;
use spumoni::{ItemReason, TryLater};

use crate::{Flavoured, calling, waiting};

on_each!(
    items_that_ask_for_it_are_tried_again_until_they_are_done,
    an_item_is_tried_again_after_its_delay_and_not_before,
    an_item_that_is_tried_again_goes_to_the_tail,
    too_many_attempts_are_an_error_of_their_own_and_give_the_item_back,
    try_later_comes_up_through_errors,
    the_only_worker_of_a_full_queue_may_try_later,
    an_item_that_never_comes_again_can_be_cancelled,
);

/// S19, S95.
fn items_that_ask_for_it_are_tried_again_until_they_are_done<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("again").workers(2), flavour, |item| {
        let again = item.attempt() <= 10;
        if again { TryLater::now().into() } else { Attempt::Done(item.attempt()) }
    });
    let handles: Vec<_> = (0..3).map(|n| queue.submit_blocking(n).unwrap()).collect();
    queue.idle_blocking().unwrap();
    let counters = queue.counters();
    assert_eq!((counters.later(), counters.done(), counters.attempts()), (30, 3, 33));
    for handle in handles {
        assert!(handle.is_finished() && handle.attempts() == 11);
        assert_eq!(handle.join().unwrap(), 11);
    }
    drop(queue);
    finish(runner);
}

/// S86: the delay is kept.
fn an_item_is_tried_again_after_its_delay_and_not_before<F: Flavoured>(flavour: F) {
    const DELAY: Duration = Duration::from_millis(20);
    let runner = runner();
    let queue = calling(runner.queue("wait").workers(2), flavour, |item| {
        if item.attempt() < 3 { Attempt::later(DELAY) } else { Attempt::Done(item.elapsed()) }
    });
    let took = queue.submit_blocking(1).unwrap().join().unwrap();
    assert!(took >= 2 * DELAY, "{took:?}");
    drop(queue);
    finish(runner);
}

fn an_item_that_is_tried_again_goes_to_the_tail<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let order = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&order);
    let queue = waiting(runner.queue("tail"), flavour, &gate, move |item| {
        list.lock().unwrap().push(**item);
        if item.attempt() == 1 { TryLater::now().into() } else { Attempt::Done(()) }
    });
    for n in 0..3 {
        queue.adopt_blocking(n).unwrap();
    }
    gate.open();
    queue.idle_blocking().unwrap();
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 0, 1, 2]);
    drop(queue);
    finish(runner);
}

fn too_many_attempts_are_an_error_of_their_own_and_give_the_item_back<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("stubborn").attempts(3), flavour, |_| {
        Attempt::<()>::from(TryLater::now())
    });
    let error = queue.submit_blocking(7).unwrap().join().unwrap_err();
    assert!(matches!(error.reason(), ItemReason::TooOften), "{error}");
    assert_eq!((error.attempts(), queue.counters().failed()), (3, 1));
    let text = error.to_string();
    assert!(text.starts_with("item 1 of the queue `stubborn` from "), "{text}");
    assert!(text.contains("later.rs:") && text.ends_with("(after 3 attempts)"), "{text}");
    assert_eq!(error.into_item(), Some(7));
    drop(queue);
    finish(runner);
}

fn try_later_comes_up_through_errors<F: Flavoured>(flavour: F) {
    let runner = runner();
    fn deep(attempt: u32) -> anyhow::Result<u32> {
        use anyhow::Context;
        if attempt < 3 {
            return Err(TryLater::now()).context("deep down");
        }
        Ok(attempt)
    }
    let queue = calling(runner.queue("deep"), flavour, |item| {
        anyhow::Ok(Attempt::Done(deep(item.attempt())?))
    });
    assert_eq!(queue.submit_blocking(1).unwrap().join().unwrap(), 3);
    assert_eq!((queue.counters().failed(), queue.counters().later()), (0, 2));
    drop(queue);
    finish(runner);
}

/// S90.
fn the_only_worker_of_a_full_queue_may_try_later<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("full").capacity(1), flavour, &gate, |item| {
        if item.attempt() < 4 { TryLater::now().into() } else { Attempt::Done(()) }
    });
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(2).unwrap();
    assert!(queue.try_submit(3).is_err());
    gate.open();
    first.join().unwrap();
    second.join().unwrap();
    queue.idle_blocking().unwrap();
    queue.try_submit(3).unwrap().join().unwrap();
    drop(queue);
    finish(runner);
}

fn an_item_that_never_comes_again_can_be_cancelled<F: Flavoured>(flavour: F) {
    let runner = runner();
    let tried = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&tried);
    let queue = calling(runner.queue("never"), flavour, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Attempt::<()>::later(Duration::MAX)
    });
    let handle = queue.submit_blocking(5).unwrap();
    until(|| queue.counters().delayed() == 1);
    assert_eq!(handle.cancel().unwrap(), 5);
    queue.idle_blocking().unwrap();
    assert_eq!((tried.load(Ordering::SeqCst), queue.counters().cancelled()), (1, 1));
    drop(queue);
    finish(runner);
}
