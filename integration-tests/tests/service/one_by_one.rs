//! Single services are stopped, started and restarted while the rest runs.

use std::thread;

use integration_tests::each::Any;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::prelude::*;
use spumoni::{Launch, Restart, ServiceError, ServiceState};

use crate::{Made, Trace, reach};

on_each!(
    one_service_is_stopped_with_its_dependents_and_started_again,
    one_service_is_restarted_with_its_dependents,
    a_service_that_is_stopped_before_the_run_is_not_started,
    a_start_that_is_awaited_before_the_run_is_that_of_the_named_one,
    a_service_whose_body_is_used_up_says_so,
);

fn three<F: Any>(flavour: F, runner: &Handle) -> Trace {
    let trace = Trace::default();
    for (name, after) in [("log", None), ("store", None), ("http", Some("store"))] {
        let service = runner.service(Made(trace.staying(flavour, name))).name(name).notify();
        service.restart(Restart::Always).after(after).add().expect("taken");
    }
    trace
}

/// On purpose: no restart follows, whatever the policy.
fn one_service_is_stopped_with_its_dependents_and_started_again<F: Any>(flavour: F) {
    let runner = runner();
    let trace = three(flavour, &runner);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    reach(&handle, "log", ServiceState::Running);
    assert_eq!(handle.stop_service_blocking("store"), Ok(ServiceState::Terminated));
    let list = handle.services();
    assert_eq!(list.get("http").map(|one| one.state()), Some(ServiceState::Terminated));
    assert_eq!(list.get("log").map(|one| one.state()), Some(ServiceState::Running));
    // Again: nothing more happens.
    assert_eq!(handle.stop_service_blocking("store"), Ok(ServiceState::Terminated));
    // What it depends on comes first.
    assert_eq!(handle.start_service_blocking("http"), Ok(ServiceState::Running));
    assert_eq!(handle.start_service_blocking("http"), Ok(ServiceState::Running));
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    let of_two = trace.all().into_iter().filter(|what| !what.ends_with("log"));
    let of_two: Vec<_> = of_two.collect();
    assert_eq!(of_two.join(" "), "+store +http -http -store +store +http -http -store");
    assert_eq!(trace.count("+log"), 1);
    assert_eq!(handle.start_service_blocking("log"), Err(ServiceError::Stopping));
}

fn one_service_is_restarted_with_its_dependents<F: Any>(flavour: F) {
    let runner = runner();
    let trace = three(flavour, &runner);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    assert_eq!(handle.restart_service_blocking("store"), Ok(ServiceState::Running));
    reach(&handle, "http", ServiceState::Running);
    assert_eq!(handle.restart_service_blocking("http"), Ok(ServiceState::Running));
    let error = handle.restart_service_blocking("htp").expect_err("no such service");
    assert!(error.to_string().contains("did you mean `http`?"), "{error}");
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!((trace.count("+store"), trace.count("+http"), trace.count("+log")), (2, 3, 1));
    assert_eq!(report.services().get("http").map(|one| one.restarts()), Some(0));
}

/// C49, rule 15: a stop that comes before the start is not lost.
fn a_service_that_is_stopped_before_the_run_is_not_started<F: Any>(flavour: F) {
    let runner = runner();
    let trace = three(flavour, &runner);
    assert_eq!(runner.stop_service_blocking("log"), Ok(ServiceState::Terminated));
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    assert_eq!(trace.count("+log"), 0);
    assert_eq!(handle.start_service_blocking("log"), Ok(ServiceState::Running));
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    // It had begun, but not noted that yet.
    assert_eq!(trace.count("+log"), 1);
}

/// `run` puts services into their order: what was the second is the first from then on.
fn a_start_that_is_awaited_before_the_run_is_that_of_the_named_one<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let last = runner.service(Made(trace.silent(flavour, "last"))).name("last").notify();
    last.after(["first"]).add().expect("taken");
    let first = runner.service(Made(trace.staying(flavour, "first"))).name("first").notify();
    first.add().expect("taken");
    let handle = runner.handle();
    let mut wait = std::pin::pin!(handle.start_service("last"));
    let mut look = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(wait.as_mut().poll(&mut look).is_pending());
    let running = thread::spawn(move || runner.run());
    reach(&handle, "last", ServiceState::Starting);
    assert!(wait.as_mut().poll(&mut look).is_pending(), "{}", handle.services());
    handle.stop();
    assert_eq!(smol::block_on(wait), Ok(ServiceState::Terminated));
    assert!(running.join().expect("no panic").is_clean());
}

fn a_service_whose_body_is_used_up_says_so<F: Any>(flavour: F) {
    use integration_tests::calls::Calls;
    use integration_tests::gate::Gate;
    let (runner, gate) = (runner(), Gate::default());
    let once = Launch::new(flavour, F::Mode::until_stopped(&gate, || ()));
    runner.service(Made(once)).name("once").add().expect("taken");
    let trace = Trace::default();
    let stays = runner.service(Made(trace.staying(flavour, "stays"))).name("stays").notify();
    stays.add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    gate.wait_for(1);
    let error = handle.restart_service_blocking("once").expect_err("used up");
    assert_eq!(error, ServiceError::RunsOnce { service: "once".into() });
    assert_eq!(handle.stop_service_blocking("once"), Ok(ServiceState::Terminated));
    assert!(handle.start_service_blocking("once").is_err());
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// Awaited on a lane as well.
#[test]
fn a_task_restarts_a_service_of_another_flavour() {
    within(LIMIT, || {
        let runner = runner();
        let trace = three(Thread, &runner);
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "http", ServiceState::Running);
        let restart = async || Handle::current().restart_service("http").await;
        let restarted = handle.spawn(Smol, restart).expect("taken").join().expect("no panic");
        assert_eq!(restarted, Ok(ServiceState::Running));
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(trace.count("+http"), 2);
    });
}
