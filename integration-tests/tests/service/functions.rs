//! The attribute on free functions: found unlisted, and called like any other.

use std::io;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use integration_tests::program::Program;
use integration_tests::{LIMIT, finish, runner, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{StopReason, registered};

use crate::{serve, serve_blocking};

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
        found_blocking(&Context::current());
        Ok(())
    }
    #[service(flavour = "thread", name = "p5")]
    fn fallible_with_context(cx: Context) -> anyhow::Result<()> {
        found_blocking(&cx);
        Ok(())
    }
    #[service(flavour = "thread", name = "p6")]
    fn fallible_with_reference(cx: &Context) -> Result<(), Stopping> {
        found_blocking(cx);
        Ok(())
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

/// S6: the name is that of the function, unless another is given.
#[test]
fn registrations_tell_where_they_stand_and_are_sorted_by_name() {
    let names = registered_names();
    assert!(names.is_sorted(), "{names:?}");
    let all = registered();
    let sheep = all.iter().find(|one| one.spec().name() == "count-the-sheep").expect("found");
    assert!(sheep.spec().file().ends_with("functions.rs"), "{sheep:?}");
    let line = usize::try_from(sheep.spec().line()).expect("small");
    let source = include_str!("functions.rs");
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
fn f085_two_registered_functions_of_one_name_are_a_failure_that_shows_both_places() {
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
