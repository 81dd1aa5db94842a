//! Runners that are dropped, and runners inside other runtimes.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::StopReason;
use spumoni::prelude::*;

use crate::waiting;

/// FAULTS 62 and 63.
#[test]
fn f062_a_dropped_runner_asks_its_tasks_and_does_not_wait() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let clean = Gate::default();
        let go = clean.clone();
        let task = waiting(runner.task("cleanup"), Thread, move || go.pass_blocking());
        drop(runner);
        // The drop is over, and the task is not.
        assert!(!task.is_finished());
        assert!(handle.report().is_none());
        clean.open();
        assert_eq!(task.join(), Ok(()));
        let report = handle.ended_blocking();
        assert_eq!(report.reason(), &StopReason::Dropped);
        assert_eq!(report.exit_code(), 0);
    });
}

#[test]
fn a_runner_that_is_dropped_before_it_started_takes_nothing_more() {
    within(LIMIT, || {
        let handle = runner().handle();
        let error = handle.adopt(Smol, async || ()).expect_err("too late");
        assert!(error.is_stopping());
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
    });
}

/// FAULTS 64.
#[test]
fn f064_a_runner_dropped_by_unwinding_does_not_panic_again() {
    within(LIMIT, || {
        let handle = parking_lot::Mutex::new(None);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let runner = runner();
            *handle.lock() = Some(runner.handle());
            let task = runner.spawn(Smol, async || Context::current().stopped().await);
            drop(task.expect("taken"));
            panic!("on purpose");
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"on purpose"));
        let handle = handle.lock().take().expect("left behind");
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
    });
}

/// FAULTS 125, PEERS 16.
#[test]
fn f125_a_runner_lives_and_dies_inside_any_other_runtime() {
    fn live_and_die() {
        let runner = runner();
        assert_eq!(runner.execute(Tokio, async || 1).expect("an answer"), 1);
        assert_eq!(runner.execute(Smol, async || 2).expect("an answer"), 2);
        finish(runner);
        let dropped = integration_tests::runner();
        let handle = dropped.handle();
        dropped.adopt(Tokio, pending::<()>).expect("taken");
        dropped.stop_now();
        drop(dropped);
        drop(handle.ended_blocking());
    }
    within(LIMIT, || {
        let mut current = tokio::runtime::Builder::new_current_thread();
        let mut multi = tokio::runtime::Builder::new_multi_thread();
        for builder in [&mut current, &mut multi] {
            let runtime = builder.enable_all().build().expect("a runtime");
            runtime.block_on(async { live_and_die() });
            runtime.block_on(runtime.spawn(async { live_and_die() })).expect("no panic");
        }
        smol::block_on(async { live_and_die() });
        async_std::task::block_on(async { live_and_die() });
    });
}
