//! When a stop is asked, from where, and how often.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use spumoni::prelude::*;
use spumoni::{JoinError, Reason, StopReason, TaskState};

use crate::{
    NOISE, assert_requested, assert_same, built, finish_stopped, heard, millis, stubborn, waiting,
};

on_each!(
    a_stop_before_run_ends_run_at_once,
    f053_after_a_stop_nothing_new_is_taken_and_the_payload_comes_back,
    a_stop_from_inside_a_task_names_the_task,
    a_stop_reaches_whoever_waits_for_it,
    a_task_that_is_never_asked_to_stop_keeps_a_runner_going,
    tasks_that_had_not_begun_when_the_stop_came_never_begin,
    a_stop_is_over_as_soon_as_everybody_has_left,
    f069_f070_no_budget_is_too_short_or_too_long,
);

/// C49, PEERS 4.
fn a_stop_before_run_ends_run_at_once<F: Any>(flavour: F) {
    let runner = runner();
    runner.stop();
    assert!(runner.is_stopping());
    let never = F::Mode::payload(|| unreachable!("it comes after the stop"));
    assert!(runner.adopt::<_, _>(flavour, F::Mode::payload(|| ())).is_err());
    assert!(runner.spawn(flavour, never).map(drop::<TaskHandle<()>>).is_err());
    let report = runner.run_until_stopped();
    assert_requested(&report);
    assert_eq!(report.exit_code(), 0);
}

/// PEERS 5, FAULTS 54.
fn f053_after_a_stop_nothing_new_is_taken_and_the_payload_comes_back<F: Any>(flavour: F) {
    let runner = runner();
    // Somebody cleans up meanwhile, so that the runner is stopping and has not stopped.
    let clean = Gate::default();
    let cleaning = clean.clone();
    let cleaner = waiting(runner.task("cleaner"), Thread, move || cleaning.pass_blocking());
    runner.stop();
    let error = runner.spawn(flavour, F::Mode::payload(|| 7)).expect_err("too late");
    assert!(matches!(error.reason(), Reason::Stopping), "{error}");
    let other = integration_tests::runner();
    let seven = other.spawn(flavour, error.into_payload()).expect("taken");
    assert_eq!(seven.join(), Ok(7));
    finish(other);
    let error = runner.adopt(flavour, F::Mode::payload(|| ())).expect_err("too late");
    assert!(error.is_stopping());
    let error = runner.execute(flavour, F::Mode::payload(|| ())).expect_err("too late");
    assert!(error.into_payload().is_some());
    clean.open();
    assert_eq!(cleaner.join(), Ok(()));
    let handle = runner.handle();
    assert_eq!(runner.run().exit_code(), 0);
    let error = handle.spawn(flavour, F::Mode::payload(|| 7)).expect_err("too late");
    assert!(matches!(error.reason(), Reason::Stopped), "{error}");
}

/// A33, A123.
fn a_stop_from_inside_a_task_names_the_task<F: Any>(flavour: F) {
    let runner = runner();
    let stop = F::Mode::payload(|| Handle::current().stop());
    let task = runner.task("quitter").adopt(flavour, stop);
    task.expect("taken");
    let report = runner.run_until_stopped();
    assert_requested(&report);
    let StopReason::Requested { by, .. } = report.reason() else {
        unreachable!();
    };
    let by = by.as_deref().expect("a task asked");
    assert!(by.contains("quitter"), "{by}");
    assert!(report.to_string().contains("quitter"), "{report}");
    assert!(report.is_clean());
}

/// O1: asked, it ends; nobody waits for its natural end.
fn a_stop_reaches_whoever_waits_for_it<F: Any>(flavour: F) {
    let runner = runner();
    let asked = waiting(runner.task("asked"), flavour, || Context::current().is_stopping());
    let stopped = runner.stopped();
    runner.stop();
    smol::block_on(stopped);
    assert_eq!(asked.join(), Ok(true));
    finish_stopped(runner);
}

fn a_task_that_is_never_asked_to_stop_keeps_a_runner_going<F: Any>(flavour: F) {
    let runner = runner();
    let handle = runner.handle();
    let gate = Gate::default();
    runner.adopt(flavour, F::Mode::after(&gate, || ())).expect("taken");
    let running = thread::spawn(move || runner.run());
    heard(&handle);
    assert!(!running.is_finished());
    assert!(!handle.is_stopping());
    gate.open();
    let report = running.join().expect("no panic");
    assert_eq!(report.reason(), &StopReason::Finished);
}

/// A37, T64, C49, T63, rule 15.
fn tasks_that_had_not_begun_when_the_stop_came_never_begin<F: Any>(flavour: F) {
    let runner = built(|settings| settings.pool_size(1));
    let free = stubborn(&runner, flavour);
    let begun = Arc::new(AtomicBool::new(false));
    let never = || {
        let begun = Arc::clone(&begun);
        F::Mode::payload(move || begun.store(true, Ordering::Relaxed))
    };
    for _ in 0..10 {
        runner.adopt(flavour, never()).expect("taken");
    }
    let waiting = runner.spawn(flavour, never()).expect("taken");
    runner.stop();
    free.open();
    assert_eq!(waiting.join(), Err(JoinError::Stopped));
    finish_stopped(runner);
    assert!(!begun.load(Ordering::Relaxed));
}

/// Graces are limits, not delays.
fn a_stop_is_over_as_soon_as_everybody_has_left<F: Any>(flavour: F) {
    let day = Duration::from_secs(86_400);
    let runner = built(|settings| settings.grace(day).group_grace(day).stop_timeout(day));
    let task = waiting(runner.task("asked"), flavour, || ());
    runner.stop();
    finish_stopped(runner);
    assert_eq!(task.join(), Ok(()));
}

/// FAULTS 69 and 70.
fn f069_f070_no_budget_is_too_short_or_too_long<F: Any>(flavour: F) {
    let endless = Duration::from_secs(i64::MAX.unsigned_abs());
    let budgets = [Duration::ZERO, Duration::from_nanos(1), millis(1), endless, Duration::MAX];
    for budget in budgets {
        let runner = runner();
        let (told, tells) = witness();
        let task = waiting(runner.task("asked").grace(budget), flavour, move || drop(told));
        runner.stop_within(budget);
        let report = runner.run();
        assert_requested(&report);
        assert!([0, 3].contains(&report.exit_code()), "{budget:?}: {report}");
        assert!(report.took() < NOISE, "{budget:?}: {report}");
        // With whatever budget nobody is skipped: it is asked, or dropped.
        tells.recv().expect("it ends");
        drop(task);
    }
}

#[test]
fn f069_f070_graces_and_limits_of_any_length_build_a_runner_that_stops() {
    within(LIMIT, || {
        for limit in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let runner =
                built(|settings| settings.grace(limit).group_grace(limit).stop_timeout(limit));
            let asked = runner.spawn(Smol, async || Context::current().stopped().await);
            drop(asked.expect("taken"));
            runner.stop();
            let report = runner.run();
            assert_requested(&report);
        }
    });
}

/// FAULTS 66 and 67: one stop, the first one's reason, the shortest budget.
#[test]
fn f066_of_two_stops_the_first_is_the_reason() {
    within(LIMIT, || {
        let runner = runner();
        let line = line!() + 1;
        runner.stop();
        runner.stop();
        let report = runner.run();
        let StopReason::Requested { at, .. } = report.reason() else {
            panic!("{report}");
        };
        assert_eq!(at.line(), line);
    });
}

#[test]
fn f067_stops_from_eight_threads_with_different_budgets_are_one_stop_with_the_shortest() {
    within(LIMIT, || {
        let runner = runner();
        let stubborn = stubborn(&runner, Thread);
        let handle = runner.handle();
        let all_there = Arc::new(Barrier::new(8));
        let stoppers: Vec<_> = (0..8)
            .map(|number| {
                let (handle, all_there) = (handle.clone(), Arc::clone(&all_there));
                thread::spawn(move || {
                    all_there.wait();
                    let longer = Duration::from_secs(3 * number);
                    handle.stop_within(millis(200) + longer);
                    handle.ended_blocking()
                })
            })
            .collect();
        let report = runner.run_until_stopped();
        assert_requested(&report);
        assert!(report.took() < millis(200) + NOISE, "{report}");
        assert_eq!(report.abandoned().len(), 1, "{report}");
        for stopper in stoppers {
            assert_same(&stopper.join().expect("no panic"), &report);
        }
        stubborn.open();
    });
}

/// T120.
#[test]
fn a_later_stop_shortens_the_budget_and_never_lengthens_it() {
    within(LIMIT, || {
        for budgets in [[25_000, 200], [200, 25_000]] {
            let runner = runner();
            let stubborn = stubborn(&runner, Thread);
            for budget in budgets {
                runner.stop_within(millis(budget));
            }
            let report = runner.run();
            assert!(report.took() < millis(200) + NOISE, "{report}");
            assert_eq!(report.exit_code(), 3);
            stubborn.open();
        }
    });
}

/// A36, A132.
#[test]
fn f066_everybody_who_waits_for_the_end_gets_the_same_report() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        assert!(handle.report().is_none());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || handle.ended_blocking())
            })
            .collect();
        let other = integration_tests::runner();
        let elsewhere = {
            let handle = handle.clone();
            other.spawn(Smol, async move || handle.ended().await).expect("taken")
        };
        runner.adopt(Tokio, async || anyhow::bail!("the cause")).expect("taken");
        let report = runner.run_until_stopped();
        for thread in threads {
            assert_same(&thread.join().expect("no panic"), &report);
        }
        assert_same(&elsewhere.join().expect("an answer"), &report);
        assert_same(&smol::block_on(handle.ended()), &report);
        assert_same(&handle.ended_blocking(), &report);
        assert_same(&handle.report().expect("it is made"), &report);
        finish(other);
    });
}

/// A133.
#[test]
fn a_runner_that_has_stopped_ignores_further_stops() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let report = runner.run();
        handle.stop();
        handle.stop_within(Duration::ZERO);
        handle.stop_now();
        assert!(handle.is_stopping());
        assert_same(&handle.ended_blocking(), &report);
        assert_eq!(report.reason(), &StopReason::Finished);
    });
}

/// FAULTS 68: on a lane too nobody is asked to wait for himself.
#[test]
fn f068_run_called_by_a_payload_of_the_same_runner_panics_and_says_so() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let panic =
            handle.execute(Smol, async move || drop(runner.run())).expect_err("it could never end");
        let text = panic.as_panic().expect("a panic").text().to_owned();
        assert!(text.contains("run"), "{text}");
        assert!(text.contains("never end"), "{text}");
        // The runner was dropped by the unwinding.
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
    });
}

/// Waiting for the end costs no lane: it is awaited like everything else.
#[test]
fn the_end_of_one_runner_is_awaited_on_a_lane_of_another() {
    within(LIMIT, || {
        let [here, there] = [runner(), runner()];
        let ended = there.handle();
        let waits = here.spawn(Smol, async move || ended.ended().await.exit_code());
        let still = here.execute(Smol, async || 7).expect("the lane is free");
        assert_eq!(still, 7);
        there.stop();
        drop(there.run());
        assert_eq!(waits.expect("taken").join(), Ok(0));
        finish(here);
    });
}

/// Rule 19 counts from the asking, not from `run`.
#[test]
fn a_stop_needs_no_run() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let task = handle.spawn(Smol, async || Context::current().stopped().await);
        let task = task.expect("taken");
        until(|| task.state() == TaskState::Running);
        let asked = Instant::now();
        handle.stop();
        let report = handle.ended_blocking();
        assert!(report.took() <= asked.elapsed());
        assert_same(&runner.run(), &report);
    });
}
