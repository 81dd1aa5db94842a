//! Sets of services: restarted whole when a member fails for good, and what follows when that is too often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::prelude::*;
use spumoni::{
    Backoff, Intensity, Launch, OnFailure, Restart, ServiceError, ServiceList, ServiceState,
    StopReason, StopReport, Strategy,
};

use crate::{Made, Trace, reach};

const QUICK: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(4));
/// A pause that no test waits for.
const LONG: Backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));

on_each!(
    a_failure_that_a_member_does_not_deal_with_restarts_its_set_whole,
    failures_go_from_the_service_to_its_set_to_the_one_above_and_to_the_runner,
    a_set_that_fails_may_be_gone_without_and_its_services_started_again,
    a_stop_drops_the_pending_restart_of_a_set,
    those_outside_that_depend_on_a_set_are_restarted_with_it_where_that_is_said,
    oneshots_of_a_set_run_again_and_what_was_stopped_on_purpose_stays_so,
    members_that_fail_together_are_one_failure_of_their_set,
    a_member_that_is_stopped_while_its_set_pauses_does_not_come_again_and_holds_up_nothing,
);

/// A body that says it is ready, waits at the gate, and fails; from so many runs on it stays.
fn failing<F: Any>(_: F, trace: &Trace, name: &'static str, gate: &Gate, times: usize) -> Launch {
    let (noted, gate, runs) = (trace.clone(), gate.clone(), Arc::new(AtomicUsize::new(0)));
    // On a thread, since it waits.
    Launch::repeat(Thread, move || {
        noted.note(format!("+{name}"));
        let cx = Context::current();
        cx.ready();
        if runs.fetch_add(1, Ordering::SeqCst) < times {
            gate.pass_blocking();
            anyhow::bail!("on purpose");
        }
        cx.stopped_blocking();
        noted.note(format!("-{name}"));
        Ok(())
    })
}

fn all_run(list: &ServiceList) -> bool {
    list.all().iter().all(|one| one.state() == ServiceState::Running)
}

/// The last of three fails; another beside the set goes on.
fn a_failure_that_a_member_does_not_deal_with_restarts_its_set_whole<F: Any>(flavour: F) {
    let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
    runner.service_set("ingest").backoff(QUICK).add().expect("taken");
    let store = runner.service(Made(trace.staying(flavour, "store"))).name("store").notify();
    store.set("ingest").add().expect("taken");
    let parse = runner.service(Made(trace.staying(flavour, "parse"))).name("parse").notify();
    parse.set("ingest").after(["store"]).add().expect("taken");
    let read = runner.service(Made(failing(flavour, &trace, "read", &gate, 1))).name("read");
    read.notify().set("ingest").after(["parse"]).add().expect("taken");
    let beside = Trace::default();
    let other = runner.service(Made(beside.staying(flavour, "other"))).name("other").notify();
    other.add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    assert!(handle.services_until_blocking(LIMIT, all_run).is_some(), "{}", handle.services());
    gate.open();
    let again = handle.services_until_blocking(LIMIT, |list| {
        list.set("ingest").is_some_and(|set| set.restarts() == 1 && !set.is_restarting())
            && all_run(list)
    });
    let list = again.unwrap_or_else(|| panic!("{}", handle.services()));
    let set = list.set("ingest").expect("there");
    let failure = set.failure().expect("it failed");
    assert_eq!(
        (failure.task().name(), &*failure.cause().to_string()),
        (Some("read"), "on purpose")
    );
    assert!(!set.has_failed() && set.within().is_none());
    assert_eq!(list.get("read").and_then(|one| one.set()), Some("ingest"));
    assert!(list.to_string().contains("set ingest, restarted 1 times, failed:"), "{list}");
    let json = serde_json::to_value(&list).expect("data");
    assert_eq!(json["sets"][0]["restarts"], 1, "{json:#}");
    assert_eq!(json["services"][0]["set"], "ingest", "{json:#}");
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    let whole = "+store +parse +read -parse -store +store +parse +read -read -parse -store";
    assert_eq!(trace.text(), whole);
    assert_eq!(beside.text(), "+other -other");
}

/// Each of the three is restarted once: two runs for the service, twice for its set, twice for the one above.
fn failures_go_from_the_service_to_its_set_to_the_one_above_and_to_the_runner<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let once = Intensity::new(1, LIMIT);
    let inner = runner.service_set("inner").within("outer").backoff(QUICK);
    inner.intensity(once).add().expect("taken");
    runner.service_set("outer").backoff(QUICK).intensity(once).add().expect("taken");
    let noted = trace.clone();
    let begin = move || {
        noted.note("+fails");
        anyhow::bail!("always")
    };
    let fails = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
    let fails = runner.service(Made(fails)).name("fails").notify().set("inner");
    let fails = fails.restart(Restart::OnFailure).backoff(QUICK);
    fails.intensity(once).add().expect("taken");
    let beside = runner.service(Made(trace.staying(flavour, "beside"))).name("beside").notify();
    beside.set("outer").add().expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.failures().len(), 1, "{report}");
    let text = report.to_string();
    assert!(text.contains("set `outer`: too many: 1 restarts within 60s"), "{text}");
    assert!(text.contains("always"), "{text}");
    assert_eq!(report.root_cause().and_then(|cause| cause.task().name()), Some("fails"));
    assert_eq!(trace.count("+fails"), 8, "{}", trace.text());
    let sets = report.services().sets().iter().map(|set| (set.name(), set.restarts()));
    assert_eq!(sets.collect::<Vec<_>>(), [("inner", 2), ("outer", 1)]);
    for set in report.services().sets() {
        assert!(set.has_failed() && set.failure().is_some(), "{}", report.services());
    }
}

fn a_set_that_fails_may_be_gone_without_and_its_services_started_again<F: Any>(flavour: F) {
    let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
    let set = runner.service_set("extras").intensity(Intensity::new(0, LIMIT));
    set.on_failure(OnFailure::Continue).add().expect("taken");
    let fails = runner.service(Made(failing(flavour, &trace, "fails", &gate, 1))).name("fails");
    fails.notify().set("extras").add().expect("taken");
    let beside = runner.service(Made(trace.staying(flavour, "beside"))).name("beside").notify();
    beside.set("extras").add().expect("taken");
    let main = Trace::default();
    let stays = runner.service(Made(main.staying(flavour, "main"))).name("main").notify();
    stays.add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    assert!(handle.services_until_blocking(LIMIT, all_run).is_some(), "{}", handle.services());
    gate.open();
    let over = handle.services_until_blocking(LIMIT, |list| {
        let state = |name| list.get(name).map(|one| one.state());
        state("fails") == Some(ServiceState::Failed)
            && state("beside") == Some(ServiceState::Terminated)
    });
    let over = over.unwrap_or_else(|| panic!("{}", handle.services()));
    assert!(over.set("extras").is_some_and(|set| set.has_failed() && set.restarts() == 0));
    // What the runner goes on without is awaited by nobody.
    assert!(handle.health().is_ready(), "{}", handle.health());
    for name in ["fails", "beside"] {
        assert_eq!(handle.start_service_blocking(name), Ok(ServiceState::Running));
    }
    assert!(!handle.services().set("extras").is_some_and(|set| set.has_failed()));
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(main.text(), "+main -main");
    assert_eq!((trace.count("+fails"), trace.count("+beside")), (2, 2));
}

/// A runner whose set pauses before its restart: of its two services `fails` has failed and `beside` has ended.
fn paused<F: Any>(flavour: F) -> (Handle, thread::JoinHandle<StopReport>, Trace) {
    let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
    gate.open();
    runner.service_set("ingest").backoff(LONG).add().expect("taken");
    let fails = runner.service(Made(failing(flavour, &trace, "fails", &gate, 1))).name("fails");
    fails.notify().set("ingest").add().expect("taken");
    let beside = runner.service(Made(trace.staying(flavour, "beside"))).name("beside").notify();
    beside.set("ingest").add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let paused = handle.services_until_blocking(LIMIT, |list| {
        let gone = list.get("beside").is_some_and(|one| one.state() == ServiceState::Terminated);
        gone && list.set("ingest").is_some_and(|set| set.is_restarting())
    });
    assert!(paused.is_some(), "{}", handle.services());
    (handle, running, trace)
}

fn a_stop_drops_the_pending_restart_of_a_set<F: Any>(flavour: F) {
    let (handle, running, trace) = paused(flavour);
    let begun = trace.text();
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.text(), begun);
}

/// The runner ends by itself when nobody is left, so whoever counts too long shows.
fn a_member_that_is_stopped_while_its_set_pauses_does_not_come_again_and_holds_up_nothing<
    F: Any,
>(
    flavour: F,
) {
    let (handle, running, trace) = paused(flavour);
    let begun = trace.text();
    assert_eq!(handle.stop_service_blocking("beside"), Ok(ServiceState::Terminated));
    assert_eq!(handle.stop_service_blocking("fails"), Ok(ServiceState::Terminated));
    let report = running.join().expect("no panic");
    assert_eq!(report.reason(), &StopReason::Finished, "{report}");
    assert_eq!(trace.text(), begun);
}

/// One, rest, all: as for a service.
fn those_outside_that_depend_on_a_set_are_restarted_with_it_where_that_is_said<F: Any>(flavour: F) {
    for (strategy, below, beside) in
        [(Strategy::One, 1, 1), (Strategy::Rest, 2, 1), (Strategy::All, 2, 2)]
    {
        let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
        let set = runner.service_set("base").backoff(QUICK).strategy(strategy);
        set.add().expect("taken");
        let store = runner.service(Made(trace.staying(flavour, "store"))).name("store").notify();
        store.set("base").add().expect("taken");
        let fails = runner.service(Made(failing(flavour, &trace, "fails", &gate, 1))).name("fails");
        fails.notify().set("base").add().expect("taken");
        let http = runner.service(Made(trace.staying(flavour, "http"))).name("http").notify();
        http.after(["store"]).add().expect("taken");
        let log = runner.service(Made(trace.staying(flavour, "log"))).name("log").notify();
        log.add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        assert!(handle.services_until_blocking(LIMIT, all_run).is_some(), "{}", handle.services());
        gate.open();
        let again = handle.services_until_blocking(LIMIT, |list| {
            list.set("base").is_some_and(|set| set.restarts() == 1 && !set.is_restarting())
                && all_run(list)
        });
        assert!(again.is_some(), "{strategy:?}:\n{}", handle.services());
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(trace.count("+store"), 2, "{strategy:?}: {}", trace.text());
        let runs = (trace.count("+http"), trace.count("+log"));
        assert_eq!(runs, (below, beside), "{strategy:?}: {}", trace.text());
    }
}

fn oneshots_of_a_set_run_again_and_what_was_stopped_on_purpose_stays_so<F: Any>(flavour: F) {
    let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
    runner.service_set("ingest").backoff(QUICK).add().expect("taken");
    let noted = trace.clone();
    let begin = move || {
        noted.note("migrate");
        Ok(false)
    };
    let migrate = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
    let migrate = runner.service(Made(migrate)).name("migrate").oneshot();
    migrate.set("ingest").add().expect("taken");
    let fails = runner.service(Made(failing(flavour, &trace, "fails", &gate, 1))).name("fails");
    fails.notify().set("ingest").after(["migrate"]).add().expect("taken");
    let extra = runner.service(Made(trace.staying(flavour, "extra"))).name("extra").notify();
    extra.set("ingest").add().expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    reach(&handle, "fails", ServiceState::Running);
    reach(&handle, "extra", ServiceState::Running);
    assert_eq!(handle.stop_service_blocking("extra"), Ok(ServiceState::Terminated));
    gate.open();
    let again = handle.services_until_blocking(LIMIT, |list| {
        list.set("ingest").is_some_and(|set| set.restarts() == 1 && !set.is_restarting())
            && list.get("fails").is_some_and(|one| one.state() == ServiceState::Running)
    });
    assert!(again.is_some(), "{}", handle.services());
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    let counts = ["migrate", "+fails", "+extra"].map(|what| trace.count(what));
    assert_eq!(counts, [2, 2, 1], "{}", trace.text());
}

/// They wait at one gate: whoever comes second finds its set on its way down.
fn members_that_fail_together_are_one_failure_of_their_set<F: Any>(flavour: F) {
    let (runner, trace, gate) = (runner(), Trace::default(), Gate::default());
    runner.service_set("ingest").backoff(QUICK).add().expect("taken");
    for name in ["a", "b", "c"] {
        let fails = Made(failing(flavour, &trace, name, &gate, 1));
        let fails = runner.service(fails).name(name).notify();
        // Each waits for its own end, so that all have failed before any is wholly gone.
        fails.set("ingest").add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    gate.wait_for(3);
    gate.open();
    let again = handle.services_until_blocking(LIMIT, |list| {
        list.set("ingest").is_some_and(|set| set.restarts() == 1 && !set.is_restarting())
            && all_run(list)
    });
    assert!(again.is_some(), "{}", handle.services());
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.services().set("ingest").map(|set| set.restarts()), Some(1));
    let counts = ["+a", "+b", "+c"].map(|what| trace.count(what));
    assert_eq!(counts, [2, 2, 2], "{}", trace.text());
}

/// Everything at once, before anything starts.
#[test]
fn what_is_wrong_with_sets_is_told_with_the_names() {
    within(LIMIT, || {
        let runner = runner();
        runner.service_set("ingest").add().expect("taken");
        let twice = runner.service_set("ingest").add().expect_err("there is one");
        assert!(matches!(twice, ServiceError::SetTwice { .. }), "{twice}");
        assert!(twice.to_string().contains("sets.rs"), "{twice}");
        let empty = runner.service_set("").add().expect_err("no name");
        assert!(empty.to_string().contains("is empty"), "{empty}");
        for (name, within) in [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "nowhere")] {
            runner.service_set(name).within(within).add().expect("told later");
        }
        let body = || Made(Launch::repeat(Thread, || ()));
        runner.service(body()).name("reader").set("ingst").add().expect("told later");
        let errors = runner.check().expect_err("unsound");
        let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(errors.len(), 3, "{text}");
        assert!(text.contains("did you mean `ingest`?"), "{text}");
        assert!(text.contains("`a` within `b` within `c` within `a`"), "{text}");
        assert!(text.contains("runner.service_set(\"nowhere\").add()"), "{text}");
        let report = runner.run();
        assert!(report.to_string().contains("did you mean `ingest`?"), "{report}");
    });
}

/// While it runs, what is named has to be there; a body that runs once has no place in a set.
#[test]
fn a_set_that_is_not_there_is_refused_while_the_runner_runs() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        let stays = runner.service(Made(trace.staying(Thread, "stays"))).name("stays").notify();
        stays.add().expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "stays", ServiceState::Running);
        let nowhere = handle.service_set("inner").within("outer").add().expect_err("no such set");
        assert!(matches!(nowhere, ServiceError::NoSet { .. }), "{nowhere}");
        let late = || handle.service(Made(trace.staying(Thread, "late"))).name("late").set("outer");
        let refused = late().add().expect_err("no such set");
        assert!(refused.to_string().contains("runner.service_set(\"outer\")"), "{refused}");
        handle.service_set("outer").add().expect("taken");
        late().notify().add().expect("taken");
        reach(&handle, "late", ServiceState::Running);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        let once = integration_tests::runner();
        let body = Made(Launch::new(Thread, || ()));
        once.service(body).set("any").add().expect("launched");
        let report = once.run();
        assert!(report.to_string().contains("`set` needs a body that can run again"), "{report}");
    });
}
