//! A failure is reported once, to whom it belongs; what is none is not reported.

use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, on_each_lane, runner, until};
use spumoni::prelude::*;
use spumoni::{JoinError, StopReason, TaskState};

use crate::Broken;

on_each_lane!(an_error_from_a_dropped_future_is_none,);

on_each!(
    a_panic_of_a_task_whose_handle_was_dropped_is_reported_once,
    a_panic_that_its_handle_took_is_nobody_elses,
    an_error_that_its_handle_was_given_is_nobody_elses,
    stopping_that_nobody_asked_for_is_a_failure,
    stopping_of_a_task_that_was_asked_is_no_failure,
    stopping_of_a_task_that_was_asked_by_its_handle_is_no_failure,
);

fn a_panic_of_a_task_whose_handle_was_dropped_is_reported_once<F: Any>(flavour: F) {
    for before in [true, false] {
        let runner = runner();
        let gate = Gate::default();
        let panics = F::Mode::after(&gate, || panic!("on purpose"));
        let handle: TaskHandle<()> = runner.spawn(flavour, panics).expect("taken");
        if before {
            drop(handle);
            gate.open();
        } else {
            gate.open();
            until(|| handle.is_finished());
            drop(handle);
        }
        let report = runner.run_until_stopped();
        assert_eq!(report.failures().len(), 1, "dropped before: {before}: {report}");
        assert_eq!(report.exit_code(), 101);
    }
}

fn a_panic_that_its_handle_took_is_nobody_elses<F: Any>(flavour: F) {
    let runner = runner();
    let panics = F::Mode::payload(|| panic!("on purpose"));
    let handle: TaskHandle<()> = runner.spawn(flavour, panics).expect("taken");
    let error = handle.join().expect_err("it panics");
    assert_eq!(error.as_panic().expect("a panic").text(), "on purpose");
    finish(runner);
}

fn an_error_that_its_handle_was_given_is_nobody_elses<F: Any>(flavour: F) {
    let runner = runner();
    let fails = || F::Mode::payload(|| Err::<(), _>(Broken(1)));
    assert_eq!(runner.spawn(flavour, fails()).expect("taken").join(), Ok(Err(Broken(1))));
    // Unread it is a value like any other.
    drop(runner.spawn(flavour, fails()).expect("taken"));
    finish(runner);
}

/// PEERS 10: a cancel error from somebody else's stop.
fn stopping_that_nobody_asked_for_is_a_failure<F: Any>(flavour: F) {
    let runner = runner();
    let fails = F::Mode::payload(|| Err::<(), _>(Stopping));
    runner.adopt(flavour, fails).expect("taken");
    let report = runner.run_until_stopped();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.exit_code(), 1);
}

/// C44: `cx.sleep(…).await?` is the way to leave when asked.
fn stopping_of_a_task_that_was_asked_is_no_failure<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let plain = F::Mode::until_stopped(&begun, || Err::<(), _>(Stopping));
    let with_context = F::Mode::until_stopped(&begun, || {
        Err::<(), _>(anyhow::Error::new(Stopping).context("while waiting for work"))
    });
    runner.adopt(flavour, plain).expect("taken");
    runner.adopt(flavour, with_context).expect("taken");
    begun.wait_for(2);
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
}

fn stopping_of_a_task_that_was_asked_by_its_handle_is_no_failure<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let leaves = F::Mode::until_stopped(&begun, || Err::<(), _>(Stopping));
    let task = runner.spawn(flavour, leaves).expect("taken");
    begun.wait_for(1);
    task.stop();
    // Who holds the handle is given what the task returned.
    assert_eq!(task.join(), Ok(Err(Stopping)));
    finish(runner);
}

/// What a task would have returned is not asked for once it is dropped.
fn an_error_from_a_dropped_future_is_none(flavour: impl Lane) {
    let runner = runner();
    let task = runner.task("dropped").grace(Duration::ZERO).spawn(flavour, async || {
        std::future::pending::<()>().await;
        Err::<(), _>(Broken(1))
    });
    let task = task.expect("taken");
    until(|| task.state() == TaskState::Running);
    runner.stop();
    assert_eq!(task.join(), Err(JoinError::Stopped));
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
}
