//! Services are added at any time, and come back where they are refused.

use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Launch, Reason, Spec, StopReason};

use crate::{Ending, Waiting};

on_each!(
    services_wait_for_run,
    a_service_added_while_running_starts_at_once,
    a_service_is_added_from_inside_a_payload,
    f085_a_second_instance_is_refused_with_both_places_and_comes_back,
    a_second_instance_is_refused_while_running_too,
    a_service_comes_back_while_the_runner_stops,
    a_service_that_was_stopped_before_it_began_never_begins,
    f089_a_service_whose_launch_panics_leaves_the_runner_as_it_was,
);

fn services_wait_for_run<F: Any>(flavour: F) {
    let runner = runner();
    let (waiting, begun) = Waiting::new(flavour);
    runner.add(waiting).expect("taken");
    // Its flavour runs already, and it does not.
    runner.spawn(flavour, F::Mode::payload(|| ())).expect("taken").join().expect("an answer");
    until(|| runner.tree().alive() == 0);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    begun.wait_for(1);
    assert!(!running.is_finished());
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// C3: at once, not after a delay.
fn a_service_added_while_running_starts_at_once<F: Any>(flavour: F) {
    let runner = runner();
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run_until_stopped());
    let (waiting, begun) = Waiting::new(flavour);
    handle.add(waiting).expect("taken");
    begun.wait_for(1);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

fn a_service_is_added_from_inside_a_payload<F: Any>(flavour: F) {
    let runner = runner();
    let handle = runner.handle();
    let (waiting, begun) = Waiting::new(flavour);
    let add = F::Mode::payload(move || {
        let handle = Handle::current();
        handle.add(waiting).map_err(|refused| refused.reason().to_string())
    });
    let added = runner.spawn(flavour, add).expect("taken");
    let running = thread::spawn(move || runner.run_until_stopped());
    assert_eq!(added.join(), Ok(Ok(())));
    begun.wait_for(1);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}

/// O13, S76, rule 14.
fn f085_a_second_instance_is_refused_with_both_places_and_comes_back<F: Any>(flavour: F) {
    let runner = runner();
    let ([first, second], line) = ([Waiting::new(flavour), Waiting::new(flavour)], line!());
    runner.add(first.0).expect("taken");
    let refused = runner.add(second.0).expect_err("the name is taken");
    let Reason::DuplicateName { name, there, here } = refused.reason() else {
        panic!("{refused}");
    };
    assert_eq!(&**name, "waiting");
    assert_eq!((there.line(), here.line()), (line + 1, line + 2));
    let text = refused.to_string();
    assert!(text.contains(&there.to_string()) && text.contains(&here.to_string()), "{text}");
    // It is as it was: another runner takes it.
    let other = integration_tests::runner();
    other.add(refused.into_payload()).expect("taken");
    let handle = other.handle();
    let running = thread::spawn(move || other.run());
    second.1.wait_for(1);
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    runner.stop();
    assert!(runner.run().is_clean());
}

fn a_second_instance_is_refused_while_running_too<F: Any>(flavour: F) {
    let runner = runner();
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run_until_stopped());
    let (first, begun) = Waiting::new(flavour);
    handle.add(first).expect("taken");
    begun.wait_for(1);
    let (second, never) = Waiting::new(flavour);
    let refused = handle.add(second).expect_err("the name is taken");
    assert!(matches!(refused.reason(), Reason::DuplicateName { .. }), "{refused}");
    // Neither may a task have it.
    let task = handle.task("waiting").adopt(flavour, F::Mode::payload(|| ()));
    assert!(matches!(task.expect_err("taken").reason(), Reason::DuplicateName { .. }));
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    drop((refused.into_payload(), never));
}

fn a_service_comes_back_while_the_runner_stops<F: Any>(flavour: F) {
    let runner = runner();
    let clean = Gate::default();
    let cleaning = clean.clone();
    let begun = Gate::default();
    let cleanup = F::Mode::until_stopped(&begun, move || cleaning.pass_blocking());
    runner.adopt(flavour, cleanup).expect("taken");
    begun.wait_for(1);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    handle.stop();
    let (waiting, _) = Waiting::new(flavour);
    let refused = handle.add(waiting).expect_err("too late");
    assert!(refused.is_stopping(), "{refused}");
    clean.open();
    assert!(running.join().expect("no panic").is_clean());
    let refused = handle.add(refused.into_payload()).expect_err("too late");
    assert!(matches!(refused.reason(), Reason::Stopped), "{refused}");
}

/// C49, rule 15.
fn a_service_that_was_stopped_before_it_began_never_begins<F: Any>(flavour: F) {
    for _ in 0..20 {
        let runner = runner();
        let gate = Gate::default();
        gate.open();
        let end = || panic!("it was asked before");
        runner.add(Ending { flavour, gate, end }).expect("taken");
        runner.stop();
        let report = runner.run();
        assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
        assert!(report.is_clean(), "{report}");
    }
}

/// Panics where no user code should.
struct Clumsy<F>(F);

impl<F: Any> Service for Clumsy<F> {
    const SPEC: Spec = Spec::new("clumsy", file!(), line!());

    fn launch(self) -> Launch {
        panic!("in `launch`")
    }
}

fn f089_a_service_whose_launch_panics_leaves_the_runner_as_it_was<F: Any>(flavour: F) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let runner = runner();
    let handle = runner.handle();
    let before = catch_unwind(AssertUnwindSafe(|| handle.add(Clumsy(flavour)).is_ok()));
    assert!(before.is_err());
    let running = thread::spawn(move || runner.run_until_stopped());
    let (waiting, begun) = Waiting::new(flavour);
    handle.add(waiting).expect("taken");
    begun.wait_for(1);
    let during = catch_unwind(AssertUnwindSafe(|| handle.add(Clumsy(flavour)).is_ok()));
    assert!(during.is_err());
    assert_eq!(handle.tree().alive(), 1);
    handle.stop_within(std::time::Duration::from_secs(10));
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
}

#[test]
fn f086_a_service_with_a_bad_name_is_refused_and_comes_back() {
    struct Nameless;

    impl Service for Nameless {
        const SPEC: Spec = Spec::new("", file!(), line!());

        fn launch(self) -> Launch {
            Launch::new(Thread, || ())
        }
    }

    within(LIMIT, || {
        let runner = runner();
        let refused = runner.add(Nameless).expect_err("it has no name");
        assert!(matches!(refused.reason(), Reason::BadName { .. }), "{refused}");
        let Nameless = refused.into_payload();
        finish(runner);
    });
}
