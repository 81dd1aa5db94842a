//! A failure ends the runner, and the report names it.

use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use spumoni::StopReason;
use spumoni::prelude::*;

use crate::{Broken, assert_all_reported, numbers};

on_each!(
    f011_an_error_stops_the_runner_and_is_its_root_cause,
    f001_a_panic_stops_the_runner_and_is_its_root_cause,
    a_failure_asks_everybody_else_to_stop,
    a_runner_that_was_never_run_still_reports_its_failure,
);

/// C17.
fn f011_an_error_stops_the_runner_and_is_its_root_cause<F: Any>(flavour: F) {
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
    assert_eq!((at.file(), at.line()), (file!(), line));
    assert!(root.at() <= report.asked_at() + report.took());
}

/// C17, O29.
fn f001_a_panic_stops_the_runner_and_is_its_root_cause<F: Any>(flavour: F) {
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
    assert!(location.contains(&format!("{}:{line}:", file!())), "{location}");
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

/// PEERS 15, rule 3: what belongs on another lane says so, with the task and the place.
#[test]
fn f120_a_tokio_timer_off_the_tokio_lane_is_a_failure_of_its_task() {
    fn assert_says_so(lane: impl Lane) {
        let runner = runner();
        let line = line!() + 1;
        let sleep = async || tokio::time::sleep(Duration::from_millis(1)).await;
        runner.task("sleeper").adopt(lane, sleep).expect("taken");
        let report = runner.run_until_stopped();
        let root = report.root_cause().expect("there is one");
        assert_eq!(root.task().name(), Some("sleeper"));
        let panic = root.cause().as_panic().expect("a panic");
        assert!(panic.text().contains("reactor"), "{panic}");
        let location = panic.location().expect("known");
        assert!(location.contains(&format!("{}:{line}:", file!())), "{location}");
    }
    within(LIMIT, || {
        assert_says_so(Smol);
        assert_says_so(AsyncStd);
        // The other way round there is nothing to say.
        let runner = runner();
        let sleep = async || smol::Timer::after(Duration::from_millis(1)).await;
        runner.execute(Tokio, sleep).expect("smol's timers work everywhere");
        finish(runner);
    });
}
