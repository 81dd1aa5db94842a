//! The order in which services start and stop, and what is refused before anything starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::prelude::*;
use spumoni::{Launch, Reason, ServiceError, ServiceState};

use crate::{Made, Trace, reach};

on_each!(
    f076_services_start_in_the_order_of_their_dependencies_and_stop_in_reverse,
    f096_a_dependent_starts_when_what_it_depends_on_says_that_it_is_ready,
    f095_a_service_that_does_not_stop_keeps_no_other_from_being_asked,
    a_drained_service_is_not_ready_before_it_is_asked,
    phases_start_one_after_the_other_and_stop_the_other_way,
    f082_a_cycle_starts_nothing_and_is_told_with_its_path,
);

/// S75, S83, rules 20 and 24: dependents end before those on which they depend are asked.
fn f076_services_start_in_the_order_of_their_dependencies_and_stop_in_reverse<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let add = |name, after: &[&'static str]| {
        let service = runner.service(Made(trace.staying(flavour, name))).name(name).notify();
        service.after(after.to_vec()).add().expect("taken");
    };
    add("http", &["cache", "log"]);
    add("cache", &["store"]);
    add("log", &[]);
    add("store", &["log"]);
    assert_eq!(runner.check().expect("sound").join(" "), "log store cache http");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    // One lane of each flavour has a thread of its own; what is noted is in the order of the states.
    assert_eq!(trace.text(), "+log +store +cache +http -http -cache -store -log");
    let services = report.services();
    assert_eq!(services.started().join(" "), "log store cache http");
    assert_eq!(services.stopped().join(" "), "http cache store log");
    assert_eq!(services.slowest().len(), 4);
    assert!(services.all().iter().all(|one| one.state() == ServiceState::Terminated));
    let text = services.to_string();
    assert_eq!(text.lines().filter(|line| line.contains("stopped in")).count(), 4, "{text}");
    let json = serde_json::to_value(&report).expect("data");
    assert_eq!(json["services"]["stopped"][0], "http", "{json:#}");
}

/// Rule 24: ready, not merely started.
fn f096_a_dependent_starts_when_what_it_depends_on_says_that_it_is_ready<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let (may, begun) = (Gate::default(), Gate::default());
    let (store, noted) = (may.clone(), trace.clone());
    let of_lane = begun.clone();
    let body = F::Mode::each_run(
        move || {
            of_lane.come();
            let (cx, may, noted) = (Context::current(), store.clone(), noted.clone());
            // From elsewhere, since this may be a lane.
            thread::spawn(move || {
                may.pass_blocking();
                noted.note("ready");
                cx.ready();
                cx.ready();
            });
            Ok(true)
        },
        || (),
    );
    let store = runner.service(Made(Launch::repeat(flavour, body))).name("store").notify();
    store.add().expect("taken");
    let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.after(["store"]).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    begun.wait_for(1);
    let http = reach(&handle, "http", ServiceState::New);
    assert_eq!(http.waits_for().join(" "), "store");
    assert_eq!(reach(&handle, "store", ServiceState::Starting).name(), "store");
    may.open();
    reach(&handle, "http", ServiceState::Running);
    assert_eq!(trace.text(), "ready +http");
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// S82, rule 20.
fn f095_a_service_that_does_not_stop_keeps_no_other_from_being_asked<F: Any>(flavour: F) {
    let trace = Trace::default();
    let builder = ServiceRunner::builder().signals(false);
    let runner = builder.grace(Duration::from_millis(200)).build().expect("good settings");
    let gate = Gate::default();
    let held = gate.clone();
    let hold = F::Mode::payload(move || held.pass_blocking());
    let http = runner.service(Made(Launch::new(flavour, hold))).name("http").after(["store"]);
    http.add().expect("taken");
    // Not on the lane that is held.
    let store = runner.service(Made(trace.staying(Thread, "store"))).name("store").notify();
    store.add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    gate.wait_for(1);
    handle.stop_within(Duration::from_millis(1500));
    let report = running.join().expect("no panic");
    assert_eq!(trace.text(), "+store -store");
    assert_eq!(report.exit_code(), 3, "{report}");
    assert_eq!(report.abandoned()[0].task().name(), Some("http"), "{report}");
    gate.open();
}

fn a_drained_service_is_not_ready_before_it_is_asked<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
    http.drain(Duration::from_millis(150)).add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "http", ServiceState::Running);
    assert!(handle.services().get("http").expect("there").is_ready());
    handle.stop();
    let drained = reach(&handle, "http", ServiceState::Stopping);
    assert!(!drained.is_ready());
    let report = running.join().expect("no panic");
    assert!(report.took() >= Duration::from_millis(150), "{report}");
    assert!(report.is_clean(), "{report}");
}

fn phases_start_one_after_the_other_and_stop_the_other_way<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    for (name, phase) in [("proxy", 2), ("bus", -1), ("app", 0)] {
        let service = runner.service(Made(trace.staying(flavour, name))).name(name).notify();
        service.phase(phase).add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "proxy", ServiceState::Running);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    assert_eq!(trace.text(), "+bus +app +proxy -proxy -app -bus");
}

/// S77, rule 24.
fn f082_a_cycle_starts_nothing_and_is_told_with_its_path<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    for (name, after) in [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")] {
        let service = runner.service(Made(trace.staying(flavour, name))).name(name).notify();
        service.after([after]).add().expect("taken");
    }
    let errors = runner.check().expect_err("a ring");
    assert!(matches!(&errors[..], [ServiceError::Cycle { path }] if path.len() == 4), "{errors:?}");
    let report = runner.run();
    assert_eq!(report.exit_code(), 1);
    assert!(report.to_string().contains("`a` after `b` after `c` after `a`"), "{report}");
    assert_eq!(trace.all(), [""; 0]);
}

/// Everything that is wrong is told at once, and nothing starts.
#[test]
fn f082_f083_missing_services_are_told_with_the_nearest_name() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        for (name, after) in [("store", "store"), ("http", "stroe"), ("log", "nothing-alike")] {
            let service = runner.service(Made(trace.staying(Smol, name))).name(name).notify();
            service.after([after]).add().expect("taken");
        }
        let report = runner.run();
        assert_eq!(report.failures().len(), 3, "{report}");
        let text = report.to_string();
        assert!(text.contains("`store` depends on itself"), "{text}");
        assert!(text.contains("did you mean `store`?"), "{text}");
        assert!(text.contains("`nothing-alike`, which the runner does not have"), "{text}");
        assert_eq!(trace.all(), [""; 0]);
    });
}

#[test]
fn f083_a_service_added_while_running_finds_what_it_depends_on_or_is_refused() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        runner
            .service(Made(trace.staying(Smol, "store")))
            .name("store")
            .notify()
            .add()
            .expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "store", ServiceState::Running);
        let late = || handle.service(Made(trace.staying(Thread, "late"))).name("late").notify();
        let refused = late().after(["stor"]).add().expect_err("there is none");
        assert!(matches!(refused.reason(), Reason::BadService { .. }), "{refused}");
        assert!(refused.to_string().contains("did you mean `store`?"), "{refused}");
        let refused = late().after(["late"]).add().expect_err("itself");
        assert!(refused.to_string().contains("itself"), "{refused}");
        late().after(["store"]).add().expect("taken");
        reach(&handle, "late", ServiceState::Running);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(trace.text(), "+store +late -late -store");
    });
}

/// S78: a chosen one brings what it needs.
#[test]
fn only_pulls_in_dependencies_and_without_refuses_to_cut_them() {
    within(LIMIT, || {
        let build = |only: &[&'static str], without: &[&'static str], expected: &[&'static str]| {
            let mut builder = ServiceRunner::builder().signals(false);
            if !only.is_empty() {
                builder = builder.only(only.to_vec());
            }
            let builder = builder.without(without.to_vec()).expect(expected.to_vec());
            let (runner, trace) = (builder.build().expect("good settings"), Trace::default());
            for (name, after) in [("store", None), ("http", Some("store")), ("log", None)] {
                let service = runner.service(Made(trace.staying(Smol, name))).name(name).notify();
                service.after(after).add().expect("taken");
            }
            (runner, trace)
        };
        let (some, trace) = build(&["http"], &[], &["log"]);
        assert_eq!(some.check().expect("sound").join(" "), "store http");
        let handle = some.handle();
        let running = thread::spawn(move || some.run());
        reach(&handle, "http", ServiceState::Running);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(trace.text(), "+store +http -http -store");
        let (all_but, _) = build(&[], &["log"], &[]);
        assert_eq!(all_but.check().expect("sound").join(" "), "store http");
        let (cut, _) = build(&[], &["store"], &[]);
        let error = cut.check().expect_err("http needs it")[0].to_string();
        assert!(error.contains("`http` depends on `store`, which is left out"), "{error}");
        let (unknown, _) = build(&["htp"], &[], &["store", "metrics"]);
        let errors = unknown.check().expect_err("no such service");
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].to_string().contains("`expect` names `metrics`"), "{errors:?}");
        assert!(errors[1].to_string().contains("did you mean `http`?"), "{errors:?}");
        assert_eq!(unknown.run().exit_code(), 1);
        drop((all_but, cut));
    });
}

/// Independent ones are not waited for one after the other.
#[test]
fn independent_services_start_and_stop_beside_each_other() {
    within(LIMIT, || {
        let runner = runner();
        let (together, apart) = (Gate::default(), Gate::default());
        for name in ["a", "b", "c"] {
            let (begun, asked) = (together.clone(), apart.clone());
            let meet = move || {
                begun.come();
                begun.wait_for(3);
                Context::current().stopped_blocking();
                asked.come();
                asked.wait_for(3);
            };
            runner.service(Made(Launch::new(Thread, meet))).name(name).add().expect("taken");
        }
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        together.wait_for(3);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(apart.count(), 3);
    });
}

#[test]
fn f082_ten_thousand_services_in_a_chain_start_and_stop_in_order() {
    const MANY: usize = 10_000;
    within(2 * LIMIT, || {
        let runner = runner();
        let (up, down) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for n in 0..MANY {
            let (up, down) = (Arc::clone(&up), Arc::clone(&down));
            let serve = async move || {
                assert_eq!(up.fetch_add(1, Ordering::SeqCst), n);
                Context::current().stopped().await;
                assert_eq!(down.fetch_add(1, Ordering::SeqCst), MANY - 1 - n);
            };
            let service = runner.service(Made(Launch::new(Smol, serve))).name(format!("s{n}"));
            let above = n.checked_sub(1).map(|above| format!("s{above}"));
            service.grace(LIMIT).after(above).add().expect("taken");
        }
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, &format!("s{}", MANY - 1), ServiceState::Running);
        handle.stop_within(2 * LIMIT);
        let report = running.join().expect("no panic");
        assert!(report.is_clean(), "{report}");
        assert_eq!(down.load(Ordering::SeqCst), MANY);
    });
}
