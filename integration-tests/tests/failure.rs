//! Failures: every one of them is in the report, once, and one of them is the root cause.
//!
//! BEHAVIOURS C15 to C18, C42, C43, C44, C47, S84, O3, O29, T54, T71, T72; FAULTS 13 to 15, 75, 102 in
//! sense, 127; PEERS test list 1, 3, 10.

use std::fmt;
use std::io;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};
use spumoni::prelude::*;
use spumoni::{Async, Cause, JoinError, StopReason, TaskState};

on_each!(
    an_error_stops_the_runner_and_is_its_root_cause,
    a_panic_stops_the_runner_and_is_its_root_cause,
    a_failure_asks_everybody_else_to_stop,
    two_failures_of_one_flavour_at_the_same_time_are_both_reported,
    a_failure_during_a_requested_stop_is_reported_and_not_the_reason,
    a_panic_during_a_requested_stop_is_reported_and_not_the_reason,
    a_failure_after_the_report_is_a_late_one,
    a_panic_of_a_task_whose_handle_was_dropped_is_reported_once,
    a_panic_that_its_handle_took_is_nobody_elses,
    an_error_that_its_handle_was_given_is_nobody_elses,
    stopping_that_nobody_asked_for_is_a_failure,
    stopping_of_a_task_that_was_asked_is_no_failure,
    stopping_of_a_task_that_was_asked_by_its_handle_is_no_failure,
    a_runner_that_was_never_run_still_reports_its_failure,
);

on_each_lane!(an_error_from_a_dropped_future_is_none);

#[derive(Debug, PartialEq, Eq)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken, number {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// The numbers of the failures in the report, sorted: each must be a `Broken`.
fn numbers(report: &StopReport) -> Vec<u32> {
    let number = |cause: &Cause| cause.downcast_ref::<Broken>().expect("ours").0;
    let mut numbers: Vec<_> =
        report.failures().iter().map(|failure| number(failure.cause())).collect();
    numbers.sort_unstable();
    numbers
}

/// C17.
fn an_error_stops_the_runner_and_is_its_root_cause<F: Any>(flavour: F) {
    let runner = runner();
    let fails = F::Mode::payload(|| Err::<(), _>(Broken(1)));
    let line = line!() + 1;
    let id = runner.task("culprit").adopt(flavour, fails).expect("taken");
    let report = runner.run_until_stopped();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(report.failures().len(), 1);
    let root = report.root_cause().expect("there is one");
    assert_eq!(root.cause().downcast_ref::<Broken>(), Some(&Broken(1)));
    assert!(root.cause().as_panic().is_none());
    assert_eq!(root.task().id(), id);
    assert_eq!(root.task().name(), Some("culprit"));
    assert_eq!(root.task().flavour().as_str(), flavour.name());
    let at = root.task().spawned_at();
    assert!(at.file().ends_with("failure.rs") && at.line() == line, "{at}");
    assert!(root.at() <= report.asked_at() + report.took());
}

/// C17, O29.
fn a_panic_stops_the_runner_and_is_its_root_cause<F: Any>(flavour: F) {
    let runner = runner();
    let line = line!() + 1;
    let panics = F::Mode::payload(|| panic!("on purpose, {}", 7));
    runner.adopt::<_, _>(flavour, panics).map(drop::<spumoni::TaskId>).expect("taken");
    let report = runner.run_until_stopped();
    assert_eq!((report.reason(), report.exit_code()), (&StopReason::Failure, 101));
    let root = report.root_cause().expect("there is one");
    let panic = root.cause().as_panic().expect("a panic");
    assert_eq!(panic.text(), "on purpose, 7");
    let location = panic.location().expect("known");
    assert!(location.contains(&format!("failure.rs:{line}:")), "{location}");
}

/// C18: who ended before is no failure, who goes on is no hindrance.
fn a_failure_asks_everybody_else_to_stop<F: Any>(flavour: F) {
    let runner = runner();
    let asked = Gate::default();
    runner.adopt(flavour, F::Mode::payload(|| ())).expect("taken");
    let everybody = [
        patient(&runner, Tokio, &asked),
        patient(&runner, Smol, &asked),
        patient(&runner, AsyncStd, &asked),
        patient(&runner, Thread, &asked),
    ];
    let fails = F::Mode::payload(|| Err::<(), _>(Broken(1)));
    runner.adopt(flavour, fails).expect("taken");
    let report = runner.run_until_stopped();
    for one in everybody {
        assert_eq!(one.join(), Ok(true));
    }
    assert_eq!(numbers(&report), [1]);
}

/// A task that waits until it is asked, and says whether it was.
fn patient<F: Any>(handle: &Handle, flavour: F, begun: &Gate) -> TaskHandle<bool> {
    let task = Gate::default();
    let asked = F::Mode::until_stopped(&task, || Context::current().is_stopping());
    let asked = handle.spawn(flavour, asked).expect("taken");
    task.wait_for(1);
    begun.come();
    asked
}

// -- at the same time

/// C43, PEERS 1.
fn two_failures_of_one_flavour_at_the_same_time_are_both_reported<F: Any>(flavour: F) {
    for _ in 0..20 {
        let runner = runner();
        let gate = Gate::default();
        for number in [1, 2] {
            let fails = F::Mode::after(&gate, move || Err::<(), _>(Broken(number)));
            runner.adopt(flavour, fails).expect("taken");
        }
        gate.wait_for(2);
        gate.open();
        assert_all_reported(&runner.run_until_stopped(), &[1, 2]);
    }
}

#[track_caller]
fn assert_all_reported(report: &StopReport, expected: &[u32]) {
    assert_eq!(numbers(report), expected, "{report}");
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.exit_code(), 1);
    let root = report.root_cause().expect("there is one");
    assert_eq!(root.task().id(), report.failures()[0].task().id());
    // The text has each of them, and one as the root cause.
    let text = report.to_string();
    assert_eq!(text.matches("root cause").count(), 1, "{text}");
    for number in expected {
        assert_eq!(text.matches(&format!("number {number}")).count(), 1, "{text}");
    }
}

/// Fails as soon as all the others are there, with its lane or thread held until then.
fn fail_with_the_others<F: Any>(
    runner: &Handle,
    flavour: F,
    all_there: &Arc<Barrier>,
    number: u32,
) {
    let all_there = Arc::clone(all_there);
    let fails = F::Mode::payload(move || {
        all_there.wait();
        Err::<(), _>(Broken(number))
    });
    runner.adopt(flavour, fails).expect("taken");
}

/// C43, T52, T72, PEERS 1.
#[test]
fn failures_of_different_flavours_at_the_same_time_are_all_reported() {
    within(LIMIT, || {
        for _ in 0..20 {
            let two = runner();
            let all_there = Arc::new(Barrier::new(2));
            fail_with_the_others(&two, Tokio, &all_there, 1);
            fail_with_the_others(&two, Thread, &all_there, 2);
            assert_all_reported(&two.run_until_stopped(), &[1, 2]);

            let three = runner();
            let all_there = Arc::new(Barrier::new(3));
            fail_with_the_others(&three, Tokio, &all_there, 1);
            fail_with_the_others(&three, Smol, &all_there, 2);
            fail_with_the_others(&three, AsyncStd, &all_there, 3);
            assert_all_reported(&three.run_until_stopped(), &[1, 2, 3]);

            let five = runner();
            let all_there = Arc::new(Barrier::new(5));
            fail_with_the_others(&five, Smol, &all_there, 1);
            fail_with_the_others(&five, Thread, &all_there, 2);
            fail_with_the_others(&five, Thread, &all_there, 3);
            fail_with_the_others(&five, AsyncStd, &all_there, 4);
            fail_with_the_others(&five, Tokio, &all_there, 5);
            assert_all_reported(&five.run_until_stopped(), &[1, 2, 3, 4, 5]);
        }
    });
}

#[test]
fn an_error_and_a_panic_at_the_same_time_are_both_reported_and_the_first_decides_the_code() {
    within(LIMIT, || {
        for _ in 0..20 {
            let runner = runner();
            let all_there = Arc::new(Barrier::new(2));
            fail_with_the_others(&runner, Smol, &all_there, 1);
            let panics = move || {
                all_there.wait();
                panic!("on purpose")
            };
            runner.adopt(Thread, panics).map(drop::<spumoni::TaskId>).expect("taken");
            let report = runner.run_until_stopped();
            let [first, second] = report.failures() else {
                panic!("{report}");
            };
            let panicked = |cause: &Cause| cause.as_panic().is_some();
            assert_ne!(panicked(first.cause()), panicked(second.cause()));
            let code = if panicked(first.cause()) { 101 } else { 1 };
            assert_eq!(report.exit_code(), code);
            assert!(first.at() <= second.at() + Duration::from_millis(100));
        }
    });
}

/// C42: what failed at once does not keep the rest from being accounted for.
#[test]
fn a_failure_before_run_ends_run_at_once() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        runner.adopt(Thread, || Err::<(), _>(Broken(1))).expect("taken");
        until(|| handle.is_stopping());
        assert!(runner.adopt(Thread, || ()).is_err());
        assert_all_reported(&runner.run_until_stopped(), &[1]);
    });
}

fn a_runner_that_was_never_run_still_reports_its_failure<F: Any>(flavour: F) {
    let runner = runner();
    let fails = F::Mode::payload(|| Err::<(), _>(Broken(1)));
    runner.adopt(flavour, fails).expect("taken");
    assert_all_reported(&runner.ended_blocking(), &[1]);
}

// -- during a stop and after it

/// C44, FAULTS 14, T71.
fn a_failure_during_a_requested_stop_is_reported_and_not_the_reason<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let fails = F::Mode::until_stopped(&begun, || Err::<(), _>(Broken(1)));
    runner.adopt(flavour, fails).expect("taken");
    begun.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(numbers(&report), [1]);
    assert!(report.root_cause().is_none());
    assert_eq!(report.exit_code(), 1);
    assert!(!report.to_string().contains("root cause"), "{report}");
}

fn a_panic_during_a_requested_stop_is_reported_and_not_the_reason<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let panics = F::Mode::until_stopped(&begun, || panic!("on purpose"));
    runner.adopt(flavour, panics).map(drop::<spumoni::TaskId>).expect("taken");
    begun.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(report.failures().len(), 1);
    assert!(report.root_cause().is_none());
    assert_eq!(report.exit_code(), 101);
}

/// C47, FAULTS 75.
fn a_failure_after_the_report_is_a_late_one<F: Any>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let fails = F::Mode::payload(move || {
        held.pass_blocking();
        Err::<(), _>(Broken(1))
    });
    runner.adopt(flavour, fails).expect("taken");
    gate.wait_for(1);
    runner.stop_within(Duration::from_millis(50));
    let report = runner.run();
    let before = report.to_string();
    assert_eq!((report.failures().len(), report.exit_code()), (0, 3), "{report}");
    assert!(report.late_failures().is_empty());
    gate.open();
    until(|| !report.late_failures().is_empty());
    let late = report.late_failures();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].cause().downcast_ref::<Broken>(), Some(&Broken(1)));
    // The report is what it was.
    assert_eq!((report.to_string(), report.exit_code()), (before, 3));
}

#[test]
fn a_straggler_that_fails_together_with_another_failure_leaves_the_code_of_the_failure() {
    within(LIMIT, || {
        let runner = ServiceRunner::builder()
            .signals(false)
            .stop_timeout(Duration::from_millis(100))
            .build()
            .expect("good settings");
        let gate = Gate::default();
        let held = gate.clone();
        runner.adopt(Smol, async move || held.pass_blocking()).expect("taken");
        gate.wait_for(1);
        runner.adopt(Thread, || Err::<(), _>(Broken(1))).expect("taken");
        let report = runner.run_until_stopped();
        assert_eq!(numbers(&report), [1]);
        assert_eq!((report.abandoned().len(), report.exit_code()), (1, 1), "{report}");
        gate.open();
    });
}

// -- once, and to the right one

fn a_panic_of_a_task_whose_handle_was_dropped_is_reported_once<F: Any>(flavour: F) {
    for before in [true, false] {
        let runner = runner();
        let gate = Gate::default();
        let panics = F::Mode::after(&gate, || panic!("on purpose"));
        let handle: TaskHandle<()> = runner.spawn(flavour, panics).expect("taken");
        if before {
            drop(handle);
            gate.open();
        } else {
            gate.open();
            until(|| handle.is_finished());
            drop(handle);
        }
        let report = runner.run_until_stopped();
        assert_eq!(report.failures().len(), 1, "dropped before: {before}: {report}");
        assert_eq!(report.exit_code(), 101);
    }
}

fn a_panic_that_its_handle_took_is_nobody_elses<F: Any>(flavour: F) {
    let runner = runner();
    let panics = F::Mode::payload(|| panic!("on purpose"));
    let handle: TaskHandle<()> = runner.spawn(flavour, panics).expect("taken");
    let error = handle.join().expect_err("it panics");
    assert_eq!(error.as_panic().expect("a panic").text(), "on purpose");
    finish(runner);
}

fn an_error_that_its_handle_was_given_is_nobody_elses<F: Any>(flavour: F) {
    let runner = runner();
    let fails = || F::Mode::payload(|| Err::<(), _>(Broken(1)));
    assert_eq!(runner.spawn(flavour, fails()).expect("taken").join(), Ok(Err(Broken(1))));
    // Unread it is a value like any other.
    drop(runner.spawn(flavour, fails()).expect("taken"));
    finish(runner);
}

/// PEERS 10: a cancel error from somebody else's stop.
fn stopping_that_nobody_asked_for_is_a_failure<F: Any>(flavour: F) {
    let runner = runner();
    let fails = F::Mode::payload(|| Err::<(), _>(Stopping));
    runner.adopt(flavour, fails).expect("taken");
    let report = runner.run_until_stopped();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.exit_code(), 1);
}

/// C44: `cx.sleep(…).await?` is the way to leave when asked.
fn stopping_of_a_task_that_was_asked_is_no_failure<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let plain = F::Mode::until_stopped(&begun, || Err::<(), _>(Stopping));
    let with_context = F::Mode::until_stopped(&begun, || {
        Err::<(), _>(anyhow::Error::new(Stopping).context("while waiting for work"))
    });
    runner.adopt(flavour, plain).expect("taken");
    runner.adopt(flavour, with_context).expect("taken");
    begun.wait_for(2);
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
}

fn stopping_of_a_task_that_was_asked_by_its_handle_is_no_failure<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let leaves = F::Mode::until_stopped(&begun, || Err::<(), _>(Stopping));
    let task = runner.spawn(flavour, leaves).expect("taken");
    begun.wait_for(1);
    task.stop();
    // Who holds the handle is given what the task returned.
    assert_eq!(task.join(), Ok(Err(Stopping)));
    finish(runner);
}

/// What a task would have returned is not asked for once it is dropped.
fn an_error_from_a_dropped_future_is_none(flavour: impl Lane) {
    let runner = runner();
    let task = runner.task("dropped").grace(Duration::ZERO).spawn(flavour, async || {
        std::future::pending::<()>().await;
        Err::<(), _>(Broken(1))
    });
    let task = task.expect("taken");
    until(|| task.state() == TaskState::Running);
    runner.stop();
    assert_eq!(task.join(), Err(JoinError::Stopped));
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
}

// -- a lane that breaks

/// A flavour whose executor breaks, in one of three ways.
#[derive(Clone, Copy, Debug)]
struct Brittle;

/// How it breaks.
#[derive(Clone, Copy, Debug)]
enum Break {
    Error,
    Panic,
    DropTheLoop,
}

std::thread_local! {
    /// For the next engine that this thread makes.
    static BREAK: std::cell::Cell<Break> = const { std::cell::Cell::new(Break::Error) };
}

impl Flavour for Brittle {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("brittle");
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(BREAK.get())
    }
}

impl LaneEngine for Break {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        match self {
            Break::Error => Err(io::Error::other("no more descriptors")),
            Break::Panic => {
                let _lane = lane;
                panic!("the executor panics")
            }
            Break::DropTheLoop => Ok(drop(lane)),
        }
    }

    fn timer(&self, _: Instant) -> Timer {
        Box::pin(std::future::pending())
    }
}

/// FAULTS 127: never a silent dead lane.
#[test]
fn a_lane_whose_executor_breaks_is_a_failure_and_keeps_nobody_waiting() {
    within(LIMIT, || {
        for (how, said) in
            [(Break::Error, "no more descriptors"), (Break::Panic, "the executor panics")]
        {
            BREAK.set(how);
            let runner = runner();
            let task = runner.spawn(Brittle, async || ());
            // Refused, or taken and then stopped: never left.
            if let Ok(task) = task {
                assert_eq!(task.join(), Err(JoinError::Stopped), "{how:?}");
            }
            let report = runner.run_until_stopped();
            assert_eq!(report.reason(), &StopReason::Failure, "{how:?}: {report}");
            let text = report.to_string();
            assert!(text.contains("brittle") && text.contains(said), "{text}");
            assert_eq!(report.exit_code(), 1, "{how:?}");
        }
    });
}

#[test]
fn a_lane_that_leaves_before_its_time_keeps_nobody_waiting() {
    within(LIMIT, || {
        BREAK.set(Break::DropTheLoop);
        let runner = runner();
        if let Ok(task) = runner.spawn(Brittle, async || ()) {
            assert_eq!(task.join(), Err(JoinError::Stopped));
        }
        let (done, ends) = channel();
        runner.adopt(Thread, move || done.send(())).expect("the other flavours go on");
        ends.recv().expect("it runs");
        let error = runner.execute(Brittle, async || ());
        assert!(error.is_err());
        runner.stop();
        drop(runner.run());
    });
}
