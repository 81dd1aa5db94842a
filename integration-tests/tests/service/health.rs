//! Health checks: when they are made, what a bad one means, and that one that hangs holds nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::prelude::*;
use spumoni::{Backoff, Intensity, Launch, Reason, Restart, ServiceState, StopReason};

use crate::{Made, Trace, reach};

const OFTEN: Duration = Duration::from_millis(1);
const QUICK: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(4));

on_each!(
    f097_a_check_that_fails_makes_the_service_unhealthy_and_a_good_one_healthy_again,
    f097_checks_that_fail_in_a_row_are_the_failure_of_the_run,
    f097_a_check_that_panics_counts_as_failed,
    f097_a_check_that_hangs_counts_at_its_timeout_and_holds_neither_its_flavour_nor_another_check,
    f097_a_service_that_is_never_well_is_not_restarted_for_ever,
    f097_a_stop_waits_for_a_check_no_longer_than_its_timeout,
    a_slow_start_is_no_bad_health,
    a_service_that_ends_while_it_is_checked_ends_in_good_order,
    whoever_depends_on_an_unhealthy_service_starts_when_it_is_well,
);

/// A service that stays, says that it is ready, and is checked by `check`.
fn checked<F: Any>(
    flavour: F,
    trace: &Trace,
    check: impl Fn() -> anyhow::Result<()> + Clone + Send + 'static,
) -> Made {
    let check = F::Mode::each_run(move || check().map(|()| false), || ());
    Made(trace.staying(flavour, "store").health(flavour, check))
}

fn f097_a_check_that_fails_makes_the_service_unhealthy_and_a_good_one_healthy_again<F: Any>(
    flavour: F,
) {
    let (runner, trace) = (runner(), Trace::default());
    let full = Arc::new(AtomicBool::new(true));
    let is_full = Arc::clone(&full);
    let check = move || {
        anyhow::ensure!(!is_full.load(Ordering::SeqCst), "the disk is full");
        Ok(())
    };
    let store = runner.service(checked(flavour, &trace, check)).name("store").notify();
    store.health_every(OFTEN).health_timeout(LIMIT).health_failures(u32::MAX).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let bad = handle.services_until_blocking(LIMIT, |list| {
        list.get("store").is_some_and(|one| one.unhealthy().is_some() && one.failed_checks() >= 2)
    });
    let bad = bad.expect("in time");
    let store = bad.get("store").expect("there");
    assert_eq!(store.state(), ServiceState::Running);
    assert!(!store.is_ready() && store.is_awaited());
    let failure = store.unhealthy().expect("unhealthy");
    assert_eq!(failure.cause().to_string(), "the disk is full");
    assert_eq!(failure.task().path(), "store/health");
    assert!(bad.to_string().contains("unhealthy: the disk is full"), "{bad}");
    let health = handle.health();
    assert!(!health.is_ready() && health.is_started() && health.is_live(), "{health}");
    assert!(health.to_string().contains("[-] service store: running, unhealthy: the disk"));
    let json = serde_json::to_value(handle.services()).expect("data");
    assert_eq!(json["services"][0]["unhealthy"]["cause"], "the disk is full", "{json:#}");
    full.store(false, Ordering::SeqCst);
    let well = handle.services_until_blocking(LIMIT, |list| {
        list.get("store").is_some_and(|one| one.is_ready() && one.unhealthy().is_none())
    });
    assert_eq!(well.expect("in time").get("store").map(|one| one.failed_checks()), Some(0));
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.text(), "+store -store");
}

fn f097_checks_that_fail_in_a_row_are_the_failure_of_the_run<F: Any>(flavour: F) {
    for restart in [Restart::Never, Restart::OnFailure] {
        let (runner, trace) = (runner(), Trace::default());
        let (checks, noted) = (Arc::new(AtomicUsize::new(0)), trace.clone());
        // Bad, bad, good, then bad in every run but the second.
        let check = move || {
            let good = noted.count("+store") == 2 || checks.fetch_add(1, Ordering::SeqCst) == 2;
            anyhow::ensure!(good, "the disk is full");
            Ok(())
        };
        let store = runner.service(checked(flavour, &trace, check)).name("store").notify();
        let store = store.restart(restart).backoff(QUICK).health_every(OFTEN);
        store.health_timeout(LIMIT).health_failures(3).add().expect("taken");
        if restart == Restart::Never {
            let report = runner.run();
            assert_eq!(report.reason(), &StopReason::Failure);
            let cause = report.root_cause().expect("there is one");
            assert_eq!(cause.task().name(), Some("store"));
            let text = format!("{:#}", cause.cause());
            assert!(text.contains("its health check failed 3 times in a row"), "{text}");
            assert!(report.to_string().contains("the disk is full"), "{report}");
            assert_eq!(trace.text(), "+store -store");
        } else {
            let handle = runner.handle();
            let running = thread::spawn(move || runner.run());
            let again = handle.services_until_blocking(LIMIT, |list| {
                list.get("store").is_some_and(|one| one.restarts() == 1 && one.is_ready())
            });
            assert!(again.is_some(), "{}", handle.services());
            handle.stop();
            assert!(running.join().expect("no panic").is_clean());
            assert_eq!(trace.text(), "+store -store +store -store");
        }
    }
}

fn f097_a_check_that_panics_counts_as_failed<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let check = || panic!("on purpose");
    let store = runner.service(checked(flavour, &trace, check)).name("store").notify();
    store.health_failures(1).health_timeout(LIMIT).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.failures().len(), 1, "{report}");
    assert!(report.to_string().contains("on purpose"), "{report}");
    assert_eq!(report.root_cause().and_then(|cause| cause.task().name()), Some("store"));
    assert_eq!(trace.text(), "+store -store");
}

/// The first check hangs, until the end of the test where nobody can drop it.
fn f097_a_check_that_hangs_counts_at_its_timeout_and_holds_neither_its_flavour_nor_another_check<
    F: Any,
>(
    flavour: F,
) {
    let (runner, trace) = (runner(), Trace::default());
    let gate = Gate::default();
    let hangs = F::Mode::each_pass(&gate);
    let store = Made(trace.staying(flavour, "store").health(flavour, hangs));
    let store = runner.service(store).name("store").notify().health_every(OFTEN);
    store.health_timeout(OFTEN).health_failures(u32::MAX).add().expect("taken");
    // Whose check goes on beside it.
    let (beside, checks) = (Trace::default(), Gate::default());
    let counts = checks.clone();
    let check = move || {
        counts.come();
        Ok(())
    };
    let other = runner.service(checked(flavour, &beside, check)).name("other").notify();
    other.health_every(OFTEN).health_timeout(LIMIT).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    // One that is cancelled before it has begun hangs nowhere.
    gate.wait_for(1);
    let so_far = handle.services().get("store").map_or(0, |one| one.failed_checks());
    let hung = handle.services_until_blocking(LIMIT, |list| {
        list.get("store").is_some_and(|one| one.failed_checks() >= so_far + 3)
    });
    let hung = hung.expect("in time");
    let failure = hung.get("store").and_then(|one| one.unhealthy()).expect("unhealthy");
    let text = failure.cause().to_string();
    assert!(
        text.contains("was not over within 1ms") || text.contains("holds its thread"),
        "{text}"
    );
    checks.wait_for(checks.count() + 2);
    if flavour.name() != "thread" {
        // Each is dropped, and followed by another.
        gate.wait_for(3);
    }
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(trace.text(), "+store -store");
    assert!(handle.services().get("other").is_some_and(|one| one.unhealthy().is_none()));
    // A thread can only be left behind, and is named.
    if flavour.name() == "thread" {
        assert_eq!(gate.count(), 1, "no second one beside it");
        let named = report.abandoned().iter().any(|one| one.task().path() == "store/health");
        assert!(named, "{report}");
    } else {
        assert!(report.is_clean() && report.abandoned().is_empty(), "{report}");
    }
    gate.open();
}

/// It hangs, and has not yet taken too long, when the runner stops.
fn f097_a_stop_waits_for_a_check_no_longer_than_its_timeout<F: Any>(flavour: F) {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let (trace, gate) = (Trace::default(), Gate::default());
    let runner = spumoni::ServiceRunner::builder().signals(false).grace(LIMIT).group_grace(LIMIT);
    let runner = runner.stop_timeout(LIMIT).build().expect("good settings");
    let hangs = F::Mode::each_pass(&gate);
    let store = Made(trace.staying(flavour, "store").health(flavour, hangs));
    let store = runner.service(store).name("store").notify();
    store.health_timeout(TIMEOUT).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    gate.wait_for(1);
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.failures().is_empty(), "{report}");
    assert!(report.took() < LIMIT / 2, "{report}");
    let left = report.abandoned().len();
    assert_eq!(left, usize::from(flavour.name() == "thread"), "{report}");
    gate.open();
}

/// Each run is well until its first check, which is bad: time in which it is unhealthy does not count.
fn f097_a_service_that_is_never_well_is_not_restarted_for_ever<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let check = || anyhow::bail!("never");
    let store = runner.service(checked(flavour, &trace, check)).name("store").notify();
    let store = store.restart(Restart::Always).backoff(QUICK).intensity(Intensity::new(2, LIMIT));
    store.health_every(OFTEN).health_timeout(LIMIT).health_failures(2).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert!(report.to_string().contains("too many: 2 restarts within 60s"), "{report}");
    assert_eq!(trace.count("+store"), 3);
}

/// A check is for one that is ready, and has a timeout of its own.
fn a_slow_start_is_no_bad_health<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let (may, checks) = (Gate::default(), Gate::default());
    let counts = checks.clone();
    let check = F::Mode::each_run(
        move || {
            counts.come();
            Ok(false)
        },
        || (),
    );
    let (slow, noted) = (may.clone(), trace.clone());
    let body = F::Mode::each_run(
        move || {
            noted.note("begun");
            let (cx, may) = (Context::current(), slow.clone());
            thread::spawn(move || {
                may.pass_blocking();
                cx.ready();
            });
            Ok(true)
        },
        || (),
    );
    let launch = Launch::repeat(flavour, body).health(flavour, check);
    let store = runner.service(Made(launch)).name("store").notify();
    store.health_every(OFTEN).health_timeout(LIMIT).start_timeout(LIMIT).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    may.wait_for(1);
    assert_eq!(checks.count(), 0, "{}", trace.text());
    may.open();
    checks.wait_for(2);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// Stopped and restarted while checks run all the time.
fn a_service_that_ends_while_it_is_checked_ends_in_good_order<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let checks = Gate::default();
    let counts = checks.clone();
    let check = move || {
        counts.come();
        Ok(())
    };
    let store = runner.service(checked(flavour, &trace, check)).name("store").notify();
    store.health_every(Duration::from_nanos(1)).health_timeout(LIMIT).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "store", ServiceState::Running);
    for round in 1..=10 {
        checks.wait_for(checks.count() + 1);
        let restarted = handle.restart_service_blocking("store");
        assert_eq!(restarted, Ok(ServiceState::Running), "{round}");
    }
    assert_eq!(handle.stop_service_blocking("store"), Ok(ServiceState::Terminated));
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert!(report.abandoned().is_empty() && report.failures().is_empty(), "{report}");
    assert_eq!(trace.count("+store"), trace.count("-store"));
}

fn whoever_depends_on_an_unhealthy_service_starts_when_it_is_well<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let check = move || {
        anyhow::ensure!(is_well.load(Ordering::SeqCst), "not yet");
        Ok(())
    };
    let store = runner.service(checked(flavour, &trace, check)).name("store").notify();
    store.health_every(OFTEN).health_timeout(LIMIT).health_failures(u32::MAX).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let bad =
        |list: &spumoni::ServiceList| list.get("store").is_some_and(|one| one.failed_checks() > 0);
    assert!(handle.services_until_blocking(LIMIT, bad).is_some());
    let http = handle.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.after(["store"]).add().expect("taken");
    let waits = handle.services_until_blocking(LIMIT, |list| {
        list.get("http").is_some_and(|one| !one.waits_for().is_empty())
    });
    assert!(waits.is_some(), "{}", handle.services());
    assert_eq!(trace.text(), "+store");
    well.store(true, Ordering::SeqCst);
    reach(&handle, "http", ServiceState::Running);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    assert_eq!(trace.text(), "+store +http -http -store");
}

/// What only its launch shows is told by the report.
#[test]
fn checks_that_make_no_sense_are_refused() {
    within(LIMIT, || {
        let well = || Launch::repeat(Thread, || ()).health(Thread, || ());
        let first = runner();
        for refused in [
            first.service(Made(well())).health_every(Duration::ZERO).add(),
            first.service(Made(well())).health_timeout(Duration::ZERO).add(),
            first.service(Made(well())).health_failures(0).add(),
        ] {
            let reason = refused.expect_err("it makes no sense").into_parts().0;
            let Reason::BadSetting { setting, .. } = reason else { panic!("{reason}") };
            assert!(setting.starts_with("health_"), "{setting}");
        }
        first.service(Made(well())).oneshot().add().expect("launched");
        let second = runner();
        let idle = Launch::idle(Thread).health(Thread, || ());
        second.service(Made(idle)).add().expect("launched");
        for told in [first.run(), second.run()].map(|report| report.to_string()) {
            assert!(told.contains("`health` makes no sense for a service that"), "{told}");
        }
    });
}
