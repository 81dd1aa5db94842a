//! Services: by the attribute and by hand, found and added, ending and failing.
//!
//! BEHAVIOURS C2, C3, C48, C51, C52, S6, S46, S47, S75 in sense, S76, S84, O13, O17; rules 23 and 25.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::program::Program;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{Launch, Reason, Spec, StopReason, registered};

on_each!(
    services_wait_for_run,
    a_service_added_while_running_starts_at_once,
    a_service_is_added_from_inside_a_payload,
    a_service_that_ends_unasked_stops_the_runner_in_good_order_and_is_named,
    a_service_that_ends_when_asked_is_no_reason_to_stop,
    a_failing_service_is_the_root_cause,
    a_panicking_service_is_the_root_cause,
    a_second_instance_is_refused_with_both_places_and_comes_back,
    a_second_instance_is_refused_while_running_too,
    a_service_comes_back_while_the_runner_stops,
    a_service_that_was_stopped_before_it_began_never_begins,
    a_service_that_holds_its_thread_is_named_at_the_deadline,
    a_service_is_shown_in_the_tree_by_name,
    a_service_whose_launch_panics_leaves_the_runner_as_it_was,
);

// -- by the attribute, on impl blocks

/// Tells that a service began, and under which name, then waits until it is asked to stop.
async fn serve(began: &Sender<String>, context: &Context) {
    let _ = began.send(context.name().to_owned());
    context.stopped().await;
}

fn serve_blocking(began: &Sender<String>, context: &Context) {
    let thread = thread::current();
    let own = format!("spumoni/{}", context.name());
    assert_eq!(thread.name(), Some(&*own), "a thread of its own");
    let _ = began.send(context.name().to_owned());
    context.stopped_blocking();
}

/// A service type with one field, and its attribute.
macro_rules! form {
    ($flavour:tt, $type:ident, $name:tt, $($run:tt)*) => {
        struct $type(Sender<String>);

        #[service(flavour = $flavour, name = $name)]
        impl $type {
            $($run)*
        }
    };
}

/// Every form that `run` may have.
macro_rules! async_forms {
    ($module:ident, $flavour:tt) => {
        mod $module {
            use super::*;

            form!(
                $flavour,
                A,
                "a",
                async fn run(self) {
                    serve(&self.0, &Context::current()).await
                }
            );
            form!(
                $flavour,
                B,
                "b",
                async fn run(self, cx: Context) {
                    serve(&self.0, &cx).await
                }
            );
            form!(
                $flavour,
                C,
                "c",
                async fn run(self, cx: &Context) {
                    serve(&self.0, cx).await
                }
            );
            form!(
                $flavour,
                D,
                "d",
                async fn run(&self) {
                    serve(&self.0, &Context::current()).await
                }
            );
            form!(
                $flavour,
                E,
                "e",
                async fn run(&self, cx: Context) {
                    serve(&self.0, &cx).await
                }
            );
            form!(
                $flavour,
                F,
                "f",
                async fn run(&self, cx: &Context) {
                    serve(&self.0, cx).await
                }
            );
            form!(
                $flavour,
                G,
                "g",
                async fn run(&mut self) {
                    serve(&self.0, &Context::current()).await
                }
            );
            form!(
                $flavour,
                H,
                "h",
                async fn run(&mut self, cx: Context) {
                    serve(&self.0, &cx).await
                }
            );
            form!(
                $flavour,
                I,
                "i",
                async fn run(&mut self, cx: &Context) {
                    serve(&self.0, cx).await
                }
            );
            form!(
                $flavour,
                J,
                "j",
                async fn run(self) -> io::Result<()> {
                    Ok(serve(&self.0, &Context::current()).await)
                }
            );
            form!(
                $flavour,
                K,
                "k",
                async fn run(self, cx: Context) -> anyhow::Result<()> {
                    Ok(serve(&self.0, &cx).await)
                }
            );
            form!(
                $flavour,
                L,
                "l",
                async fn run(self, cx: &Context) -> io::Result<()> {
                    Ok(serve(&self.0, cx).await)
                }
            );
            form!(
                $flavour,
                M,
                "m",
                async fn run(&self) -> anyhow::Result<()> {
                    Ok(serve(&self.0, &Context::current()).await)
                }
            );
            form!(
                $flavour,
                N,
                "n",
                async fn run(&self, cx: Context) -> io::Result<()> {
                    Ok(serve(&self.0, &cx).await)
                }
            );
            form!(
                $flavour,
                O,
                "o",
                async fn run(&self, cx: &Context) -> anyhow::Result<()> {
                    Ok(serve(&self.0, cx).await)
                }
            );
            form!(
                $flavour,
                P,
                "p",
                async fn run(&mut self) -> io::Result<()> {
                    Ok(serve(&self.0, &Context::current()).await)
                }
            );
            form!(
                $flavour,
                Q,
                "q",
                async fn run(&mut self, cx: Context) -> anyhow::Result<()> {
                    Ok(serve(&self.0, &cx).await)
                }
            );
            form!(
                $flavour,
                R,
                "r",
                async fn run(&mut self, cx: &Context) -> io::Result<()> {
                    Ok(serve(&self.0, cx).await)
                }
            );

            all_forms!();
        }
    };
}

/// The same for blocking services.
macro_rules! blocking_forms {
    ($module:ident, $flavour:tt) => {
        mod $module {
            use super::*;

            form!(
                $flavour,
                A,
                "a",
                fn run(self) {
                    serve_blocking(&self.0, &Context::current())
                }
            );
            form!(
                $flavour,
                B,
                "b",
                fn run(self, cx: Context) {
                    serve_blocking(&self.0, &cx)
                }
            );
            form!(
                $flavour,
                C,
                "c",
                fn run(self, cx: &Context) {
                    serve_blocking(&self.0, cx)
                }
            );
            form!(
                $flavour,
                D,
                "d",
                fn run(&self) {
                    serve_blocking(&self.0, &Context::current())
                }
            );
            form!(
                $flavour,
                E,
                "e",
                fn run(&self, cx: Context) {
                    serve_blocking(&self.0, &cx)
                }
            );
            form!(
                $flavour,
                F,
                "f",
                fn run(&self, cx: &Context) {
                    serve_blocking(&self.0, cx)
                }
            );
            form!(
                $flavour,
                G,
                "g",
                fn run(&mut self) {
                    serve_blocking(&self.0, &Context::current())
                }
            );
            form!(
                $flavour,
                H,
                "h",
                fn run(&mut self, cx: Context) {
                    serve_blocking(&self.0, &cx)
                }
            );
            form!(
                $flavour,
                I,
                "i",
                fn run(&mut self, cx: &Context) {
                    serve_blocking(&self.0, cx)
                }
            );
            form!(
                $flavour,
                J,
                "j",
                fn run(self) -> io::Result<()> {
                    Ok(serve_blocking(&self.0, &Context::current()))
                }
            );
            form!(
                $flavour,
                K,
                "k",
                fn run(self, cx: Context) -> anyhow::Result<()> {
                    Ok(serve_blocking(&self.0, &cx))
                }
            );
            form!(
                $flavour,
                L,
                "l",
                fn run(self, cx: &Context) -> io::Result<()> {
                    Ok(serve_blocking(&self.0, cx))
                }
            );
            form!(
                $flavour,
                M,
                "m",
                fn run(&self) -> anyhow::Result<()> {
                    Ok(serve_blocking(&self.0, &Context::current()))
                }
            );
            form!(
                $flavour,
                N,
                "n",
                fn run(&self, cx: Context) -> io::Result<()> {
                    Ok(serve_blocking(&self.0, &cx))
                }
            );
            form!(
                $flavour,
                O,
                "o",
                fn run(&self, cx: &Context) -> anyhow::Result<()> {
                    Ok(serve_blocking(&self.0, cx))
                }
            );
            form!(
                $flavour,
                P,
                "p",
                fn run(&mut self) -> io::Result<()> {
                    Ok(serve_blocking(&self.0, &Context::current()))
                }
            );
            form!(
                $flavour,
                Q,
                "q",
                fn run(&mut self, cx: Context) -> anyhow::Result<()> {
                    Ok(serve_blocking(&self.0, &cx))
                }
            );
            form!(
                $flavour,
                R,
                "r",
                fn run(&mut self, cx: &Context) -> io::Result<()> {
                    Ok(serve_blocking(&self.0, cx))
                }
            );

            all_forms!();
        }
    };
}

/// A function that adds one of each, and the test.
macro_rules! all_forms {
    () => {
        fn add_all(runner: &Handle, began: &Sender<String>) {
            all_forms!(@add runner, began, A B C D E F G H I J K L M N O P Q R);
        }

        #[test]
        fn every_form_of_run_begins_and_ends_when_asked() {
            within(LIMIT, || assert_all_forms(add_all));
        }
    };
    (@add $runner:ident, $began:ident, $($type:ident)+) => {
        $($runner.add($type($began.clone())).expect("taken");)+
    };
}

fn assert_all_forms(add_all: fn(&Handle, &Sender<String>)) {
    // A pool of one: each thread service has a thread of its own beside it.
    let runner =
        ServiceRunner::builder().signals(false).pool_size(1).build().expect("good settings");
    let (began, begin) = channel();
    add_all(&runner, &began);
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let mut names: Vec<_> = begin.iter().take(18).collect();
    names.sort_unstable();
    assert_eq!(names.concat(), "abcdefghijklmnopqr");
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
}

async_forms!(tokio_forms, "tokio");
async_forms!(smol_forms, "smol");
async_forms!(async_std_forms, "async-std");
blocking_forms!(thread_forms, "thread");

// -- by the attribute, on free functions

/// The registered functions tell here that they began. Whoever runs them holds the lock.
static FOUND: LazyLock<(Sender<String>, Mutex<Receiver<String>>)> = LazyLock::new(|| {
    let (began, begin) = channel();
    (began, Mutex::new(begin))
});

async fn found(context: &Context) {
    serve(&FOUND.0, context).await;
}

fn found_blocking(context: &Context) {
    serve_blocking(&FOUND.0, context);
}

macro_rules! async_functions {
    ($module:ident, $flavour:tt, $($name:tt)*) => {
        mod $module {
            use super::*;
            async_functions!(@six $flavour, $($name)*);
        }
    };
    (@six $flavour:tt, $a:tt $b:tt $c:tt $d:tt $e:tt $f:tt) => {
        #[service(flavour = $flavour, name = $a)]
        async fn plain() {
            found(&Context::current()).await
        }
        #[service(flavour = $flavour, name = $b)]
        async fn with_context(cx: Context) {
            found(&cx).await
        }
        #[service(flavour = $flavour, name = $c)]
        async fn with_reference(cx: &Context) {
            found(cx).await
        }
        #[service(flavour = $flavour, name = $d)]
        async fn fallible() -> io::Result<()> {
            Ok(found(&Context::current()).await)
        }
        #[service(flavour = $flavour, name = $e)]
        async fn fallible_with_context(cx: Context) -> anyhow::Result<()> {
            Ok(found(&cx).await)
        }
        #[service(flavour = $flavour, name = $f)]
        async fn fallible_with_reference(cx: &Context) -> Result<(), Stopping> {
            Ok(found(cx).await)
        }
    };
}

async_functions!(tokio_functions, "tokio", "t1" "t2" "t3" "t4" "t5" "t6");
async_functions!(smol_functions, "smol", "s1" "s2" "s3" "s4" "s5" "s6");
async_functions!(async_std_functions, "async-std", "a1" "a2" "a3" "a4" "a5" "a6");

mod thread_functions {
    use super::*;

    #[service(flavour = "thread", name = "p1")]
    fn plain() {
        found_blocking(&Context::current())
    }
    #[service(flavour = "thread", name = "p2")]
    fn with_context(cx: Context) {
        found_blocking(&cx)
    }
    #[service(flavour = "thread", name = "p3")]
    fn with_reference(cx: &Context) {
        found_blocking(cx)
    }
    #[service(flavour = "thread", name = "p4")]
    fn fallible() -> io::Result<()> {
        Ok(found_blocking(&Context::current()))
    }
    #[service(flavour = "thread", name = "p5")]
    fn fallible_with_context(cx: Context) -> anyhow::Result<()> {
        Ok(found_blocking(&cx))
    }
    #[service(flavour = "thread", name = "p6")]
    fn fallible_with_reference(cx: &Context) -> Result<(), Stopping> {
        Ok(found_blocking(cx))
    }
}

/// A function that needs no runner: with one it serves, without one it counts.
#[service(flavour = "thread")]
fn count_the_sheep() -> io::Result<()> {
    if let Some(context) = Context::try_current() {
        found_blocking(&context);
    }
    Ok(())
}

#[service(flavour = "smol")]
async fn count_the_goats() {
    if let Some(context) = Context::try_current() {
        found(&context).await;
    }
}

/// The names of all that are registered here, sorted.
fn registered_names() -> Vec<&'static str> {
    registered().iter().map(|one| one.spec().name()).collect()
}

/// C2: found without being listed anywhere.
#[test]
fn discover_finds_every_registered_function_of_every_flavour() {
    within(LIMIT, || {
        let begin = FOUND.1.lock();
        // Twice: a registration is not used up (C52).
        for _ in 0..2 {
            let builder = ServiceRunner::builder().signals(false).discover(true);
            let runner = builder.build().expect("good settings");
            let handle = runner.handle();
            let running = thread::spawn(move || runner.run());
            let mut names: Vec<_> = begin.iter().take(26).collect();
            names.sort_unstable();
            assert_eq!(names, registered_names());
            assert!(names.contains(&"count-the-sheep".to_owned()), "{names:?}");
            handle.stop();
            let report = running.join().expect("no panic");
            assert!(report.is_clean(), "{report}");
        }
    });
}

#[test]
fn registrations_tell_where_they_stand_and_are_sorted_by_name() {
    let names = registered_names();
    assert!(names.is_sorted(), "{names:?}");
    let all = registered();
    let sheep = all.iter().find(|one| one.spec().name() == "count-the-sheep").expect("found");
    assert!(sheep.spec().file().ends_with("service.rs"), "{sheep:?}");
    let line = usize::try_from(sheep.spec().line()).expect("small");
    let source = include_str!("service.rs");
    let at = source.lines().nth(line - 1).expect("it is there");
    assert!(at.contains("fn count_the_sheep"), "{at}");
}

#[test]
fn a_runner_that_discovers_nothing_is_empty() {
    within(LIMIT, || {
        let report = runner().run();
        assert_eq!(report.reason(), &StopReason::Finished);
    });
}

#[test]
fn discover_with_its_usual_settings_is_the_same() {
    within(LIMIT, || {
        let _alone = FOUND.1.lock();
        let runner = ServiceRunner::discover();
        runner.stop();
        // Nothing begins that had not begun, so nobody tells that it did.
        let report = runner.run();
        assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
        assert!(_alone.try_recv().is_err());
    });
}

/// O13, S76: two of one name are refused, and the report says where both stand.
#[test]
fn two_registered_functions_of_one_name_are_a_failure_that_shows_both_places() {
    within(LIMIT, || {
        let end = Program::start(env!("CARGO_BIN_EXE_twins"), &[]).end();
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.errors.contains("`twin`"), "{end:?}");
        assert!(end.errors.contains("twins.rs:6"), "{end:?}");
        assert!(end.errors.contains("twins.rs:11"), "{end:?}");
    });
}

#[test]
fn a_registered_function_and_a_run_method_are_called_like_any_other() {
    struct Counter(u32);

    #[service(flavour = "thread")]
    impl Counter {
        fn run(&mut self) -> io::Result<()> {
            self.0 += 1;
            Ok(())
        }
    }

    within(LIMIT, || {
        count_the_sheep().expect("no sheep");
        smol::block_on(count_the_goats());
        let mut counter = Counter(0);
        counter.run().expect("no error");
        counter.run().expect("no error");
        assert_eq!(counter.0, 2);
        // With a context it is called where there is one.
        let runner = runner();
        let _alone = FOUND.1.lock();
        let called = runner.spawn(Smol, async || count_the_goats().await);
        let called = called.expect("taken");
        let name = _alone.recv().expect("it began");
        assert_eq!(name, called.id().to_string());
        called.stop();
        assert_eq!(called.join(), Ok(()));
        finish(runner);
    });
}

// -- by hand

/// Begins at a gate and ends when it is asked.
struct Waiting<F> {
    flavour: F,
    begun: Gate,
}

impl<F: Any> Waiting<F> {
    fn new(flavour: F) -> (Self, Gate) {
        let begun = Gate::default();
        (Waiting { flavour, begun: begun.clone() }, begun)
    }
}

impl<F: Any> Service for Waiting<F> {
    const SPEC: Spec = Spec::new("waiting", file!(), line!());

    fn launch(self) -> Launch {
        Launch::new(self.flavour, F::Mode::until_stopped(&self.begun, || ()))
    }
}

/// Ends at a gate, in what it is given.
struct Ending<F> {
    flavour: F,
    gate: Gate,
    end: fn() -> anyhow::Result<()>,
}

impl<F: Any> Service for Ending<F> {
    const SPEC: Spec = Spec::new("ending", file!(), line!());

    fn launch(self) -> Launch {
        Launch::new(self.flavour, F::Mode::after(&self.gate, self.end))
    }
}

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

/// O17, S84: everybody else is asked and cleans up, and the report names who began it.
fn a_service_that_ends_unasked_stops_the_runner_in_good_order_and_is_named<F: Any>(flavour: F) {
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

fn a_failing_service_is_the_root_cause<F: Any>(flavour: F) {
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

fn a_panicking_service_is_the_root_cause<F: Any>(flavour: F) {
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

/// O13, S76, rule 14.
fn a_second_instance_is_refused_with_both_places_and_comes_back<F: Any>(flavour: F) {
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

/// Panics where no user code should.
struct Clumsy<F>(F);

impl<F: Any> Service for Clumsy<F> {
    const SPEC: Spec = Spec::new("clumsy", file!(), line!());

    fn launch(self) -> Launch {
        panic!("in `launch`")
    }
}

fn a_service_whose_launch_panics_leaves_the_runner_as_it_was<F: Any>(flavour: F) {
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
fn a_service_with_a_bad_name_is_refused_and_comes_back() {
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
