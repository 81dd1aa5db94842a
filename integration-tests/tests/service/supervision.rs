//! Restarts: after which ends, with which pauses, how often, and who goes with whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::prelude::*;
use spumoni::{Backoff, Intensity, Launch, OnFailure, Restart, ServiceState, StopReason, Strategy};

use crate::{Made, Trace, reach};

const QUICK: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(4));
/// A pause that no test waits for.
const LONG: Backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));

on_each!(
    a_failing_service_is_restarted_and_the_others_go_on,
    a_panicking_service_is_restarted_too,
    f091_too_many_restarts_are_the_failure_of_the_runner,
    f091_the_old_run_is_wholly_gone_before_the_new_one_begins,
    an_end_in_good_order_is_followed_by_a_restart_only_where_that_is_said,
    f072_a_stop_drops_a_pending_backoff,
    workers_that_fail_together_are_one_failure_of_their_run,
    a_failure_may_be_the_services_own,
    f094_those_that_depend_on_it_are_restarted_with_it_where_that_is_said,
);

/// A body that fails so many times, then stays.
fn failing<F: Any>(flavour: F, trace: &Trace, name: &'static str, times: usize) -> Launch {
    let (begins, ends, runs) = (trace.clone(), trace.clone(), Arc::new(AtomicUsize::new(0)));
    let begin = move || {
        begins.note(format!("+{name}"));
        let run = runs.fetch_add(1, Ordering::SeqCst);
        anyhow::ensure!(run >= times, "run {run}");
        Ok(true)
    };
    Launch::repeat(flavour, F::Mode::each_run(begin, move || ends.note(format!("-{name}"))))
}

/// C18 and the wishes behind it: one temporary error does not take the daemon down.
fn a_failing_service_is_restarted_and_the_others_go_on<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let fails = runner.service(Made(failing(flavour, &trace, "fails", 3))).name("fails");
    fails.restart(Restart::OnFailure).backoff(QUICK).add().expect("taken");
    let stays = runner.service(Made(trace.staying(flavour, "stays"))).name("stays").notify();
    stays.add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let list = handle.services_until_blocking(LIMIT, |list| {
        let fails = list.get("fails").expect("there");
        fails.restarts() == 3 && fails.state() == ServiceState::Running
    });
    let list = list.expect("in time");
    let failure = list.get("fails").and_then(|one| one.failure().cloned()).expect("it failed");
    assert_eq!(failure.cause().to_string(), "run 2");
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!((trace.count("+fails"), trace.count("+stays")), (4, 1));
    assert!(report.services().to_string().contains("restarted 3 times"), "{}", report.services());
}

fn a_panicking_service_is_restarted_too<F: Any>(flavour: F) {
    let runner = runner();
    let runs = Arc::new(AtomicUsize::new(0));
    let begin = move || {
        assert!(runs.fetch_add(1, Ordering::SeqCst) > 0, "the first run");
        Ok(true)
    };
    let body = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
    let panics = runner.service(Made(body)).name("panics").restart(Restart::OnFailure);
    panics.backoff(QUICK).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let restarted = handle.services_until_blocking(LIMIT, |list| {
        let one = list.get("panics").expect("there");
        one.restarts() == 1 && one.state() == ServiceState::Running
    });
    assert!(restarted.is_some());
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// A restart storm ends, and the report tells of the last failure and of how many there were.
fn f091_too_many_restarts_are_the_failure_of_the_runner<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let fails = runner.service(Made(failing(flavour, &trace, "fails", usize::MAX))).name("fails");
    let fails = fails.restart(Restart::Always).backoff(QUICK);
    fails.intensity(Intensity::new(3, LIMIT)).add().expect("taken");
    let report = runner.run();
    assert_eq!(trace.count("+fails"), 4);
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.failures().len(), 1, "{report}");
    let text = report.to_string();
    assert!(text.contains("3 restarts within 60s") && text.contains("run 3"), "{text}");
    assert_eq!(report.services().get("fails").map(|one| one.state()), Some(ServiceState::Failed));
}

/// One of several workers fails: the next run waits for the others of the old one.
fn f091_the_old_run_is_wholly_gone_before_the_new_one_begins<F: Any>(flavour: F) {
    let runner = runner();
    let alive = Arc::new(AtomicUsize::new(0));
    let (entered, left, runs) = (Arc::clone(&alive), Arc::clone(&alive), Gate::default());
    let all = runs.clone();
    let begin = move || {
        let first = all.count() < 3;
        let before = entered.fetch_add(1, Ordering::SeqCst);
        assert!(before < 3, "two runs at once");
        all.come();
        if first && Context::current().name() == "w-3" {
            entered.fetch_sub(1, Ordering::SeqCst);
            anyhow::bail!("the third")
        }
        Ok(true)
    };
    let end = move || {
        left.fetch_sub(1, Ordering::SeqCst);
    };
    let body = Launch::repeat(flavour, F::Mode::each_run(begin, end));
    let workers = runner.service(Made(body)).name("w").workers(3).restart(Restart::OnFailure);
    workers.backoff(Backoff::new(Duration::ZERO, Duration::ZERO)).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    // A worker that had not begun when the third failed never begins.
    let again = handle.services_until_blocking(LIMIT, |list| {
        let one = list.get("w").expect("there");
        one.restarts() >= 1 && one.state() == ServiceState::Running
    });
    assert!(again.is_some(), "{}", handle.services());
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

/// The second failure of a run that is restarted is no reason to stop, and no failure of the report.
fn workers_that_fail_together_are_one_failure_of_their_run<F: Any>(flavour: F) {
    let runner = runner();
    let (all, runs) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let first = all.clone();
    let begin = move || {
        first.come();
        anyhow::ensure!(runs.fetch_add(1, Ordering::SeqCst) >= 3, "{}", Context::current().name());
        Context::current().ready();
        Ok(true)
    };
    let body = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
    let workers =
        runner.service(Made(body)).name("w").notify().workers(3).restart(Restart::OnFailure);
    workers.backoff(QUICK).intensity(Intensity::new(10, LIMIT)).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    all.wait_for(3);
    let again = handle.services_until_blocking(LIMIT, |list| {
        let one = list.get("w").expect("there");
        one.restarts() >= 1 && one.state() == ServiceState::Running
    });
    assert!(again.is_some(), "{}", handle.services());
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
}

fn an_end_in_good_order_is_followed_by_a_restart_only_where_that_is_said<F: Any>(flavour: F) {
    for (restart, runs) in [(Restart::OnFailure, 1), (Restart::Always, 3)] {
        let (runner, trace) = (runner(), Trace::default());
        let noted = trace.clone();
        let begin = move || {
            noted.note("run");
            if noted.count("run") == 3 {
                Handle::current().stop();
            }
            Ok(false)
        };
        let body = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
        let ends = runner.service(Made(body)).name("ends").restart(restart).backoff(QUICK);
        ends.add().expect("taken");
        let report = runner.run();
        assert!(report.is_clean(), "{report}");
        assert_eq!(trace.count("run"), runs, "{restart:?}");
    }
}

/// On purpose: no restart, and no wait for it.
fn f072_a_stop_drops_a_pending_backoff<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let fails = runner.service(Made(failing(flavour, &trace, "fails", 1))).name("fails");
    fails.restart(Restart::OnFailure).backoff(LONG).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "fails", ServiceState::Backoff);
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.text(), "+fails");
    assert_eq!(
        report.services().get("fails").map(|one| one.state()),
        Some(ServiceState::Terminated)
    );
}

/// The others go on; the list tells of it.
fn a_failure_may_be_the_services_own<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let fails = runner.service(Made(failing(flavour, &trace, "fails", 1))).name("fails");
    fails.on_failure(OnFailure::Continue).add().expect("taken");
    let stays = runner.service(Made(trace.staying(flavour, "stays"))).name("stays").notify();
    stays.add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "stays", ServiceState::Running);
    let failed = reach(&handle, "fails", ServiceState::Failed);
    assert_eq!(failed.failure().map(|one| one.cause().to_string()).as_deref(), Some("run 0"));
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// One, rest, all.
fn f094_those_that_depend_on_it_are_restarted_with_it_where_that_is_said<F: Any>(flavour: F) {
    for (strategy, above, beside) in
        [(Strategy::One, 1, 1), (Strategy::Rest, 2, 1), (Strategy::All, 2, 2)]
    {
        let (runner, trace) = (runner(), Trace::default());
        let go = Gate::default();
        // Fails once, when it is let.
        let (failing, fail) = (trace.clone(), go.clone());
        let store = Launch::repeat(Thread, move || {
            failing.note("+store");
            if failing.count("+store") == 1 {
                fail.pass_blocking();
                anyhow::bail!("once");
            }
            Context::current().stopped_blocking();
            Ok(())
        });
        let store = runner.service(Made(store)).name("store").strategy(strategy);
        store.restart(Restart::OnFailure).backoff(QUICK).add().expect("taken");
        let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
        http.after(["store"]).add().expect("taken");
        let log = runner.service(Made(trace.staying(flavour, "log"))).name("log").notify();
        log.add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "http", ServiceState::Running);
        reach(&handle, "log", ServiceState::Running);
        go.open();
        let list = handle.services_until_blocking(LIMIT, |list| {
            let up = list.all().iter().all(|one| one.state() == ServiceState::Running);
            up && list.get("store").is_some_and(|one| one.restarts() == 1)
        });
        assert!(list.is_some(), "{strategy:?}:\n{}", handle.services());
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        let runs = (trace.count("+http"), trace.count("+log"));
        assert_eq!(runs, (above, beside), "{strategy:?}: {}", trace.text());
    }
}

/// A run that does not end is never followed by another.
#[test]
fn a_service_that_holds_its_thread_is_left_behind_and_never_restarted() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let held = gate.clone();
        let holds = Launch::repeat(Thread, move || held.pass_blocking());
        let holds = runner.service(Made(holds)).name("holds").restart(Restart::Always);
        holds.grace(Duration::from_millis(20)).add().expect("taken");
        let trace = Trace::default();
        let stays = runner.service(Made(trace.staying(Smol, "stays"))).name("stays").notify();
        stays.add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        gate.wait_for(1);
        let state = handle.restart_service_blocking("holds").expect("known");
        assert_eq!(state, ServiceState::Failed);
        let report = running.join().expect("no panic");
        assert!(report.to_string().contains("was left behind with its thread"), "{report}");
        assert_eq!(gate.count(), 1);
        gate.open();
    });
}
