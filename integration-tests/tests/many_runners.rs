//! Many runners in one process: independent of each other, and nothing is left of them.
//!
//! The counts are taken in a process of their own. FAULTS 123, P12; BEHAVIOURS C1, C50, C52 and issue 95 of
//! section 1(c): unlike its ancestor a process may have any number of runners.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::program::Program;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{Async, StopReason};

on_each_lane!(
    a_runner_inside_a_lane_of_another_is_independent,
    handle_current_is_the_runner_whose_payload_runs,
);

/// Threads that are the process's own once smol's or async-std's parts were used, by the names that the
/// kernel shortens. They are documented.
const OF_THE_PROCESS: [&str; 2] = ["async-io", "async-std/runti"];

struct Counted(Program);

impl Counted {
    fn start() -> Self {
        Counted(Program::start(env!("CARGO_BIN_EXE_runners"), &[]))
    }

    fn told(&mut self, line: &str) -> String {
        self.0.say(line);
        self.0.line()
    }

    /// The threads that are there when all that belong to runners have gone.
    fn settled(&mut self) -> String {
        loop {
            let threads = self.told("threads");
            if threads.split(", ").all(|name| name.is_empty() || OF_THE_PROCESS.contains(&name)) {
                return threads;
            }
            // They have told that they end, and end: there is no event for the rest.
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn leaves_nothing(way: &'static str) {
    within(LIMIT, move || {
        let mut program = Counted::start();
        // What belongs to the process comes with the first runner.
        assert_eq!(program.told("one after the other"), "done");
        let threads = program.settled();
        let descriptors = program.told("descriptors");
        for _ in 0..3 {
            assert_eq!(program.told(way), "done");
            assert_eq!(program.settled(), threads);
            assert_eq!(program.told("descriptors"), descriptors);
        }
        assert_eq!(program.0.end().code, Some(0));
    });
}

#[test]
fn f122_f123_ten_runners_one_after_the_other_leave_no_thread_and_no_descriptor() {
    leaves_nothing("one after the other");
}

#[test]
fn f122_f123_ten_runners_at_once_leave_no_thread_and_no_descriptor() {
    leaves_nothing("at once");
}

#[test]
fn f123_runners_inside_lanes_and_pools_of_others_leave_no_thread_and_no_descriptor() {
    leaves_nothing("inside");
}

#[test]
fn f062_f123_dropped_runners_leave_no_thread_and_no_descriptor() {
    leaves_nothing("dropped");
}

#[test]
fn f123_failed_runners_leave_no_thread_and_no_descriptor() {
    leaves_nothing("failed");
}

/// C1: a second one is no error, and the first is undisturbed.
#[test]
fn f123_ten_runners_at_once_end_each_in_its_own_way() {
    within(LIMIT, || {
        let all_there = Arc::new(Barrier::new(10));
        let runs: Vec<_> = (0..10)
            .map(|number| {
                let all_there = Arc::clone(&all_there);
                thread::spawn(move || run_one(number, &all_there))
            })
            .collect();
        for run in runs {
            run.join().expect("no panic");
        }
    });
}

/// The odd ones fail, the even ones are stopped, and neither notices the other.
fn run_one(number: u32, all_there: &Barrier) {
    let runner = ServiceRunner::builder()
        .name(format!("runner-{number}"))
        .signals(false)
        .build()
        .expect("good settings");
    let value = runner.execute(Tokio, async move || number).expect("an answer");
    assert_eq!(value, number);
    // The same names in each of them.
    let begun = Gate::default();
    let wait = Async::until_stopped(&begun, || ());
    let waiter = runner.task("waiter").spawn(Smol, wait).expect("taken");
    begun.wait_for(1);
    all_there.wait();
    assert!(!runner.is_stopping());
    all_there.wait();
    if number.is_multiple_of(2) {
        runner.stop();
    } else {
        runner.adopt(Thread, move || anyhow::bail!("number {number}")).expect("taken");
    }
    let report = runner.run_until_stopped();
    assert_eq!(waiter.join(), Ok(()));
    assert_eq!(report.runner(), format!("runner-{number}"));
    let failures: Vec<_> =
        report.failures().iter().map(|failure| failure.cause().to_string()).collect();
    if number.is_multiple_of(2) {
        assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
        assert_eq!(failures, [""; 0]);
    } else {
        assert_eq!(report.reason(), &StopReason::Failure);
        assert_eq!(failures, [format!("number {number}")]);
    }
}

fn a_runner_inside_a_lane_of_another_is_independent(lane: impl Lane) {
    let outer = runner();
    let report = outer.execute(lane, async move || {
        let inner = runner();
        // Its lane of the same flavour is another one than that which we hold.
        let answer = inner.execute(lane, async || 7).expect("no ring");
        inner.adopt(lane, async move || anyhow::bail!("answer {answer}")).expect("taken");
        inner.run_until_stopped()
    });
    let report = report.expect("an answer");
    assert_eq!(report.failures().len(), 1);
    assert!(report.to_string().contains("answer 7"), "{report}");
    // The failure was the inner one's alone.
    assert!(!outer.is_stopping());
    finish(outer);
}

fn handle_current_is_the_runner_whose_payload_runs(lane: impl Lane) {
    assert!(Handle::try_current().is_none());
    let named = |name: &str| {
        let builder = ServiceRunner::builder().name(name).signals(false);
        builder.build().expect("good settings")
    };
    let [outer, inner] = [named("outer"), named("inner")];
    let inside = inner.handle();
    let names = outer.execute(lane, async move || {
        let name = || Handle::current().tree().runner().to_owned();
        let here = name();
        let there =
            inside.execute(lane, async move || Handle::current().tree().runner().to_owned());
        let on_this_thread =
            inside.execute(Thread, move || Handle::current().tree().runner().to_owned());
        [here, there.expect("an answer"), on_this_thread.expect("an answer"), name()]
    });
    assert_eq!(names.expect("an answer"), ["outer", "inner", "inner", "outer"]);
    assert!(Handle::try_current().is_none());
    finish(outer);
    finish(inner);
}

/// What one runner stopped, another one takes.
#[test]
fn a_new_runner_takes_what_a_stopped_one_refused() {
    within(LIMIT, || {
        let first = runner();
        let handle = first.handle();
        finish(first);
        let refused = handle.spawn(Smol, async || 7).expect_err("too late");
        let second = runner();
        let task = second.spawn(Smol, refused.into_payload()).expect("taken");
        assert_eq!(task.join(), Ok(7));
        finish(second);
    });
}
