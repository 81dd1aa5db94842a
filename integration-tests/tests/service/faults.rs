//! What must not hurt services and has no better place: rows 71, 84, 92, 93 and 96 of `docs/faults.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::{LIMIT, on_each, runner, until};
use spumoni::prelude::*;
use spumoni::{Backoff, Intensity, Launch, Restart, ServiceState, StopReason};

use crate::{Made, Trace, reach};

on_each!(
    f071_a_stop_while_services_start_unwinds_those_that_have_and_starts_no_more,
    f084_a_dependency_that_is_named_twice_counts_once,
    f092_a_service_whose_stops_take_longer_than_its_window_is_not_restarted_for_ever,
    f093_no_run_begins_after_a_stop_however_quickly_a_service_fails,
    f096_a_service_that_is_ready_too_late_disturbs_nobody,
);

/// The third of five is starting: it never says that it is ready.
fn f071_a_stop_while_services_start_unwinds_those_that_have_and_starts_no_more<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let mut before = None;
    for name in ["s1", "s2", "s3", "s4", "s5"] {
        let launch = match name {
            "s3" => trace.silent(flavour, name),
            _ => trace.staying(flavour, name),
        };
        runner.service(Made(launch)).name(name).notify().after(before).add().expect("taken");
        before = Some(name);
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "s3", ServiceState::Starting);
    until(|| trace.count("+s3") == 1);
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(trace.text(), "+s1 +s2 +s3 -s3 -s2 -s1");
}

fn f084_a_dependency_that_is_named_twice_counts_once<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.after(["store", "store"]).after(["store"]).add().expect("taken");
    let store = runner.service(Made(trace.staying(flavour, "store"))).name("store").notify();
    store.add().expect("taken");
    assert_eq!(runner.check().expect("sound").join(" "), "store http");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    assert_eq!(trace.text(), "+store +http -http -store");
}

/// One worker fails at once, the other takes its time to stop, and the pauses are longer than the window too.
fn f092_a_service_whose_stops_take_longer_than_its_window_is_not_restarted_for_ever<F: Any>(
    flavour: F,
) {
    const WINDOW: Duration = Duration::from_millis(1);
    let (runner, trace) = (runner(), Trace::default());
    let begins = trace.clone();
    let begin = move || {
        let second = Context::current().name() == "slow-2";
        begins.note(if second { "+fails" } else { "+stops" });
        anyhow::ensure!(!second, "at once");
        Ok(true)
    };
    // That it takes long is what this is about.
    let slowly = || thread::sleep(2 * WINDOW);
    let slow = Launch::repeat(flavour, F::Mode::each_run(begin, slowly));
    let slow = runner.service(Made(slow)).name("slow").workers(2).notify();
    let slow = slow.restart(Restart::OnFailure).backoff(Backoff::new(2 * WINDOW, 2 * WINDOW));
    slow.intensity(Intensity::new(3, WINDOW)).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::Failure, "{report}");
    assert!(report.to_string().contains("too many: 3 restarts within 1ms"), "{report}");
    assert_eq!(trace.count("+fails"), 4, "{}", trace.text());
    assert_eq!(report.services().get("slow").map(|one| one.restarts()), Some(3));
}

/// One that is restarted all the time, stopped at some moment of that.
fn f093_no_run_begins_after_a_stop_however_quickly_a_service_fails<F: Any>(flavour: F) {
    for round in 1..=25 {
        let runner = runner();
        let (asked, late) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (runs, seen, begun) = (Arc::<AtomicUsize>::default(), asked.clone(), late.clone());
        let counts = Arc::clone(&runs);
        let begin = move || {
            counts.fetch_add(1, Ordering::SeqCst);
            if seen.load(Ordering::SeqCst) {
                begun.fetch_add(1, Ordering::SeqCst);
            }
            anyhow::bail!("again")
        };
        let fails = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
        let fails = runner.service(Made(fails)).name("fails").restart(Restart::Always);
        let fails = fails.backoff(Backoff::new(Duration::ZERO, Duration::ZERO));
        fails.intensity(Intensity::new(u32::MAX, LIMIT)).add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        until(|| runs.load(Ordering::SeqCst) >= round);
        handle.stop();
        asked.store(true, Ordering::SeqCst);
        let report = running.join().expect("no panic");
        assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
        // One that had been taken up when the stop came may be seen to begin just afterwards.
        assert!(late.load(Ordering::SeqCst) <= 1, "{report}");
        let state = report.services().get("fails").map(|one| one.state());
        let is_over = [Some(ServiceState::Terminated), Some(ServiceState::Failed)].contains(&state);
        assert!(is_over, "{state:?}: {report}");
    }
}

/// It says so when it has been asked to stop.
fn f096_a_service_that_is_ready_too_late_disturbs_nobody<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let noted = trace.clone();
    let begin = move || {
        noted.note("begun");
        Ok(true)
    };
    let body = F::Mode::each_run(begin, || Context::current().ready());
    let late = runner.service(Made(Launch::repeat(flavour, body))).name("late").notify();
    late.add().expect("taken");
    let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.after(["late"]).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    until(|| trace.count("begun") == 1);
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.text(), "begun");
    assert_eq!(
        report.services().get("late").map(|one| one.state()),
        Some(ServiceState::Terminated)
    );
}
