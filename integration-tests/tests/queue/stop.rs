//! What a stop leaves of a queue: nobody waits for ever, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{ItemReason, OnStop};

use crate::{Flavoured, Works, twice, waiting};

on_each!(
    what_waits_is_worked_on_within_the_grace,
    what_waits_is_handed_back_where_the_queue_says_so,
    what_waits_for_another_attempt_is_handed_back,
    what_nobody_holds_is_kept_for_the_queues_owner,
    work_that_ends_because_of_the_stop_has_not_failed,
    submitters_that_wait_for_a_place_are_let_go,
    a_stop_before_the_workers_have_begun_hands_back_everything,
    a_stop_of_the_runner_is_one_of_the_queue,
);

/// The stop has come to the worker at the gate.
async fn seen(cx: Context) {
    cx.stopped().await;
}

/// S87: the graceful half.
fn what_waits_is_worked_on_within_the_grace<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("drain").workers(2), flavour, &gate, twice);
    let handles: Vec<_> = (0..6).map(|n| queue.submit_blocking(n).unwrap()).collect();
    gate.wait_for(2);
    queue.stop();
    let refused = queue.try_submit(9).unwrap_err();
    assert!(refused.is_stopping(), "{refused}");
    gate.open();
    queue.ended().blocking().unwrap();
    let results: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
    assert_eq!(results, [0, 2, 4, 6, 8, 10]);
    finish(runner);
}

/// S87.
fn what_waits_is_handed_back_where_the_queue_says_so<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = runner.queue("back").on_stop(OnStop::HandBack);
    let queue = queue.open(flavour, <F::Mode as Works>::until_asked(&gate, twice)).unwrap();
    let handles: Vec<_> = (0..4).map(|n| queue.submit_blocking(n).unwrap()).collect();
    gate.wait_for(1);
    queue.stop();
    let mut outcomes = handles.into_iter().map(|handle| handle.join());
    // What was begun had its grace.
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    for (n, outcome) in (1..).zip(outcomes) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.reason(), ItemReason::NotDone) && error.is_stopped(), "{error}");
        assert_eq!((error.attempts(), error.into_item()), (0, Some(n)));
    }
    queue.ended().blocking().unwrap();
    assert_eq!((queue.counters().done(), queue.counters().not_done()), (1, 3));
    assert!(queue.take_left().is_empty());
    finish(runner);
}

fn what_waits_for_another_attempt_is_handed_back<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("later"), flavour, &gate, |item| {
        if **item == 0 { Attempt::later(Duration::MAX) } else { Attempt::Done(()) }
    });
    let delayed = queue.submit_blocking(0).unwrap();
    gate.open();
    integration_tests::until(|| queue.counters().delayed() == 1);
    queue.stop();
    let error = delayed.join().unwrap_err();
    assert!(matches!(error.reason(), ItemReason::NotDone), "{error}");
    assert_eq!((error.attempts(), error.into_item()), (1, Some(0)));
    finish(runner);
}

fn what_nobody_holds_is_kept_for_the_queues_owner<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = runner.queue("kept").on_stop(OnStop::HandBack);
    let queue = queue.open(flavour, <F::Mode as Works>::until_asked(&gate, |_| ())).unwrap();
    (0..4).for_each(|n| queue.adopt_blocking(n).unwrap());
    gate.wait_for(1);
    // Dropped with the item unread in its error.
    let unread = queue.submit_blocking(4).unwrap();
    queue.stop();
    queue.ended().blocking().unwrap();
    assert_eq!(queue.take_left(), [1, 2, 3]);
    drop(unread);
    assert_eq!(queue.take_left(), [4]);
    assert!(queue.take_left().is_empty());
    finish(runner);
}

fn work_that_ends_because_of_the_stop_has_not_failed<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let work = <F::Mode as Works>::until_asked(&gate, |_| Err::<(), _>(Stopping));
    let queue = runner.queue("short").on_stop(OnStop::HandBack).open(flavour, work).unwrap();
    let held = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    queue.stop();
    let error = held.join().unwrap_err();
    assert!(matches!(error.reason(), ItemReason::Interrupted), "{error}");
    assert_eq!((error.attempts(), error.into_item()), (1, Some(1)));
    assert_eq!((queue.counters().failed(), queue.counters().not_done()), (0, 1));
    finish(runner);
}

/// S90: a stop needs no place in the queue.
fn submitters_that_wait_for_a_place_are_let_go<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("full").capacity(1), flavour, &gate, twice);
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(2).unwrap();
    let (plain, lane) = (queue.clone(), queue.clone());
    let plain = std::thread::spawn(move || plain.submit_blocking(3).unwrap_err());
    let lane = runner.spawn(Tokio, async move || lane.submit(4).await.unwrap_err()).unwrap();
    queue.stop();
    let (plain, lane) = (plain.join().unwrap(), lane.join().unwrap());
    assert!(plain.is_stopping() && lane.is_stopping(), "{plain}, {lane}");
    assert_eq!((plain.into_payload(), lane.into_payload()), (3, 4));
    gate.open();
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (2, 4));
    finish(runner);
}

fn a_stop_before_the_workers_have_begun_hands_back_everything<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let waits = gate.clone();
    // The lanes are held; threads may have begun, and then they drain.
    let hold = |runner: &ServiceRunner| {
        let at = |gate: &Gate| {
            let gate = gate.clone();
            async move || gate.pass_blocking()
        };
        [
            runner.spawn(Tokio, at(&waits)).unwrap(),
            runner.spawn(Smol, at(&waits)).unwrap(),
            runner.spawn(spumoni::AsyncStd, at(&waits)).unwrap(),
        ]
    };
    let held = hold(&runner);
    gate.wait_for(3);
    let queue = waiting(runner.queue("early").workers(2), flavour, &Gate::default(), |_| ());
    let handle = queue.submit_blocking(1).unwrap();
    queue.stop();
    gate.open();
    if flavour.name() == "thread" {
        // At its own gate, which nobody opens.
        runner.stop_now();
        assert!(handle.join().unwrap_err().is_stopped());
    } else {
        let error = handle.join().unwrap_err();
        assert!(matches!(error.reason(), ItemReason::NotDone), "{error}");
        assert_eq!(error.into_item(), Some(1));
        finish(runner);
    }
    drop(held);
}

fn a_stop_of_the_runner_is_one_of_the_queue<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("whole"), flavour, &gate, twice);
    let handles = [1, 2].map(|n| queue.submit_blocking(n).unwrap());
    gate.wait_for(1);
    runner.stop();
    gate.open();
    finish(runner);
    assert_eq!(handles.map(|handle| handle.join().unwrap()), [2, 4]);
    assert!(queue.try_submit(3).unwrap_err().is_stopping());
}

on_each_lane!(an_item_whose_worker_is_cancelled_comes_back);

/// The grace is over in the middle of an item.
fn an_item_whose_worker_is_cancelled_comes_back<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = runner.queue("cut").grace(Duration::from_millis(5));
    let queue = waiting(queue, flavour, &gate, twice);
    let [begun, waits] = [1, 2].map(|n| queue.submit_blocking(n).unwrap());
    gate.wait_for(1);
    queue.stop();
    let error = begun.join().unwrap_err();
    assert!(matches!(error.reason(), ItemReason::Interrupted), "{error}");
    assert_eq!(error.into_item(), Some(1));
    let error = waits.join().unwrap_err();
    assert!(matches!(error.reason(), ItemReason::NotDone), "{error}");
    assert_eq!(error.into_item(), Some(2));
    queue.ended().blocking().unwrap();
    finish(runner);
}

/// S82: a worker that does not stop holds up nobody.
#[test]
fn handles_of_a_worker_that_is_given_up_are_let_go() {
    within(LIMIT, || {
        let built = ServiceRunner::builder().signals(false).grace(Duration::from_millis(5));
        let runner = built.group_grace(Duration::from_millis(50)).build().unwrap();
        let gate = Gate::default();
        let ended = Arc::new(AtomicBool::new(false));
        let queue = waiting(runner.queue("deaf"), Thread, &gate, {
            let ended = Arc::clone(&ended);
            move |_| ended.store(true, Ordering::SeqCst)
        });
        let [begun, waits] = [1, 2].map(|n| queue.submit_blocking(n).unwrap());
        gate.wait_for(1);
        let of_lane = runner.spawn(Smol, async move || waits.await).unwrap();
        queue.adopt_blocking(3).unwrap();
        queue.stop();
        let error = begun.join().unwrap_err();
        assert!(matches!(error.reason(), ItemReason::Abandoned), "{error}");
        assert!(error.to_string().contains("its thread may still be busy"), "{error}");
        assert!(error.into_item().is_none());
        let error = of_lane.join().unwrap().unwrap_err();
        assert!(matches!(error.reason(), ItemReason::NotDone), "{error}");
        assert_eq!((error.into_item(), queue.take_left()), (Some(2), vec![3]));
        // What comes of it in the end hurts nobody, and nothing else is begun.
        gate.open();
        integration_tests::until(|| ended.load(Ordering::SeqCst));
        assert_eq!((queue.counters().done(), queue.counters().attempts()), (0, 1));
        drop(queue);
        drop(runner.run());
    });
}

#[test]
fn a_draining_worker_sees_its_stop() {
    within(LIMIT, || {
        let runner = runner();
        let queue = runner.queue("sees").open(Tokio, async |_: &Item<()>| {
            seen(Context::current()).await;
            Attempt::Done(Context::current().time_left().is_some())
        });
        let queue = queue.unwrap();
        let handles = [(), ()].map(|()| queue.submit_blocking(()).unwrap());
        integration_tests::until(|| queue.counters().running() == 1);
        queue.stop();
        assert!(handles.into_iter().all(|handle| handle.join().unwrap()));
        finish(runner);
    });
}
