//! Sets that somebody stops, starts and restarts on purpose.

use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::prelude::*;
use spumoni::{Backoff, Launch, ServiceError, ServiceList, ServiceState};

use crate::{Made, Trace, reach};

/// A pause that no test waits for.
const LONG: Backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));

on_each!(
    a_set_is_restarted_whole_and_nobody_begins_before_all_are_gone,
    a_set_is_stopped_and_started_and_the_others_go_on,
    who_is_in_a_set_within_it_goes_with_it,
    the_pause_of_a_set_is_cut_short_by_a_start,
    a_set_beside_a_body_that_is_used_up_is_left_as_it_is,
);

/// Two in the set, one of which depends on the other, and a third that does not; one outside that depends on the set,
/// and one that does not.
fn five<F: Any>(flavour: F, runner: &ServiceRunner) -> Trace {
    let trace = Trace::default();
    runner.service_set("ingest").add().expect("taken");
    for (name, after, set) in [
        ("store", None, true),
        ("parse", Some("store"), true),
        ("clock", None, true),
        ("http", Some("store"), false),
        ("beside", None, false),
    ] {
        let made = Made(trace.staying(flavour, name));
        let service = runner.service(made).name(name).notify().after(after);
        let service = if set { service.set("ingest") } else { service };
        service.add().expect("taken");
    }
    trace
}

fn all_run(list: &ServiceList) -> bool {
    list.all().iter().all(|one| one.state() == ServiceState::Running)
}

fn names(list: &ServiceList) -> Vec<&str> {
    list.all().iter().map(|one| one.name()).collect()
}

fn a_set_is_restarted_whole_and_nobody_begins_before_all_are_gone<F: Any>(flavour: F) {
    let runner = runner();
    let trace = five(flavour, &runner);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    assert!(handle.services_until_blocking(LIMIT, all_run).is_some(), "{}", handle.services());
    let begun = trace.all().len();
    let set = handle.restart_service_set_blocking("ingest").expect("there");
    assert!(all_run(&set), "{set}");
    assert_eq!(names(&set).len(), 3, "{set}");
    let view = set.set("ingest").expect("there");
    assert!(view.restarts() == 0 && !view.is_restarting(), "{set}");
    reach(&handle, "http", ServiceState::Running);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    let noted = trace.all();
    let restart = &noted[begun..begun + 8];
    let at = |what: &str| restart.iter().position(|noted| noted == what).expect(what);
    for gone in ["-store", "-parse", "-clock"] {
        for begun in ["+store", "+parse", "+clock"] {
            assert!(at(gone) < at(begun), "{}", trace.text());
        }
    }
    assert!(at("-http") < at("-store") && at("-parse") < at("-store"), "{}", trace.text());
    assert!(at("+store") < at("+parse") && at("+store") < at("+http"), "{}", trace.text());
    assert_eq!(trace.count("+beside"), 1, "{}", trace.text());
}

fn a_set_is_stopped_and_started_and_the_others_go_on<F: Any>(flavour: F) {
    let runner = runner();
    let trace = five(flavour, &runner);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    assert!(handle.services_until_blocking(LIMIT, all_run).is_some(), "{}", handle.services());
    let set = handle.stop_service_set_blocking("ingest").expect("there");
    let over = |one: &spumoni::ServiceView| one.state() == ServiceState::Terminated;
    assert!(set.all().iter().all(over), "{set}");
    assert!(handle.services().get("http").is_some_and(over), "{}", handle.services());
    reach(&handle, "beside", ServiceState::Running);
    let set = handle.start_service_set_blocking("ingest").expect("there");
    assert!(all_run(&set), "{set}");
    // Who was stopped with it is not of it, and is started by whoever wants it.
    assert!(handle.services().get("http").is_some_and(over), "{}", handle.services());
    // Stopped, it is started by a restart; running, it is left alone by a start.
    handle.stop_service_set_blocking("ingest").expect("there");
    assert!(all_run(&handle.restart_service_set_blocking("ingest").expect("there")));
    assert!(all_run(&handle.start_service_set_blocking("ingest").expect("there")));
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    let counts = ["+store", "+clock", "+http", "+beside"].map(|what| trace.count(what));
    assert_eq!(counts, [3, 3, 1, 1], "{}", trace.text());
}

fn who_is_in_a_set_within_it_goes_with_it<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    runner.service_set("inner").within("outer").add().expect("taken");
    runner.service_set("outer").add().expect("taken");
    for (name, set) in [("low", "inner"), ("high", "outer")] {
        let service = runner.service(Made(trace.staying(flavour, name))).name(name).notify();
        service.set(set).add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    assert!(handle.services_until_blocking(LIMIT, all_run).is_some(), "{}", handle.services());
    let inner = handle.restart_service_set_blocking("inner").expect("there");
    assert_eq!((names(&inner), inner.sets().len()), (vec!["low"], 1), "{inner}");
    let outer = handle.restart_service_set_blocking("outer").expect("there");
    assert_eq!((names(&outer).len(), outer.sets().len()), (2, 2), "{outer}");
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    assert_eq!((trace.count("+low"), trace.count("+high")), (3, 2), "{}", trace.text());
}

/// It fails once, and its set would pause for an hour.
fn the_pause_of_a_set_is_cut_short_by_a_start<F: Any>(flavour: F) {
    type Wish = fn(&Handle, &str) -> Result<ServiceList, ServiceError>;
    for wish in [Handle::start_service_set_blocking as Wish, Handle::restart_service_set_blocking] {
        let (runner, trace) = (runner(), Trace::default());
        runner.service_set("ingest").backoff(LONG).add().expect("taken");
        let noted = trace.clone();
        let begin = move || {
            noted.note("+fails");
            anyhow::ensure!(noted.count("+fails") > 1, "the first time");
            Context::current().ready();
            Ok(true)
        };
        let fails = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
        let fails = runner.service(Made(fails)).name("fails").notify().set("ingest");
        fails.add().expect("taken");
        let beside = runner.service(Made(trace.staying(flavour, "beside"))).name("beside");
        beside.notify().set("ingest").add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        let paused = handle.services_until_blocking(LIMIT, |list| {
            list.set("ingest").is_some_and(|set| set.is_restarting())
        });
        assert!(paused.is_some(), "{}", handle.services());
        let set = wish(&handle, "ingest").expect("there");
        assert!(all_run(&set), "{set}");
        assert!(!set.set("ingest").is_some_and(|set| set.is_restarting()), "{set}");
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(trace.count("+fails"), 2, "{}", trace.text());
    }
}

/// One that the set depends on, or that depends on it: those within can always run again.
fn a_set_beside_a_body_that_is_used_up_is_left_as_it_is<F: Any>(flavour: F) {
    for once_is_below in [true, false] {
        let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
        runner.service_set("ingest").add().expect("taken");
        let once = Launch::new(flavour, F::Mode::until_stopped(&gate, || ()));
        let once = runner.service(Made(once)).name("once").after(once_is_below.then_some("stays"));
        once.add().expect("taken");
        let stays = runner.service(Made(trace.staying(flavour, "stays"))).name("stays").notify();
        let stays = stays.after((!once_is_below).then_some("once")).set("ingest");
        stays.add().expect("taken");
        let beside = runner.service(Made(trace.staying(flavour, "beside"))).name("beside");
        beside.notify().set("ingest").add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        gate.wait_for(1);
        reach(&handle, "stays", ServiceState::Running);
        reach(&handle, "beside", ServiceState::Running);
        let refused = if once_is_below {
            handle.restart_service_set_blocking("ingest")
        } else {
            assert_eq!(handle.stop_service_blocking("once"), Ok(ServiceState::Terminated));
            handle.start_service_set_blocking("ingest")
        };
        let used_up = ServiceError::RunsOnce { service: "once".into() };
        assert_eq!(refused.expect_err("used up"), used_up);
        let state = handle.services().get("stays").map(|one| one.state());
        let left = if once_is_below { ServiceState::Running } else { ServiceState::Terminated };
        assert_eq!(state, Some(left));
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!((trace.count("+stays"), trace.count("+beside")), (1, 1), "{}", trace.text());
    }
}

#[test]
fn a_set_that_is_not_there_is_told_with_the_nearest_name_and_a_stop_refuses_starts() {
    within(LIMIT, || {
        let runner = runner();
        let _trace = five(Thread, &runner);
        let handle = runner.handle();
        let error = handle.stop_service_set_blocking("ingst").expect_err("no such set");
        let text = "`stop_service_set` names `ingst`, but there is no such set of services; did you mean `ingest`?";
        assert_eq!(error.to_string(), text);
        handle.stop();
        assert!(runner.run().is_clean());
        let refused = handle.restart_service_set_blocking("ingest");
        assert_eq!(refused.map(|_| ()), Err(ServiceError::Stopping));
    });
}

/// Those are not started, and unsound sets are told of instead of followed round and round.
#[test]
fn before_the_runner_runs_a_set_is_left_out_or_told_to_be_unsound() {
    within(LIMIT, || {
        let runner = runner();
        let trace = five(Thread, &runner);
        let handle = runner.handle();
        let set = handle.stop_service_set_blocking("ingest").expect("there");
        assert_eq!(names(&set).len(), 3, "{set}");
        let running = thread::spawn(move || runner.run());
        reach(&handle, "beside", ServiceState::Running);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(trace.count("+store"), 0, "{}", trace.text());
        let runner = integration_tests::runner();
        for (name, within) in [("a", "b"), ("b", "a")] {
            runner.service_set(name).within(within).add().expect("told later");
        }
        let error = runner.start_service_set_blocking("a").expect_err("a ring");
        assert!(matches!(error, ServiceError::SetCycle { .. }), "{error}");
        drop(runner);
    });
}
