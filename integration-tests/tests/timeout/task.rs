//! The limit of a task: async and blocking, adopted, spawned and executed.

use std::sync::LazyLock;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Blocking, ExecuteError, JoinError, Payload, StopReason, TaskState, TimedOut};

const SHORT: Duration = Duration::from_millis(5);

on_each!(
    a_task_that_takes_longer_than_its_limit_times_out_and_is_named,
    an_adopted_task_that_takes_longer_than_its_limit_fails_with_that,
    f070_a_task_that_ends_within_its_limit_gives_its_value,
    f049_f118_a_task_without_time_ends_somehow_and_never_panics,
    a_task_that_waits_in_a_queue_for_longer_than_its_limit_never_begins,
    a_task_that_is_asked_to_stop_before_its_limit_has_not_timed_out,
    a_task_that_blocks_beyond_its_grace_is_given_up_by_who_waits,
    a_timeout_that_nobody_reads_is_the_runners,
    f049_execute_gives_the_timeout_to_its_caller,
    a_panic_after_the_limit_is_told_as_such,
);

on_each_lane!(an_async_payload_is_dropped_at_its_await_point_on_its_own_lane);

fn never_ending<F: Any>() -> impl Payload<F::Mode, Output = ()> {
    // Nobody looks who has come.
    static BEGUN: LazyLock<Gate> = LazyLock::new(Gate::default);
    F::Mode::until_stopped(&BEGUN, || ())
}

/// A38, T39.
fn a_task_that_takes_longer_than_its_limit_times_out_and_is_named<F: Any>(flavour: F) {
    let runner = runner();
    let (held, dropped) = witness();
    // A blocking one gives a value once it is asked; it comes too late and is dropped.
    let payload = F::Mode::until_stopped(&Gate::default(), move || held);
    let slow = runner.task("slow").timeout(SHORT).spawn(flavour, payload).unwrap();
    until(|| slow.is_finished());
    assert_eq!(slow.state(), TaskState::Failed);
    let error = slow.join().unwrap_err();
    let late = error.as_timed_out().expect("a timeout");
    assert_eq!((late.task().name(), late.limit()), (Some("slow"), SHORT));
    assert!(!late.is_abandoned());
    let text = format!("the {} task `slow` did not end within its limit of 5ms", flavour.name());
    assert_eq!(error.to_string(), text);
    dropped.recv().expect("dropped");
    finish(runner);
}

fn an_adopted_task_that_takes_longer_than_its_limit_fails_with_that<F: Any>(flavour: F) {
    let runner = runner();
    runner.task("slow").timeout(SHORT).adopt(flavour, never_ending::<F>()).unwrap();
    let report = runner.run();
    assert_eq!(*report.reason(), StopReason::Failure, "{report}");
    assert_eq!(report.failures().len(), 1, "{report}");
    let late = report.failures()[0].cause().downcast_ref::<TimedOut>().expect("a timeout");
    assert_eq!((late.task().name(), late.limit()), (Some("slow"), SHORT));
}

/// A40, row 70 of the faults.
fn f070_a_task_that_ends_within_its_limit_gives_its_value<F: Any>(flavour: F) {
    let runner = runner();
    for limit in [LIMIT * 100, Duration::MAX, Duration::from_secs(i64::MAX as u64)] {
        let task = runner.task("quick").timeout(limit);
        let task = task.spawn(flavour, F::Mode::payload(move || limit)).unwrap();
        assert_eq!(task.join(), Ok(limit));
        until(|| runner.handle().tree().alive() == 0);
    }
    finish(runner);
}

/// Rows 49 and 118 of the faults.
fn f049_f118_a_task_without_time_ends_somehow_and_never_panics<F: Any>(flavour: F) {
    let runner = runner();
    for _ in 0..20 {
        let quick = F::Mode::payload(|| 1);
        let quick = runner.task("q").timeout(Duration::ZERO).spawn(flavour, quick);
        match quick.map(TaskHandle::join) {
            Ok(Ok(value)) => assert_eq!(value, 1),
            Ok(Err(error)) => assert!(error.as_timed_out().is_some(), "{error}"),
            Err(refused) => panic!("{refused}"),
        }
        let never = runner.task("n").timeout(Duration::ZERO);
        let error = never.spawn(flavour, never_ending::<F>()).unwrap().join().unwrap_err();
        assert_eq!(error.as_timed_out().map(TimedOut::limit), Some(Duration::ZERO), "{error}");
    }
    finish(runner);
}

fn a_task_that_waits_in_a_queue_for_longer_than_its_limit_never_begins<F: Any>(flavour: F) {
    let runner = ServiceRunner::builder().signals(false).pool_size(1).build().unwrap();
    let gate = Gate::default();
    let held = gate.clone();
    // Holds the lane, or the only thread.
    let first = runner.spawn(flavour, F::Mode::payload(move || held.pass_blocking())).unwrap();
    gate.wait_for(1);
    let grown = Gate::default();
    let more: Vec<_> = (0..8)
        .map(|place| {
            let (held, comes) = (gate.clone(), grown.clone());
            let payload = F::Mode::payload(move || {
                comes.come();
                held.pass_blocking();
            });
            let limited = runner.task(format!("queued {place}"));
            limited.timeout(SHORT).grace(Duration::ZERO).spawn(flavour, payload).unwrap()
        })
        .collect();
    let ends: Vec<_> = more.into_iter().map(TaskHandle::join).collect();
    assert!(ends.iter().all(|end| end.as_ref().unwrap_err().as_timed_out().is_some()), "{ends:?}");
    gate.open();
    first.join().unwrap();
    finish(runner);
}

fn a_task_that_is_asked_to_stop_before_its_limit_has_not_timed_out<F: Any>(flavour: F) {
    let runner = runner();
    let (inside, leave) = (Gate::default(), Gate::default());
    let stays = leave.clone();
    let payload = F::Mode::until_stopped(&inside, move || {
        stays.come();
        1
    });
    let task = runner.task("asked").timeout(LIMIT * 100).spawn(flavour, payload).unwrap();
    inside.wait_for(1);
    task.stop();
    leave.wait_for(1);
    assert_eq!(task.join(), Ok(1));
    finish(runner);
}

fn a_task_that_blocks_beyond_its_grace_is_given_up_by_who_waits<F: Any>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let mut limit = SHORT;
    let error = loop {
        let held = gate.clone();
        let deaf = F::Mode::payload(move || held.pass_blocking());
        let deaf = runner.task("deaf").timeout(limit).grace(SHORT).spawn(flavour, deaf).unwrap();
        let error = deaf.join().unwrap_err();
        // One whose limit is over before it begins never does.
        if gate.count() > 0 {
            break error;
        }
        limit *= 2;
    };
    let late = error.as_timed_out().expect("a timeout");
    assert!(late.is_abandoned(), "{late}");
    assert!(error.to_string().contains("its thread may still be busy"), "{error}");
    gate.open();
    finish(runner);
}

/// Rule 8.
fn a_timeout_that_nobody_reads_is_the_runners<F: Any>(flavour: F) {
    for unread_before in [true, false] {
        let runner = runner();
        let task = runner.task("unread").timeout(SHORT).spawn(flavour, never_ending::<F>());
        let task = task.unwrap();
        if !unread_before {
            until(|| task.is_finished());
        }
        drop(task);
        let report = runner.run();
        assert_eq!(report.failures().len(), 1, "{report}");
        assert!(report.failures()[0].cause().downcast_ref::<TimedOut>().is_some(), "{report}");
    }
}

/// Row 49 of the faults.
fn f049_execute_gives_the_timeout_to_its_caller<F: Any>(flavour: F) {
    let runner = runner();
    let ended = runner.task("slow").timeout(SHORT).execute(flavour, never_ending::<F>());
    let error = ended.map(drop).unwrap_err();
    let late = error.as_timed_out().expect("a timeout");
    assert_eq!((late.task().name(), late.limit()), (Some("slow"), SHORT));
    assert!(matches!(error, ExecuteError::TimedOut(_)), "{error}");
    assert!(error.into_payload().is_none());
    finish(runner);
}

fn a_panic_after_the_limit_is_told_as_such<F: Any>(flavour: F) {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            panic!("after all");
        }
    }
    let runner = runner();
    let late = Late;
    let payload = F::Mode::until_stopped(&Gate::default(), move || {
        drop(late);
    });
    let task = runner.task("late").timeout(SHORT).spawn(flavour, payload).unwrap();
    let error = task.join().unwrap_err();
    let report = runner.run();
    // A blocking payload is called to its end; of an async one the destructor panics, and is contained.
    match error {
        JoinError::Panicked(info) => assert_eq!(info.text(), "after all"),
        JoinError::TimedOut(_) => assert_eq!(report.contained().len(), 1, "{report}"),
        other => panic!("{other}"),
    }
}

fn an_async_payload_is_dropped_at_its_await_point_on_its_own_lane<F: Lane>(flavour: F) {
    let runner = runner();
    let (held, dropped) = witness();
    let lane = runner.execute(flavour, async || std::thread::current().id()).unwrap();
    let slow = runner.task("slow").timeout(SHORT).spawn(flavour, async move || {
        let _held = held;
        std::future::pending::<()>().await;
    });
    assert!(slow.unwrap().join().unwrap_err().as_timed_out().is_some());
    assert_eq!(dropped.recv().expect("dropped").id(), lane);
    finish(runner);
}

#[test]
fn an_adopted_thread_that_blocks_beyond_its_grace_fails_while_it_is_busy() {
    within(LIMIT, || {
        let settings = ServiceRunner::builder().signals(false).grace(SHORT);
        let runner = settings.stop_timeout(Duration::from_millis(300)).build().unwrap();
        let gate = Gate::default();
        let held = gate.clone();
        runner.task("deaf").timeout(SHORT).adopt(Thread, move || held.pass_blocking()).unwrap();
        let report = runner.run();
        assert_eq!(report.failures().len(), 1, "{report}");
        let late = report.failures()[0].cause().downcast_ref::<TimedOut>().expect("a timeout");
        assert!(late.is_abandoned(), "{report}");
        assert_eq!(report.abandoned().len(), 1, "{report}");
        gate.open();
    });
}

#[test]
fn an_error_after_the_limit_keeps_its_text_behind_the_timeout() {
    within(LIMIT, || {
        let runner = runner();
        let payload = || {
            Context::current().stopped_blocking();
            anyhow::bail!("half of it was written")
        };
        runner.task("writer").timeout(SHORT).adopt(Thread, payload).unwrap();
        let report = runner.run();
        let cause = report.failures()[0].cause().to_string();
        assert_eq!(
            cause,
            "the thread task `writer` did not end within its limit of 5ms: half of it was written"
        );
        assert!(report.failures()[0].cause().downcast_ref::<TimedOut>().is_some(), "{report}");
    });
}

#[test]
fn a_wait_of_a_thread_that_a_limit_ends_is_no_failure_of_another_kind() {
    within(LIMIT, || {
        let runner = runner();
        let payload = || {
            Context::current().sleep_blocking(LIMIT * 100)?;
            Ok::<_, Stopping>(())
        };
        let slow = runner.task("sleeper").timeout(SHORT);
        slow.adopt::<_, _>(Thread, payload).map(drop).unwrap();
        let report = runner.run();
        assert_eq!(report.failures().len(), 1, "{report}");
        let late = report.failures()[0].cause().downcast_ref::<TimedOut>();
        assert_eq!(late.and_then(|late| late.task().name()), Some("sleeper"), "{report}");
    });
}

#[test]
fn execute_on_the_callers_own_thread_comes_back_when_the_payload_does() {
    within(LIMIT, || {
        let runner = runner();
        let payload = <Blocking as Calls>::payload(|| {
            let cx = Context::current();
            cx.stopped_blocking();
            assert!(cx.time_left().is_some());
            9
        });
        let ended = runner.task("mine").timeout(SHORT).execute(Thread, payload);
        assert!(ended.map(drop).unwrap_err().as_timed_out().is_some());
        finish(runner);
    });
}

#[test]
fn a_stopper_is_called_at_the_limit_of_its_task() {
    within(LIMIT, || {
        let runner = runner();
        let gate = Gate::default();
        let (held, opens) = (gate.clone(), gate.clone());
        let task = runner.task("server").timeout(SHORT).stopper(move || opens.open());
        let server = task.spawn(Thread, move || held.pass_blocking()).unwrap();
        let error = server.join().unwrap_err();
        assert!(error.as_timed_out().is_some_and(|late| !late.is_abandoned()), "{error}");
        finish(runner);
    });
}
