//! Items that fail, and what that means for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use integration_tests::gate::Gate;
use integration_tests::witness::{BANG, Bomb};
use integration_tests::{finish, on_each, runner};
use spumoni::prelude::*;
use spumoni::{ItemReason, OnFailure, StopReason};

use crate::{Flavoured, calling, waiting};

on_each!(
    an_error_is_the_handles_and_the_queue_goes_on,
    a_panic_is_the_handles_and_the_queue_goes_on,
    a_failure_that_nobody_waits_for_is_the_runners,
    a_panic_that_nobody_waits_for_is_the_runners,
    a_failure_that_nobody_waits_for_is_counted_where_the_queue_goes_on,
    a_handle_that_is_dropped_with_a_failure_unread_gives_it_to_the_runner,
    too_many_attempts_that_nobody_waits_for_are_the_runners,
    a_destructor_that_panics_harms_no_worker,
);

#[derive(Debug, PartialEq)]
struct Odd(u32);

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is odd", self.0)
    }
}

impl std::error::Error for Odd {}

fn even(item: &Item<u32>) -> Result<Attempt<u32>, Odd> {
    if item.is_multiple_of(2) { Ok(Attempt::Done(**item)) } else { Err(Odd(**item)) }
}

/// S24, S25.
fn an_error_is_the_handles_and_the_queue_goes_on<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("even"), flavour, even);
    let error = queue.submit_blocking(3).unwrap().join().unwrap_err();
    assert_eq!(error.cause().and_then(|cause| cause.downcast_ref()), Some(&Odd(3)));
    assert!(error.to_string().ends_with("failed: 3 is odd"), "{error}");
    assert_eq!(error.into_item(), Some(3));
    assert_eq!(queue.submit_blocking(4).unwrap().join().unwrap(), 4);
    assert_eq!((queue.counters().failed(), queue.counters().done()), (1, 1));
    drop(queue);
    finish(runner);
}

fn a_panic_is_the_handles_and_the_queue_goes_on<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("even"), flavour, |item| {
        assert!(item.is_multiple_of(2), "{} again", **item);
    });
    let error = queue.submit_blocking(3).unwrap().join().unwrap_err();
    let info = error.cause().and_then(|cause| cause.as_panic()).expect("a panic");
    assert_eq!(info.text(), "3 again");
    assert!(info.location().is_some_and(|at| at.contains("failure.rs")), "{info}");
    assert_eq!(error.into_item(), Some(3));
    queue.submit_blocking(4).unwrap().join().unwrap();
    drop(queue);
    finish(runner);
}

/// S84: with the cause, and with an exit code that shows it.
fn a_failure_that_nobody_waits_for_is_the_runners<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("even").workers(2), flavour, |item| even(item).map(drop));
    queue.adopt_blocking(5).unwrap();
    let report = runner.run();
    assert_eq!((report.reason(), report.exit_code()), (&StopReason::Failure, 1), "{report}");
    let [failure] = report.failures() else { panic!("{report}") };
    assert_eq!(failure.cause().downcast_ref(), Some(&Odd(5)));
    assert!(failure.task().path().starts_with("even/"), "{failure}");
    assert!(failure.task().spawned_at().file().ends_with("failure.rs"), "{failure}");
    assert!(queue.try_submit(2).unwrap_err().is_stopping());
}

fn a_panic_that_nobody_waits_for_is_the_runners<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("even"), flavour, |item| {
        assert!(item.is_multiple_of(2), "odd");
    });
    queue.adopt_blocking(5).unwrap();
    let report = runner.run();
    assert_eq!((report.failures().len(), report.exit_code()), (1, 101), "{report}");
    assert_eq!(report.failures()[0].cause().as_panic().map(|info| info.text()), Some("odd"));
}

fn a_failure_that_nobody_waits_for_is_counted_where_the_queue_goes_on<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = runner.queue("even").on_failure(OnFailure::Continue);
    let queue = calling(queue, flavour, |item| even(item).map(drop));
    for item in 0..6 {
        queue.adopt_blocking(item).unwrap();
    }
    queue.idle_blocking().unwrap();
    assert_eq!((queue.counters().failed(), queue.counters().done()), (3, 3));
    drop(queue);
    finish(runner);
}

fn a_handle_that_is_dropped_with_a_failure_unread_gives_it_to_the_runner<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("even"), flavour, even);
    let handle = queue.submit_blocking(7).unwrap();
    queue.idle_blocking().unwrap();
    assert!(handle.is_finished() && !runner.is_stopping());
    drop(handle);
    let report = runner.run();
    assert_eq!(report.failures().len(), 1, "{report}");
    assert_eq!(report.failures()[0].cause().downcast_ref(), Some(&Odd(7)));
}

fn too_many_attempts_that_nobody_waits_for_are_the_runners<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("again").attempts(2), flavour, |_| {
        Attempt::<()>::later(std::time::Duration::ZERO)
    });
    queue.adopt_blocking(7).unwrap();
    let report = runner.run();
    let [failure] = report.failures() else { panic!("{report}") };
    assert!(failure.to_string().contains("as many attempts as the queue allows"), "{failure}");
}

fn a_destructor_that_panics_harms_no_worker<F: Flavoured>(flavour: F) {
    let runner = runner();
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let gate = Gate::default();
    let queue = waiting(runner.queue("bombs"), flavour, &gate, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Attempt::Done(Bomb)
    });
    // Nobody reads them.
    drop((queue.submit_blocking(1).unwrap(), queue.submit_blocking(2).unwrap()));
    gate.open();
    queue.idle_blocking().unwrap();
    let last = queue.submit_blocking(3).unwrap().join().unwrap();
    let text = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(last))).unwrap_err();
    assert_eq!(
        text.downcast_ref::<&str>().copied().or(text.downcast_ref::<String>().map(|s| &**s)),
        Some(BANG)
    );
    assert_eq!(made.load(Ordering::SeqCst), 3);
    drop(queue);
    finish(runner);
}

/// What the attempt holds is dropped with it: a panic in there fails the item and not the worker.
#[test]
fn a_destructor_of_an_attempt_that_panics_fails_its_item() {
    integration_tests::within(integration_tests::LIMIT, || {
        let runner = runner();
        let queue = runner.queue("holds").open(Tokio, async |item: &Item<bool>| {
            let _bomb = item.then(|| Bomb);
            std::future::ready(()).await;
        });
        let queue = queue.unwrap();
        let error = queue.submit_blocking(true).unwrap().join().unwrap_err();
        let ItemReason::Failed(cause) = error.reason() else { panic!("{error}") };
        assert_eq!(cause.as_panic().map(|info| info.text()), Some(BANG));
        queue.submit_blocking(false).unwrap().join().unwrap();
        drop(queue);
        finish(runner);
    });
}
