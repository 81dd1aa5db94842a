//! Runs that are asked for, waited for, tried later and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{OnFailure, Overlap, Reason, RunError, Runs, TryLater};

use crate::runs::{Again, Repeats};
use crate::{LONG, SHORT};

on_each!(
    a_run_that_is_asked_for_begins_at_once_and_the_ticks_stay,
    those_who_ask_before_a_run_begins_share_it,
    a_wait_for_the_next_run_asks_for_none,
    a_run_that_is_asked_for_while_ticks_are_skipped_begins_after_the_one_under_way,
    a_run_that_is_asked_for_begins_beside_others_where_they_may,
    a_failing_run_is_told_to_all_who_wait_and_ends_the_whole,
    a_panicking_run_is_told_to_all_who_wait_and_ends_the_whole,
    a_failing_run_is_told_to_all_who_wait_and_the_next_goes_on,
    a_wait_where_nothing_runs_ends_at_once,
    a_stop_ends_all_waits,
    a_run_that_is_to_be_tried_later_is_one_run,
    a_stop_ends_the_delay_of_a_run,
    a_run_that_takes_longer_than_the_interval_is_counted_as_slow,
    runs_of_another_payload_are_refused,
);

/// So that nothing but what is asked for runs.
fn rarely<'a>(runner: &'a Handle, runs: &Runs) -> spumoni::PeriodicBuilder<'a> {
    runner.every(LONG).first_after(LONG).runs(runs)
}

#[track_caller]
fn stop(runner: ServiceRunner) {
    runner.stop();
    finish(runner);
}

fn a_run_that_is_asked_for_begins_at_once_and_the_ticks_stay<F: Repeats>(flavour: F) {
    for overlap in [Overlap::Wait, Overlap::Skip, Overlap::Concurrent] {
        let runner = runner();
        let (runs, gate) = (Runs::new(), Gate::default());
        gate.open();
        let every = rarely(&runner, &runs).overlap(overlap);
        every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
        for count in 1..4 {
            runs.run_now().blocking().unwrap();
            assert_eq!((gate.count(), runs.counters().runs()), (count, count as u64));
        }
        let asks = runs.clone();
        let from_lane = runner.spawn(Smol, async move || asks.run_now().await.is_ok()).unwrap();
        assert_eq!(from_lane.join(), Ok(true));
        assert_eq!(gate.count(), 4);
        stop(runner);
    }
}

fn those_who_ask_before_a_run_begins_share_it<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, gate) = (Runs::new(), Gate::default());
    let every = runner.every(LONG).runs(&runs);
    every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    gate.wait_for(1);
    let asked = [runs.run_now(), runs.run_now(), runs.run_now()];
    let under_way = runs.next();
    assert!(runs.is_running() && runs.counters().runs() == 0);
    gate.open();
    under_way.blocking().unwrap();
    asked.into_iter().for_each(|wait| wait.blocking().unwrap());
    assert_eq!((gate.count(), runs.counters().runs()), (2, 2));
    stop(runner);
}

fn a_wait_for_the_next_run_asks_for_none<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, gate) = (Runs::new(), Gate::default());
    rarely(&runner, &runs).adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    let next = runs.next().blocking_timeout(SHORT).unwrap_err();
    assert_eq!(gate.count(), 0);
    let asked = runs.run_now();
    gate.open();
    next.blocking().unwrap();
    asked.blocking().unwrap();
    assert_eq!(gate.count(), 1);
    stop(runner);
}

fn a_run_that_is_asked_for_while_ticks_are_skipped_begins_after_the_one_under_way<F: Repeats>(
    flavour: F,
) {
    let runner = runner();
    let (runs, gate) = (Runs::new(), Gate::default());
    let every = runner.every(LONG).overlap(Overlap::Skip).runs(&runs);
    every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    gate.wait_for(1);
    let asked = runs.run_now().blocking_timeout(SHORT).unwrap_err();
    assert_eq!(gate.count(), 1);
    gate.open();
    asked.blocking().unwrap();
    assert_eq!(gate.count(), 2);
    stop(runner);
}

fn a_run_that_is_asked_for_begins_beside_others_where_they_may<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, gate) = (Runs::new(), Gate::default());
    let every = runner.every(LONG).overlap(Overlap::Concurrent).runs(&runs);
    every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    gate.wait_for(1);
    let asked = runs.run_now();
    gate.wait_for(2);
    gate.open();
    asked.blocking().unwrap();
    stop(runner);
}

#[derive(Debug)]
struct Torn;

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("torn")
    }
}

impl std::error::Error for Torn {}

/// S13: the same error for all of them, and S14: afterwards nobody waits in vain.
fn a_failing_run_is_told_to_all_who_wait_and_ends_the_whole<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Runs::new();
    let payload = <F::Mode as Again>::each(|| Err::<(), _>(Torn));
    rarely(&runner, &runs).name("probe").adopt(flavour, payload).map(drop).unwrap();
    for error in [runs.next(), runs.run_now()].map(|wait| wait.blocking().unwrap_err()) {
        let torn = error.cause().and_then(|cause| cause.downcast_ref::<Torn>());
        assert!(torn.is_some(), "{error}");
        assert_eq!(error.to_string(), "the run failed: torn");
    }
    until(|| !runs.is_running());
    assert!(matches!(runs.run_now().blocking(), Err(RunError::NotRunning)));
    let report = runner.run();
    assert_eq!((report.failures().len(), report.exit_code()), (1, 1), "{report}");
    assert!(report.failures()[0].to_string().contains("torn"), "{report}");
    assert_eq!((runs.counters().failed(), runs.counters().runs()), (1, 1));
}

fn a_panicking_run_is_told_to_all_who_wait_and_ends_the_whole<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Runs::new();
    let payload = <F::Mode as Again>::each(|| assert!(gone(), "never there"));
    let whole = rarely(&runner, &runs).spawn(flavour, payload).unwrap();
    let error = runs.run_now().blocking().unwrap_err();
    let info = error.cause().and_then(|cause| cause.as_panic()).expect("a panic");
    assert_eq!(info.text(), "never there");
    assert!(info.location().is_some_and(|at| at.contains("asked.rs")), "{info}");
    let scope = whole.join().unwrap().unwrap_err();
    let failure = scope.ends()[0].failure().expect("failed");
    assert_eq!(failure.cause().as_panic(), Some(info));
    finish(runner);
}

/// Unknown to the compiler.
fn gone() -> bool {
    std::env::var_os("SPUMONI_TEST_NEVER_SET").is_some()
}

fn a_failing_run_is_told_to_all_who_wait_and_the_next_goes_on<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, count) = (Runs::new(), Arc::new(AtomicU32::new(0)));
    let payload = <F::Mode as Again>::each(move || match count.fetch_add(1, Ordering::SeqCst) {
        0 => Err(Torn),
        _ => Ok(()),
    });
    let every = rarely(&runner, &runs).on_failure(OnFailure::Continue);
    every.adopt(flavour, payload).map(drop).unwrap();
    assert!(matches!(runs.run_now().blocking(), Err(RunError::Failed(_))));
    runs.run_now().blocking().unwrap();
    assert_eq!((runs.counters().runs(), runs.counters().failed()), (2, 1));
    stop(runner);
}

/// S14.
fn a_wait_where_nothing_runs_ends_at_once<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Runs::new();
    assert!(matches!(runs.next().blocking(), Err(RunError::NotRunning)));
    let payload = <F::Mode as Again>::each(|| ());
    // Refused, it is nobody's still.
    let refused = runner.every(Duration::ZERO).runs(&runs).adopt(flavour, payload).map(drop);
    drop(refused.unwrap_err());
    let error = runs.run_now().blocking().unwrap_err();
    assert!(matches!(error, RunError::NotRunning) && !runs.is_running(), "{error}");
    finish(runner);
}

/// S87.
fn a_stop_ends_all_waits<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, gate) = (Runs::new(), Gate::default());
    let every = runner.every(LONG).runs(&runs);
    every.adopt(flavour, <F::Mode as Again>::asked(&gate)).map(drop).unwrap();
    gate.wait_for(1);
    let (under_way, asked) = (runs.next(), runs.run_now());
    let plain = std::thread::spawn(move || asked.blocking().is_err());
    runner.stop();
    // It ended in good order, within its grace; another one never began.
    under_way.blocking().unwrap();
    assert!(plain.join().unwrap());
    finish(runner);
    assert_eq!((gate.count(), runs.is_running()), (1, false));
}

/// S85: and those who wait, wait for the end of it.
fn a_run_that_is_to_be_tried_later_is_one_run<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, tries) = (Runs::new(), Arc::new(AtomicU32::new(0)));
    let count = Arc::clone(&tries);
    let payload = <F::Mode as Again>::each(move || match count.fetch_add(1, Ordering::SeqCst) {
        0 => TryLater::now().into(),
        1 => Attempt::later(SHORT),
        _ => Attempt::Done(()),
    });
    rarely(&runner, &runs).adopt(flavour, payload).map(drop).unwrap();
    let asked = Instant::now();
    runs.run_now().blocking().unwrap();
    assert!(asked.elapsed() >= SHORT);
    let counters = runs.counters();
    assert_eq!((tries.load(Ordering::SeqCst), counters.later(), counters.runs()), (3, 2, 1));
    assert!(counters.last() >= SHORT && counters.failed() == 0, "{counters}");
    stop(runner);
}

fn a_stop_ends_the_delay_of_a_run<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Runs::new();
    // As an error, out of the depth.
    let payload = <F::Mode as Again>::each(|| {
        anyhow::Context::context(Err::<(), _>(TryLater::after(Duration::MAX)), "deep down")
    });
    rarely(&runner, &runs).adopt(flavour, payload).map(drop).unwrap();
    let wait = runs.run_now();
    until(|| runs.counters().later() == 1);
    runner.stop();
    assert!(matches!(wait.blocking(), Err(RunError::Interrupted)));
    finish(runner);
}

fn a_run_that_takes_longer_than_the_interval_is_counted_as_slow<F: Repeats>(flavour: F) {
    let runner = runner();
    let (runs, slow) = (Runs::new(), Gate::default());
    let flag = slow.clone();
    let payload = <F::Mode as Again>::each(move || {
        let begin = Instant::now();
        while !flag.is_open() && begin.elapsed() <= SHORT {}
    });
    runner.every(SHORT).runs(&runs).adopt(flavour, payload).map(drop).unwrap();
    until(|| runs.counters().slow() >= 2);
    slow.open();
    runs.run_now().blocking().unwrap();
    let counters = runs.counters();
    assert!(counters.runs() > counters.slow() || counters.last() > SHORT, "{counters}");
    assert!(counters.busy() >= counters.longest() && counters.longest() > SHORT, "{counters}");
    let json = serde_json::to_value(counters).unwrap();
    assert_eq!(json["slow"], counters.slow(), "{json}");
    stop(runner);
}

fn runs_of_another_payload_are_refused<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Runs::new();
    let payload = || <F::Mode as Again>::each(|| ());
    let first = rarely(&runner, &runs).spawn(flavour, payload()).unwrap();
    let refused = rarely(&runner, &runs).adopt(flavour, payload()).map(drop).unwrap_err();
    assert!(matches!(refused.reason(), Reason::BadSetting { setting: "runs", .. }), "{refused}");
    // Free again with the end of the first.
    runs.run_now().blocking().unwrap();
    first.stop();
    assert!(matches!(first.join(), Ok(Ok(()))));
    until(|| !runs.is_running());
    rarely(&runner, &runs).adopt(flavour, payload()).map(drop).unwrap();
    runs.run_now().blocking().unwrap();
    assert_eq!(runs.counters().runs(), 2);
    stop(runner);
}

on_each_lane!(a_blocking_wait_on_the_payloads_own_lane_is_refused_with_the_ring);

fn a_blocking_wait_on_the_payloads_own_lane_is_refused_with_the_ring<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Runs::new();
    let payload = <F::Mode as Again>::each(|| ());
    rarely(&runner, &runs).name("probe").adopt(flavour, payload).map(drop).unwrap();
    // It has begun to tick.
    runs.run_now().blocking().unwrap();
    let asks = runs.clone();
    let blocks = <F::Mode as integration_tests::calls::Calls>::payload(move || {
        asks.run_now().blocking().unwrap_err().to_string()
    });
    let text = runner.task("blocks").spawn(flavour, blocks).unwrap().join().unwrap();
    assert!(text.contains("`blocks` waits for a run of") && text.contains("`probe`"), "{text}");
    // It was asked for all the same.
    until(|| runs.counters().runs() == 2);
    stop(runner);
}

/// On threads a run has another one than what ticks, which waits for it.
#[test]
fn a_run_that_waits_for_the_next_one_is_refused_with_the_ring() {
    within(LIMIT, || {
        let runner = runner();
        let runs = Runs::new();
        let (asks, texts) = (runs.clone(), std::sync::mpsc::channel());
        rarely(&runner, &runs)
            .adopt(Thread, move || {
                let error = asks.run_now().blocking_timeout(SHORT).is_err();
                // For this very run.
                let ring = asks.next().blocking().unwrap_err().to_string();
                let _ = texts.0.send((error, ring));
            })
            .map(drop)
            .unwrap();
        runs.run_now().blocking().unwrap();
        let (waited, text) = texts.1.recv().unwrap();
        assert!(waited && text.contains("waits for a run of"), "{text}");
        stop(runner);
    });
}
