//! How services end, and what the report says of it.

use std::sync::Arc;
use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Launch, Spec, StopReason};

use crate::{Ending, Made, Trace, Waiting};

on_each!(
    f028_a_service_that_ends_unasked_stops_the_runner_in_good_order_and_is_named,
    nobody_starts_after_a_service_that_has_ended_unasked,
    a_service_that_ends_when_asked_is_no_reason_to_stop,
    f011_a_failing_service_is_the_root_cause,
    f001_a_panicking_service_is_the_root_cause,
    a_service_that_holds_its_thread_is_named_at_the_deadline,
    a_service_is_shown_in_the_tree_by_name,
);

/// O17, S84: everybody else is asked and cleans up, and the report names who began it.
fn f028_a_service_that_ends_unasked_stops_the_runner_in_good_order_and_is_named<F: Any>(
    flavour: F,
) {
    let runner = runner();
    let (waiting, begun) = Waiting::new(flavour);
    let gate = Gate::default();
    let end = || Ok(());
    runner.add(waiting).expect("taken");
    runner.add(Ending { flavour, gate: gate.clone(), end }).expect("taken");
    let asked = Gate::default();
    let cleanup = F::Mode::until_stopped(&asked, || "clean");
    let task = runner.spawn(flavour, cleanup).expect("taken");
    let running = thread::spawn(move || runner.run());
    begun.wait_for(1);
    asked.wait_for(1);
    gate.open();
    let report = running.join().expect("no panic");
    assert_eq!(task.join(), Ok("clean"));
    assert_eq!(report.reason(), &StopReason::ServiceEnded { name: "ending".into() });
    assert_eq!(report.exit_code(), 0);
    assert!(report.failures().is_empty(), "{report}");
    let text = report.to_string();
    assert!(text.contains("service `ending` ended without being asked to"), "{text}");
}

/// Rule 25: it ends before it is ready, and stops the runner; whoever depends on it is not served by that.
fn nobody_starts_after_a_service_that_has_ended_unasked<F: Any>(flavour: F) {
    let (runner, trace) = (runner(), Trace::default());
    let ends = Launch::repeat(flavour, F::Mode::each_run(|| Ok(false), || ()));
    runner.service(Made(ends)).name("ends").notify().add().expect("taken");
    let below = runner.service(Made(trace.staying(flavour, "below"))).name("below");
    below.after(["ends"]).add().expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::ServiceEnded { name: "ends".into() });
    assert_eq!(trace.text(), "");
    let ends = report.services().get("ends").expect("there");
    assert!(!ends.is_ready() && ends.is_awaited(), "{}", report.services());
}

fn a_service_that_ends_when_asked_is_no_reason_to_stop<F: Any>(flavour: F) {
    let runner = runner();
    let (waiting, begun) = Waiting::new(flavour);
    runner.add(waiting).expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    begun.wait_for(1);
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert!(report.is_clean());
}

fn f011_a_failing_service_is_the_root_cause<F: Any>(flavour: F) {
    let runner = runner();
    let (waiting, _) = Waiting::new(flavour);
    runner.add(waiting).expect("taken");
    let gate = Gate::default();
    gate.open();
    let end = || anyhow::bail!("the cause");
    let line = line!() + 1;
    runner.add(Ending { flavour, gate, end }).expect("taken");
    let report = runner.run();
    assert_eq!((report.reason(), report.exit_code()), (&StopReason::Failure, 1));
    assert_eq!(report.failures().len(), 1, "{report}");
    let root = report.root_cause().expect("there is one");
    assert_eq!(root.task().name(), Some("ending"));
    assert_eq!(root.task().flavour().as_str(), flavour.name());
    assert_eq!(root.task().spawned_at().line(), line);
    assert_eq!(root.cause().to_string(), "the cause");
}

fn f001_a_panicking_service_is_the_root_cause<F: Any>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    gate.open();
    let end = || panic!("on purpose");
    runner.add(Ending { flavour, gate, end }).expect("taken");
    let report = runner.run();
    assert_eq!((report.reason(), report.exit_code()), (&StopReason::Failure, 101));
    assert_eq!(report.failures().len(), 1, "{report}");
    assert_eq!(report.failures()[0].task().name(), Some("ending"));
}

/// Holds its thread whatever is asked of it.
struct Holding<F> {
    flavour: F,
    gate: Gate,
}

impl<F: Any> Service for Holding<F> {
    const SPEC: Spec = Spec::new("holding", file!(), line!());

    fn launch(self) -> Launch {
        let gate = self.gate;
        Launch::new(self.flavour, F::Mode::payload(move || gate.pass_blocking()))
    }
}

fn a_service_that_holds_its_thread_is_named_at_the_deadline<F: Any>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    runner.add(Holding { flavour, gate: gate.clone() }).expect("taken");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    gate.wait_for(1);
    handle.stop_within(std::time::Duration::from_millis(100));
    let report = running.join().expect("no panic");
    let [straggler] = report.abandoned() else {
        panic!("{report}");
    };
    assert_eq!(straggler.task().name(), Some("holding"), "{report}");
    assert_eq!(report.exit_code(), 3);
    gate.open();
}

fn a_service_is_shown_in_the_tree_by_name<F: Any>(flavour: F) {
    let runner = runner();
    let handle = runner.handle();
    let (waiting, begun) = Waiting::new(flavour);
    runner.add(waiting).expect("taken");
    let running = thread::spawn(move || runner.run());
    begun.wait_for(1);
    let shown = format!("{} task `waiting`", flavour.name());
    until(|| handle.tree().to_string().contains(&shown));
    assert_eq!(handle.tree().alive(), 1);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// Of two that end, one is named; neither is a failure.
#[test]
fn services_that_end_at_the_same_time_are_one_good_stop() {
    within(LIMIT, || {
        for _ in 0..20 {
            let runner = runner();
            let gate = Gate::default();
            let end = || Ok(());
            runner.add(Ending { flavour: Smol, gate: gate.clone(), end }).expect("taken");
            let (waiting, _) = Waiting::new(Thread);
            runner.add(waiting).expect("taken");
            let ends = gate.clone();
            runner.adopt(Thread, move || ends.pass_blocking()).expect("taken");
            gate.open();
            let report = runner.run();
            assert_eq!(report.reason(), &StopReason::ServiceEnded { name: "ending".into() });
            assert!(report.is_clean(), "{report}");
        }
    });
}

/// C48, C51: what a service owns lives until its end and no longer.
#[test]
fn what_a_service_owns_is_dropped_at_its_end() {
    struct Owner(Arc<()>, Gate);

    #[service(flavour = "tokio")]
    impl Owner {
        async fn run(&self, cx: &Context) {
            self.1.come();
            cx.stopped().await;
            assert_eq!(Arc::strong_count(&self.0), 2);
        }
    }

    within(LIMIT, || {
        let runner = runner();
        let (owned, begun) = (Arc::new(()), Gate::default());
        runner.add(Owner(Arc::clone(&owned), begun.clone())).expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        begun.wait_for(1);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_eq!(Arc::strong_count(&owned), 1);
        // One that was never run is dropped with its runner.
        let never = integration_tests::runner();
        never.add(Owner(Arc::clone(&owned), begun)).expect("taken");
        drop(never);
        assert_eq!(Arc::strong_count(&owned), 1);
    });
}
