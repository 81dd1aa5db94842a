//! The limit of a member, and what it means for its group.

use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner, until};
use spumoni::{OnFailure, TimedOut};

const SHORT: Duration = Duration::from_millis(5);

on_each!(
    a_member_that_times_out_stops_the_others,
    a_group_that_goes_on_after_failures_goes_on_after_a_timeout,
    a_member_that_is_given_up_has_ended_for_its_group,
);

fn a_member_that_times_out_stops_the_others<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("pair").open().unwrap();
    let other = F::Mode::until_stopped(&Gate::default(), || ());
    group.task("other").try_adopt(flavour, other).unwrap();
    let slow = F::Mode::until_stopped(&Gate::default(), || ());
    group.task("slow").timeout(SHORT).try_adopt(flavour, slow).unwrap();
    let ends = group.join_all().blocking().unwrap();
    assert_eq!(ends.len(), 2, "{ends:?}");
    let failed: Vec<_> = ends.iter().filter_map(|end| end.failure()).collect();
    assert_eq!(failed.len(), 1, "{ends:?}");
    let late = failed[0].cause().downcast_ref::<TimedOut>().expect("a timeout");
    assert_eq!(late.task().path(), "pair/slow");
    drop(group);
    finish(runner);
}

fn a_group_that_goes_on_after_failures_goes_on_after_a_timeout<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("pair").on_failure(OnFailure::Continue).open().unwrap();
    let gate = Gate::default();
    let other = F::Mode::after(&gate, || ());
    group.task("other").try_adopt(flavour, other).unwrap();
    let slow = F::Mode::until_stopped(&Gate::default(), || ());
    group.task("slow").timeout(SHORT).try_adopt(flavour, slow).unwrap();
    let end = group.join_next().blocking().unwrap().expect("the slow one");
    assert_eq!(end.name(), Some("slow"));
    assert!(end.failure().expect("failed").cause().downcast_ref::<TimedOut>().is_some());
    gate.open();
    let ends = group.join_all().blocking().unwrap();
    assert!(ends.len() == 1 && ends[0].is_completed(), "{ends:?}");
    drop(group);
    finish(runner);
}

fn a_member_that_is_given_up_has_ended_for_its_group<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("deaf").on_failure(OnFailure::Continue).limit(1).open().unwrap();
    let gate = Gate::default();
    let held = gate.clone();
    let deaf = F::Mode::payload(move || held.pass_blocking());
    let limited = group.task("deaf").timeout(SHORT).grace(SHORT);
    limited.adopt_blocking(flavour, deaf).unwrap();
    let ends = group.join_all().blocking().unwrap();
    assert!(ends.len() == 1 && ends[0].is_abandoned(), "{ends:?}");
    let failure = ends[0].failure().expect("failed");
    let late = failure.cause().downcast_ref::<TimedOut>().expect("a timeout");
    assert!(late.is_abandoned(), "{late}");
    // Its place is free again.
    let next = group.task("next").spawn_blocking(flavour, F::Mode::payload(|| 2)).unwrap();
    gate.open();
    assert_eq!(next.join(), Ok(2));
    drop(group);
    // The report would name it.
    until(|| runner.tree().homes().iter().all(|home| home.busy().is_empty()));
    finish(runner);
}
