//! How services come up: initialisation, skipping, timeouts, oneshots, units that run nothing, workers.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, runner, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{
    Launch, OnServiceExit, Reason, Restart, ServiceError, ServiceState, Skip, StopReason,
};

use crate::{Made, Trace, reach};

on_each!(
    all_initialisations_are_over_before_anything_starts,
    f087_f089_all_failures_of_initialisations_are_told_and_nothing_starts,
    a_service_that_skips_itself_holds_up_nobody,
    f087_a_start_that_fails_midway_is_unwound_in_reverse,
    f088_f096_a_service_that_is_not_ready_in_time_has_failed,
    a_oneshot_is_ready_when_it_is_done_and_stops_nobody,
    workers_run_the_same_body_under_names_of_their_own,
    a_failing_worker_takes_the_others_down_and_is_the_cause,
);

/// An initialisation of any flavour.
fn init<F: Any>(
    launch: Launch,
    flavour: F,
    call: impl Fn() -> anyhow::Result<()> + Clone + Send + 'static,
) -> Launch {
    launch.init(flavour, F::Mode::each_run(move || call().map(|()| false), || ()))
}

fn all_initialisations_are_over_before_anything_starts<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    for (name, after) in [("store", None), ("http", Some("store"))] {
        let noted = trace.clone();
        let launch = init(trace.staying(flavour, name), flavour, move || {
            noted.note(format!("i:{name}"));
            Ok(())
        });
        runner.service(Made(launch)).name(name).notify().after(after).add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    assert_eq!(trace.text(), "i:store i:http +store +http -http -store");
}

/// S47, S80: the others are initialised all the same, and each failure is in the report.
fn f087_f089_all_failures_of_initialisations_are_told_and_nothing_starts<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    for (name, fails) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        let noted = trace.clone();
        let launch = init(trace.staying(flavour, name), flavour, move || {
            noted.note(format!("i:{name}"));
            assert!(name != "d", "on purpose");
            anyhow::ensure!(!fails, "{name} has no disk");
            Ok(())
        });
        runner.service(Made(launch)).name(name).add().expect("taken");
    }
    // What depends on one that failed is not initialised.
    let launch = init(trace.staying(flavour, "e"), flavour, || unreachable!("`a` failed"));
    runner.service(Made(launch)).name("e").after(["a"]).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.failures().len(), 3, "{report}");
    let failed: BTreeSet<_> =
        report.failures().iter().filter_map(|one| one.task().name()).collect();
    assert_eq!(failed, ["a", "c", "d"].into());
    let mut noted = trace.all();
    noted.sort_unstable();
    assert_eq!(noted, ["i:a", "i:b", "i:c", "i:d"]);
    assert_eq!(report.services().get("b").map(|one| one.state()), Some(ServiceState::Terminated));
    assert_eq!(report.services().get("a").map(|one| one.state()), Some(ServiceState::Failed));
}

/// S79: whoever looks it up is told.
fn a_service_that_skips_itself_holds_up_nobody<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let launch =
        init(trace.staying(flavour, "bus"), flavour, || Err(Skip::because("no bus here").into()));
    let launch = launch.share(Arc::new("the bus"));
    runner.service(Made(launch)).name("bus").add().expect("taken");
    let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.after(["bus"]).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    let bus = reach(&handle, "bus", ServiceState::Skipped);
    assert_eq!(bus.skipped(), Some("no bus here"));
    let looked_up = handle.instance::<&'static str>().expect_err("it was skipped");
    let told = ServiceError::NotReady { service: "bus".into(), state: ServiceState::Skipped };
    assert_eq!(looked_up, told);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    assert_eq!(trace.text(), "+http -http");
}

/// S46, rule 24.
fn f087_a_start_that_fails_midway_is_unwound_in_reverse<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    for (name, after) in [("a", None), ("b", Some("a"))] {
        let service = runner.service(Made(trace.staying(flavour, name))).name(name).notify();
        service.after(after).add().expect("taken");
    }
    let fail = F::Mode::each_run(|| anyhow::bail!("the port is taken"), || ());
    let c = runner.service(Made(Launch::repeat(flavour, fail))).name("c");
    c.after(["b"]).notify().add().expect("taken");
    let d = runner.service(Made(trace.staying(flavour, "d"))).name("d").notify();
    d.after(["c"]).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.root_cause().and_then(|one| one.task().name()), Some("c"), "{report}");
    assert_eq!(report.failures().len(), 1, "{report}");
    assert_eq!(trace.text(), "+a +b -b -a");
}

/// The start has a limit of its own.
fn f088_f096_a_service_that_is_not_ready_in_time_has_failed<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let slow = runner.service(Made(trace.silent(flavour, "slow"))).name("slow").notify();
    slow.start_timeout(Duration::from_millis(50)).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.failures().len(), 1, "{report}");
    let text = report.to_string();
    assert!(text.contains("did not say that it is ready within 50ms"), "{text}");
    assert_eq!(trace.text(), "+slow -slow");
}

/// An end is what it is for.
fn a_oneshot_is_ready_when_it_is_done_and_stops_nobody<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let noted = trace.clone();
    let migrate = F::Mode::payload(move || noted.note("migrated"));
    let oneshot = runner.service(Made(Launch::new(flavour, migrate))).name("migrate").oneshot();
    oneshot.add().expect("taken");
    let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.after(["migrate"]).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    assert!(reach(&handle, "migrate", ServiceState::Terminated).is_ready());
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(trace.text(), "migrated +http -http");
}

/// S20: as many as it says, each with a name; on threads each has one of its own.
fn workers_run_the_same_body_under_names_of_their_own<F: Any>(flavour: F) {
    let runner = runner();
    let (names, begun) = (Arc::new(Mutex::new(BTreeSet::new())), Gate::default());
    let (noted, come) = (Arc::clone(&names), begun.clone());
    let blocks = flavour.name() == "thread";
    let body = F::Mode::each_run(
        move || {
            let name = Context::current().name().to_owned();
            if blocks {
                let thread = thread::current();
                assert_eq!(thread.name(), Some(&*format!("spumoni/{name}")));
            }
            noted.lock().insert(name);
            come.come();
            Ok(true)
        },
        || (),
    );
    runner.service(Made(Launch::repeat(flavour, body))).name("w").workers(3).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    begun.wait_for(3);
    let view = reach(&handle, "w", ServiceState::Running);
    assert_eq!(view.workers(), 3);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    let names: Vec<_> = names.lock().iter().cloned().collect();
    assert_eq!(names, ["w-1", "w-2", "w-3"]);
}

/// S84: the cause is the report's, and all are stopped.
fn a_failing_worker_takes_the_others_down_and_is_the_cause<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let (ends, first) = (trace.clone(), Gate::default());
    let body = F::Mode::each_run(
        move || {
            anyhow::ensure!(Context::current().name() != "w-2", "the second");
            first.come();
            Ok(true)
        },
        move || ends.note("asked"),
    );
    runner.service(Made(Launch::repeat(flavour, body))).name("w").workers(3).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.failures().len(), 1, "{report}");
    assert_eq!(report.root_cause().and_then(|one| one.task().name()), Some("w-2"));
    assert!(trace.count("asked") <= 2);
    assert_eq!(report.services().get("w").map(|one| one.state()), Some(ServiceState::Failed));
}

/// An initialisation that hangs is told, and the others are unharmed.
#[test]
fn f088_an_initialisation_that_hangs_is_a_failure_with_its_limit() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        let hang = Launch::repeat(Smol, async || ()).init(Tokio, async || pending::<()>().await);
        let hanging = runner.service(Made(hang)).name("hanging").grace(Duration::from_millis(10));
        hanging.init_timeout(Duration::from_millis(30)).add().expect("taken");
        let noted = trace.clone();
        let fine = init(trace.staying(Thread, "fine"), Thread, move || {
            noted.note("i");
            Ok(())
        });
        runner.service(Made(fine)).name("fine").add().expect("taken");
        let report = runner.run();
        let text = report.to_string();
        assert!(text.contains("its initialisation was not over within 30ms"), "{text}");
        assert_eq!((report.failures().len(), trace.text()), (1, "i".to_owned()), "{text}");
    });
}

/// What runs nothing takes part in initialisation and stop, in its place, and keeps nothing alive.
#[test]
fn a_unit_that_runs_nothing_is_initialised_and_told_of_the_stop_in_its_turn() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        let (up, down) = (trace.clone(), trace.clone());
        let unit = Launch::idle(Smol).init(Smol, async move || up.note("i"));
        let unit = unit.on_stop(move || down.note("hook"));
        runner.service(Made(unit)).name("pool").add().expect("taken");
        let http = runner.service(Made(trace.staying(Thread, "http"))).name("http").notify();
        http.after(["pool"]).add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "http", ServiceState::Running);
        handle.stop();
        let report = running.join().expect("no panic");
        assert!(report.is_clean(), "{report}");
        assert_eq!(trace.text(), "i +http -http hook");
        let alone = integration_tests::runner();
        alone.service(Made(Launch::idle(Tokio))).name("pool").add().expect("taken");
        finish(alone);
    });
}

/// O30, S82: a stop hook that panics is a failure, one that hangs holds up nobody.
#[test]
fn f095_stop_hooks_that_panic_or_hang_are_told_and_hold_up_nobody() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let held = gate.clone();
        let hangs = Launch::idle(Smol).on_stop(move || held.pass_blocking());
        let hangs = runner.service(Made(hangs)).name("hangs").grace(Duration::from_millis(50));
        hangs.add().expect("taken");
        let panics = Launch::idle(Smol).on_stop(|| panic!("on purpose"));
        runner.service(Made(panics)).name("panics").add().expect("taken");
        let trace = Trace::default();
        let http = runner.service(Made(trace.staying(Tokio, "http"))).name("http").notify();
        http.add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "http", ServiceState::Running);
        handle.stop();
        let report = running.join().expect("no panic");
        let failed: Vec<_> = report.failures().iter().filter_map(|one| one.task().name()).collect();
        assert!(failed.contains(&"panics") && failed.contains(&"hangs"), "{report}");
        assert!(report.to_string().contains("stopper of `hangs`"), "{report}");
        assert_eq!(trace.text(), "+http -http");
        gate.open();
    });
}

/// What makes no sense is said where the service is added, or in the report at the latest.
#[test]
fn settings_that_clash_are_refused_with_the_reason() {
    within(LIMIT, || {
        let runner = runner();
        let zero = runner.service(Made(Launch::new(Smol, async || ()))).name("zero").workers(0);
        let refused = zero.add().expect_err("no workers");
        assert!(matches!(refused.reason(), Reason::BadSetting { setting: "workers", .. }));
        let always = runner.service(Made(Launch::repeat(Smol, async || ()))).name("always");
        let refused = always.oneshot().restart(Restart::Always).add().expect_err("a clash");
        assert!(refused.to_string().contains("oneshot"), "{refused}");
        let once = runner.service(Made(Launch::new(Smol, async || ()))).name("once");
        once.restart(Restart::OnFailure).add().expect("told later");
        let report = runner.run();
        assert!(report.to_string().contains("needs a body that can run again"), "{report}");
    });
}

/// Rule 25: stop, ignore or fail.
#[test]
fn an_end_unasked_stops_the_runner_or_is_ignored_or_is_a_failure() {
    within(LIMIT, || {
        let end = |on_exit| {
            let (runner, trace) = (runner(), Trace::default());
            let ends = runner.service(Made(Launch::new(Smol, async || ()))).name("ends");
            ends.on_exit(on_exit).add().expect("taken");
            let stays = runner.service(Made(trace.staying(Thread, "stays"))).name("stays").notify();
            stays.after(["ends"]).transient().add().expect("taken");
            runner.run()
        };
        assert!(matches!(end(OnServiceExit::Stop).reason(), StopReason::ServiceEnded { .. }));
        assert_eq!(end(OnServiceExit::Ignore).reason(), &StopReason::Finished);
        let failed = end(OnServiceExit::Fail);
        assert!(failed.to_string().contains("it ended without being asked to"), "{failed}");
        assert_eq!(failed.exit_code(), 1);
    });
}
