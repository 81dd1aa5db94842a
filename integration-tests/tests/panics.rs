//! Panics: what is kept of them, what ends with them, and what nobody can contain.
//!
//! FAULTS 1 to 3, 5, 7 to 9, 27, 64. What holds for each flavour by itself is in the contract. What ends a
//! process, or belongs to the whole of it, is tried in a child: the same test, started anew.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::panic::{self, AssertUnwindSafe};
use std::process::Output;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::fake::{Each, Fake};
use integration_tests::gate::Gate;
use integration_tests::witness::{BANG, Bomb};
use integration_tests::{LIMIT, child, finish, is_child, runner, within};
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, PanicInfo};

const SIGABRT: i32 = 6;

/// What the child said and how it ended.
#[track_caller]
fn output(test: &str) -> (Output, String) {
    let output = child(test).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, errors)
}

/// Panics when it is dropped, no matter what.
struct Always;

impl Drop for Always {
    fn drop(&mut self) {
        panic!("no matter what");
    }
}

/// The panic of an executed call.
#[track_caller]
fn panic_of<F: Any>(
    runner: &Handle,
    flavour: F,
    call: impl FnOnce() + Send + 'static,
) -> PanicInfo {
    let error = runner.execute(flavour, <F::Mode>::payload(call)).unwrap_err();
    error.as_panic().unwrap().clone()
}

// -- what nobody can contain

/// Row 7: the language says so.
#[test]
fn f007_a_destructor_that_panics_while_a_panic_unwinds_ends_the_process() {
    const NAME: &str = "f007_a_destructor_that_panics_while_a_panic_unwinds_ends_the_process";
    fn panics_twice() {
        let _always = Always;
        panic!("once");
    }
    if is_child() {
        let runner = runner();
        runner.adopt(Tokio, async || panics_twice()).unwrap();
        let _ = runner.run_until_stopped();
        return;
    }
    within(LIMIT, || {
        let (output, errors) = output(NAME);
        assert_eq!(output.status.signal(), Some(SIGABRT), "{errors}");
        assert!(errors.contains("once") && errors.contains("no matter what"), "{errors}");
    });
}

/// Row 8: the standard library says so.
#[test]
fn f008_a_thread_local_whose_destructor_panics_ends_the_process() {
    const NAME: &str = "f008_a_thread_local_whose_destructor_panics_ends_the_process";
    thread_local! {
        static MINED: Always = const { Always };
    }
    if is_child() {
        let runner = runner();
        runner.adopt(Smol, async || MINED.with(|_| ())).unwrap();
        let report = runner.run();
        // The lane's thread is going, or gone.
        print!("{report}");
        thread::sleep(LIMIT);
        return;
    }
    within(LIMIT, || {
        let (output, errors) = output(NAME);
        assert_eq!(output.status.signal(), Some(SIGABRT), "{errors}");
    });
}

/// Row 9: the standard library says so.
#[test]
fn f009_a_panic_hook_that_panics_ends_the_process() {
    const NAME: &str = "f009_a_panic_hook_that_panics_ends_the_process";
    if is_child() {
        panic::set_hook(Box::new(|_| panic!("in the hook")));
        let runner = runner();
        let _ = runner.execute(Thread, || panic!("in the payload"));
        return;
    }
    within(LIMIT, || {
        let (output, errors) = output(NAME);
        assert_eq!(output.status.signal(), Some(SIGABRT), "{errors}");
    });
}

// -- what is kept of a panic

/// The hook that the program had set goes on being called, once for each panic; one that it sets later
/// takes the place with it, not the text.
#[test]
fn the_programs_own_panic_hook_is_called_before_and_after_the_first_runner() {
    const NAME: &str = "the_programs_own_panic_hook_is_called_before_and_after_the_first_runner";
    if is_child() {
        let (told, tells) = channel();
        let later = told.clone();
        panic::set_hook(Box::new(move |info| told.send(info.to_string()).unwrap()));
        let runner = runner();
        let info = panic_of(&runner, Tokio, || panic!("on a lane"));
        assert!(info.location().unwrap().starts_with(file!()));
        assert!(tells.recv().unwrap().contains("on a lane"));
        panic_of(&runner, Thread, || panic!("on a thread"));
        assert!(tells.recv().unwrap().contains("on a thread"));
        assert!(tells.try_recv().is_err());
        panic::set_hook(Box::new(move |_| later.send(String::from("another hook")).unwrap()));
        let info = panic_of(&runner, Smol, || panic!("later"));
        assert_eq!((info.text(), info.location(), info.backtrace()), ("later", None, None));
        assert_eq!(tells.recv().unwrap(), "another hook");
        assert!(tells.try_recv().is_err());
        finish(runner);
        drop(panic::take_hook());
        return;
    }
    within(LIMIT, || {
        let (output, errors) = output(NAME);
        assert!(output.status.success(), "{errors}");
    });
}

/// As everywhere in Rust, an environment variable asks for it.
#[test]
fn the_backtrace_of_a_panic_is_kept_where_it_is_asked_for() {
    const NAME: &str = "the_backtrace_of_a_panic_is_kept_where_it_is_asked_for";
    fn in_this_function() {
        panic!("traced");
    }
    if is_child() {
        let runner = runner();
        for info in
            [panic_of(&runner, Fake, in_this_function), panic_of(&runner, Each, in_this_function)]
        {
            match std::env::var_os("RUST_BACKTRACE") {
                Some(_) => assert!(info.backtrace().unwrap().contains("in_this_function")),
                None => assert_eq!(info.backtrace(), None),
            }
        }
        finish(runner);
        return;
    }
    within(LIMIT, || {
        assert!(child(NAME).output().unwrap().status.success());
        let traced = child(NAME).env("RUST_BACKTRACE", "1").output().unwrap();
        assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    });
}

/// A panic that is passed on without the hook has no place, and is not given that of an older one.
#[test]
fn a_panic_is_never_given_the_place_of_another_one() {
    fn check<F: Any>(runner: &Handle, flavour: F) {
        let quiet = || panic::resume_unwind(Box::new("quiet"));
        let caught = || drop(panic::catch_unwind(|| panic!("loud")));
        runner.execute(flavour, <F::Mode>::payload(caught)).unwrap();
        let info = panic_of(runner, flavour, quiet);
        assert_eq!((info.text(), info.location()), ("quiet", None));
        let info = panic_of(runner, flavour, move || {
            caught();
            quiet();
        });
        assert_eq!((info.text(), info.location()), ("quiet", None));
        let passed_on = || {
            let panic = panic::catch_unwind(|| panic!("loud")).unwrap_err();
            panic::resume_unwind(panic);
        };
        let info = panic_of(runner, flavour, passed_on);
        assert_eq!(info.text(), "loud");
        assert!(info.location().unwrap().starts_with(file!()));
    }
    within(LIMIT, || {
        let runner = runner();
        check(&runner, Tokio);
        check(&runner, Smol);
        check(&runner, AsyncStd);
        check(&runner, Thread);
        check(&runner, Fake);
        check(&runner, Each);
        finish(runner);
    });
}

// -- what ends with a panic, and what does not

/// Row 64: a runner that is dropped by a panic adds none of its own.
#[test]
fn f064_a_runner_dropped_while_a_panic_unwinds_asks_its_tasks_to_stop() {
    within(LIMIT, || {
        let gate = Gate::default();
        let come = gate.clone();
        let (told, tells) = channel();
        let unwound = panic::catch_unwind(AssertUnwindSafe(|| {
            let runner = runner();
            let payload = async move || {
                come.come();
                Context::current().stopped().await;
                told.send(Context::current().handle()).unwrap();
            };
            runner.adopt(Tokio, payload).unwrap();
            gate.wait_for(1);
            panic!("unwind");
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"unwind"));
        assert!(tells.recv().unwrap().ended_blocking().is_clean());
    });
}

/// Row 5 for those who have a caller: executed, spawned, spawned and left. The caller is told of the stop,
/// the report of the panics.
fn mined_futures_that_a_stop_cancels_are_contained(flavour: impl Lane) {
    within(LIMIT, move || {
        let built = ServiceRunner::builder().signals(false).grace(Duration::ZERO).build();
        let (runner, gate) = (built.unwrap(), Gate::default());
        let mined = || {
            let (gate, bomb) = (gate.clone(), Bomb);
            async move || {
                let _bomb = bomb;
                gate.pass().await;
            }
        };
        let (handle, payload) = (runner.handle(), mined());
        let caller = thread::spawn(move || {
            let failed = handle.task("executed").execute(flavour, payload).unwrap_err();
            assert!(matches!(failed, ExecuteError::Stopped), "{failed}");
        });
        let spawned = runner.task("spawned").spawn(flavour, mined()).unwrap();
        drop(runner.task("left").spawn(flavour, mined()).unwrap());
        gate.wait_for(3);
        runner.stop();
        let report = runner.run();
        assert!(report.is_clean(), "{report}");
        assert_eq!(spawned.join(), Err(JoinError::Stopped));
        caller.join().unwrap();
        let contained = report.contained().iter();
        let mut names: Vec<_> = contained.clone().map(|it| it.task().name().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["executed", "left", "spawned"]);
        let bang = |info: &PanicInfo| info.text() == BANG;
        assert!(contained.clone().all(|it| it.cause().as_panic().is_some_and(bang)), "{report}");
    });
}

#[test]
fn f005_mined_futures_that_a_stop_cancels_on_the_tokio_lane_are_contained() {
    mined_futures_that_a_stop_cancels_are_contained(Tokio);
}

#[test]
fn f005_mined_futures_that_a_stop_cancels_on_the_smol_lane_are_contained() {
    mined_futures_that_a_stop_cancels_are_contained(Smol);
}

#[test]
fn f005_mined_futures_that_a_stop_cancels_on_the_async_std_lane_are_contained() {
    mined_futures_that_a_stop_cancels_are_contained(AsyncStd);
}

#[test]
fn f005_mined_futures_that_a_stop_cancels_on_a_lane_of_a_third_party_are_contained() {
    mined_futures_that_a_stop_cancels_are_contained(Fake);
}

/// Row 27 in sense: it is the user's code that makes an `anyhow::Error` of an error.
#[test]
fn f027_an_error_that_panics_when_it_is_converted_is_the_failure_of_its_task() {
    struct Stubborn;
    impl From<Stubborn> for anyhow::Error {
        fn from(_: Stubborn) -> Self {
            panic!("not to be converted")
        }
    }
    fn check<F: Any>(flavour: F) {
        let runner = runner();
        let task = runner.task("stubborn");
        task.adopt(flavour, <F::Mode>::payload(|| Err::<(), _>(Stubborn))).map(drop).unwrap();
        let report = runner.run_until_stopped();
        let [failure] = report.failures() else { panic!("{report}") };
        assert_eq!(failure.task().name(), Some("stubborn"));
        assert_eq!(failure.cause().as_panic().unwrap().text(), "not to be converted");
    }
    within(LIMIT, || {
        check(Tokio);
        check(Smol);
        check(AsyncStd);
        check(Thread);
        check(Fake);
        check(Each);
    });
}

/// A subscriber is the user's code, and it prints the user's errors: both may panic, on any thread.
#[test]
fn f128_a_subscriber_that_panics_ends_nothing() {
    const NAME: &str = "f128_a_subscriber_that_panics_ends_nothing";
    struct Panics;
    impl tracing::Subscriber for Panics {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            if event.metadata().target() == "spumoni" {
                panic!("no log today");
            }
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }
    #[derive(Debug)]
    struct Mute;
    impl fmt::Display for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words")
        }
    }
    impl std::error::Error for Mute {}
    if is_child() {
        tracing::subscriber::set_global_default(Panics).unwrap();
        for _ in 0..10 {
            let runner = runner();
            let gate = Gate::default();
            let come = gate.clone();
            runner
                .adopt(Thread, move || {
                    come.come();
                    Context::current().stopped_blocking();
                    Err::<(), _>(Mute)
                })
                .unwrap();
            gate.wait_for(1);
            runner.adopt(Tokio, async || Err::<(), _>(Mute)).unwrap();
            let report = runner.run();
            assert_eq!((report.failures().len(), report.exit_code()), (2, 1), "{report}");
        }
        return;
    }
    within(LIMIT, || {
        let (output, errors) = output(NAME);
        assert!(output.status.success(), "{errors}");
    });
}
