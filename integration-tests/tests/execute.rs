//! `execute`: every flavour from every place there is, inside other people's executors too.
//!
//! BEHAVIOURS C4 to C6, C11 to C14; FAULTS 46, 48, 51, 125. Rings have a file of their own.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::fake::{Each, Fake, block_on};
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

/// Executes on one flavour: a value, an error value and a panic, all for the caller.
fn check<F: Any>(runner: &Handle, flavour: F) {
    let (name, captured) = (flavour.name(), String::from("captured"));
    let value = runner.execute(flavour, <F::Mode>::payload(move || captured + " value"));
    assert_eq!(value.expect(name), "captured value");
    let error = runner.execute(flavour, <F::Mode>::payload(|| "x".parse::<u8>()));
    assert!(error.expect(name).is_err());
    let panics = <F::Mode>::payload(|| -> () { panic!("for the caller") });
    let panicked = runner.execute(flavour, panics).expect_err(name);
    assert_eq!(panicked.as_panic().expect(name).text(), "for the caller");
}

/// Executes on all six flavours there are here but the named one, whose lane the caller is.
fn check_all_but(here: &str, runner: &Handle) {
    fn check_unless(here: &str, runner: &Handle, flavour: impl Any) {
        if flavour.name() != here {
            check(runner, flavour);
        }
    }
    check_unless(here, runner, Tokio);
    check_unless(here, runner, Smol);
    check_unless(here, runner, AsyncStd);
    check_unless(here, runner, Thread);
    check_unless(here, runner, Fake);
    check_unless(here, runner, Each);
}

/// Executes on all six flavours there are here.
fn check_all(runner: &Handle) {
    check_all_but("none", runner);
}

#[test]
fn execute_works_from_a_plain_thread() {
    within(LIMIT, || {
        let runner = runner();
        check_all(&runner);
        finish(runner);
    });
}

/// Blocking a lane is allowed where it closes no ring (rule 12).
#[test]
fn execute_works_from_the_lane_of_every_other_flavour() {
    fn from<F: Any>(runner: &Handle, flavour: F) {
        let payload = move || check_all_but(flavour.name(), &Handle::current());
        let handle = runner.spawn(flavour, <F::Mode>::payload(payload)).unwrap();
        handle.join().unwrap();
    }
    within(LIMIT, || {
        let runner = runner();
        from(&runner, Tokio);
        from(&runner, Smol);
        from(&runner, AsyncStd);
        from(&runner, Fake);
        finish(runner);
    });
}

#[test]
fn execute_works_from_the_threads_of_a_pool() {
    within(LIMIT, || {
        let runner = runner();
        runner.spawn(Thread, || check_all(&Handle::current())).unwrap().join().unwrap();
        runner.spawn(Each, || check_all(&Handle::current())).unwrap().join().unwrap();
        finish(runner);
    });
}

/// A payload that runs in the thread of its caller is no lane.
#[test]
fn execute_works_from_a_payload_that_runs_on_the_callers_thread() {
    within(LIMIT, || {
        let runner = runner();
        runner.execute(Thread, || check_all(&Handle::current())).unwrap();
        finish(runner);
    });
}

#[test]
fn execute_works_from_the_lane_of_another_runner() {
    within(LIMIT, || {
        let (one, other) = (runner(), runner());
        let handle = other.handle();
        one.execute(Tokio, async move || check_all(&handle)).unwrap();
        finish(one);
        finish(other);
    });
}

/// Row 125: the runner is made, used, run and dropped in there.
fn inside() {
    let runner = runner();
    check_all(&runner);
    finish(runner);
    drop(integration_tests::runner());
}

#[test]
fn f125_execute_works_inside_tokio_main_with_one_thread() {
    #[tokio::main(flavor = "current_thread")]
    async fn main() {
        inside();
        tokio::task::spawn_blocking(inside).await.unwrap();
    }
    within(LIMIT, main);
}

#[test]
fn f125_execute_works_inside_tokio_main_with_several_threads() {
    #[tokio::main(flavor = "multi_thread", worker_threads = 2)]
    async fn main() {
        inside();
        tokio::spawn(async { inside() }).await.unwrap();
        tokio::task::spawn_blocking(inside).await.unwrap();
        tokio::task::block_in_place(inside);
    }
    within(LIMIT, main);
}

#[test]
fn execute_works_inside_the_block_on_of_smol_and_of_async_std() {
    within(LIMIT, || {
        smol::block_on(async {
            inside();
            smol::spawn(async { inside() }).await;
        });
        async_std::task::block_on(async {
            inside();
            async_std::task::spawn(async { inside() }).await;
        });
        block_on(async { inside() });
    });
}

/// One blocks on the next, through all flavours; nobody waits for anybody before it.
#[test]
fn executes_nest_through_all_flavours() {
    within(LIMIT, || {
        let runner = runner();
        let here = Handle::current;
        let value = runner.execute(Tokio, async move || {
            let smol = here().execute(Smol, async move || {
                let std = here().execute(AsyncStd, async move || {
                    let thread = here().execute(Thread, move || {
                        let fake = here().execute(Fake, async move || {
                            here().spawn(Each, || 1).unwrap().join().unwrap() + 1
                        });
                        fake.unwrap() + 1
                    });
                    thread.unwrap() + 1
                });
                std.unwrap() + 1
            });
            smol.unwrap() + 1
        });
        assert_eq!(value.unwrap(), 6);
        finish(runner);
    });
}

#[test]
fn executes_of_many_threads_at_once_are_all_answered() {
    within(LIMIT, || {
        let runner = runner();
        thread::scope(|scope| {
            for thread in 0..8_usize {
                let runner = &runner;
                scope.spawn(move || {
                    for round in 0..100 {
                        let value = thread * 1000 + round;
                        let got = match round % 4 {
                            0 => runner.execute(Tokio, async move || value).ok(),
                            1 => runner.execute(Smol, async move || value).ok(),
                            2 => runner.execute(Fake, async move || value).ok(),
                            _ => runner.execute(AsyncStd, async move || value).ok(),
                        };
                        assert_eq!(got, Some(value));
                    }
                });
            }
        });
        finish(runner);
    });
}

/// Executes when it is dropped.
struct OnDrop(Handle, Sender<thread::ThreadId>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        check_all(&self.0);
        self.1.send(thread::current().id()).unwrap();
    }
}

/// Row 48: a panic of a payload is caught and the one that unwinds goes on, also on a lane and in a pool.
#[test]
fn f048_execute_works_from_a_destructor_during_unwinding() {
    within(LIMIT, || {
        let runner = runner();
        let (told, tells) = channel();
        let on_drop = OnDrop(runner.handle(), told.clone());
        let unwinds = panic::catch_unwind(AssertUnwindSafe(move || {
            let _on_drop = on_drop;
            panic!("unwind");
        }));
        assert_eq!(unwinds.unwrap_err().downcast_ref::<&str>(), Some(&"unwind"));
        assert_eq!(tells.recv().unwrap(), thread::current().id());
        let on_drop = OnDrop(runner.handle(), told);
        let unwinds = runner.spawn(Thread, move || {
            let _on_drop = on_drop;
            panic!("unwind in the pool");
        });
        let unwinds: Result<(), _> = unwinds.unwrap().join();
        assert_eq!(unwinds.unwrap_err().as_panic().unwrap().text(), "unwind in the pool");
        assert!(tells.recv().is_ok());
        finish(runner);
    });
}

/// Row 48: when the thread's own variables are going.
#[test]
fn f048_execute_works_from_a_destructor_of_a_thread_local() {
    thread_local! {
        static LAST: RefCell<Option<OnDrop>> = const { RefCell::new(None) };
    }
    within(LIMIT, || {
        let runner = runner();
        let (told, tells) = channel();
        for first_used_before in [true, false] {
            let (handle, told) = (runner.handle(), told.clone());
            let thread = thread::spawn(move || {
                if first_used_before {
                    check_all(&handle);
                }
                LAST.set(Some(OnDrop(handle.clone(), told)));
                if !first_used_before {
                    check_all(&handle);
                }
            });
            assert_eq!(tells.recv().unwrap(), thread.thread().id());
            thread.join().unwrap();
        }
        finish(runner);
    });
}
