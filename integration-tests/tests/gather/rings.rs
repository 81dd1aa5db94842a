//! Blocking waits for several tasks that could never end are refused at once; all others get an answer.

use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{
    JoinError, RaceError, Until, WaitError, gather_blocking, select_blocking, try_gather_blocking,
    wait_blocking,
};

on_each_lane!(
    a_lane_that_waits_for_any_of_its_own_tasks_only_is_refused,
    a_lane_that_waits_for_any_goes_on_when_one_elsewhere_ends,
    a_lane_that_waits_for_all_is_refused_for_one_of_its_own,
    a_wait_for_a_failure_is_refused_when_only_own_tasks_are_left,
    a_wait_with_a_limit_is_not_refused,
    a_race_on_the_lane_that_blocks_is_refused_and_its_tasks_are_stopped,
);

/// Tasks on the lane that calls, and one on the pool, which waits at the gate.
fn own_and_other(lane: impl Lane, gate: &Gate) -> (TaskHandle<u8>, TaskHandle<u8>, TaskHandle<u8>) {
    let handle = Handle::current();
    let own = |name: &str| handle.task(name.to_owned()).spawn(lane, async || 1).expect("taken");
    let held = gate.clone();
    let other = move || {
        held.pass_blocking();
        2
    };
    (own("one"), own("two"), handle.task("other").spawn(Thread, other).expect("taken"))
}

fn is_refused<T>(outcome: Result<T, WaitError>, task: &str) {
    let error = outcome.map(drop).expect_err("a ring");
    assert!(error.as_ring().is_some(), "{error}");
    let text = error.to_string();
    assert!(text.contains("would never end") && text.contains(task), "{text}");
}

fn a_lane_that_waits_for_any_of_its_own_tasks_only_is_refused(lane: impl Lane) {
    let runner = runner();
    let waits = runner.execute(lane, async move || {
        let gate = Gate::default();
        gate.open();
        let (mut one, mut two, other) = own_and_other(lane, &gate);
        is_refused(select_blocking((&mut one, &mut two)), "`one` or ");
        is_refused(wait_blocking((&mut one, &mut two), Until::FirstFailed, None), "`two`");
        is_refused(wait_blocking((&mut one, &mut two), Until::AllEnded, Duration::MAX), "`one`");
        (one.await, two.await, other.await)
    });
    assert_eq!(waits.expect("no panic"), (Ok(1), Ok(1), Ok(2)));
    finish(runner);
}

/// No false alarm: one that can end is enough.
fn a_lane_that_waits_for_any_goes_on_when_one_elsewhere_ends(lane: impl Lane) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let waits = runner.spawn(lane, async move || {
        let (mut one, mut two, mut other) = own_and_other(lane, &held);
        let first = select_blocking((&mut one, &mut other, &mut two));
        (first, one.await, two.await)
    });
    gate.wait_for(1);
    gate.open();
    assert_eq!(waits.expect("taken").join(), Ok((Ok(1), Ok(1), Ok(1))));
    finish(runner);
}

/// Before anybody is waited for, whoever comes first; each by itself where each has an outcome.
fn a_lane_that_waits_for_all_is_refused_for_one_of_its_own(lane: impl Lane) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let waits = runner.spawn(lane, async move || {
        let (mut one, two, mut other) = own_and_other(lane, &held);
        is_refused(wait_blocking((&mut other, &mut one), Until::AllEnded, None), "`one`");
        let error = try_gather_blocking((&mut other, &mut one)).expect_err("a ring");
        assert_eq!((error.place(), error.task().name()), (1, Some("one")));
        assert!(matches!(error.error(), JoinError::WouldDeadlock(_)), "{error}");
        held.open();
        let (ring, value) = gather_blocking((&mut one, &mut other));
        assert!(matches!(ring, Err(JoinError::WouldDeadlock(_))), "{ring:?}");
        (value, one.await, two.await)
    });
    assert_eq!(waits.expect("taken").join(), Ok((Ok(2), Ok(1), Ok(1))));
    finish(runner);
}

/// The value of one elsewhere ends the wait not, and leaves a ring.
fn a_wait_for_a_failure_is_refused_when_only_own_tasks_are_left(lane: impl Lane) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let waits = runner.spawn(lane, async move || {
        let (mut one, two, mut other) = own_and_other(lane, &held);
        is_refused(wait_blocking((&mut one, &mut other), Until::FirstFailed, None), "`one`");
        (one.await, two.await, other.await)
    });
    gate.wait_for(1);
    gate.open();
    assert_eq!(waits.expect("taken").join(), Ok((Ok(1), Ok(1), Ok(2))));
    finish(runner);
}

fn a_wait_with_a_limit_is_not_refused(lane: impl Lane) {
    let runner = runner();
    let waits = runner.execute(lane, async move || {
        let gate = Gate::default();
        let (mut one, mut two, mut other) = own_and_other(lane, &gate);
        for until in [Until::FirstEnded, Until::FirstFailed, Until::AllEnded] {
            let limit = Duration::from_millis(2);
            let waited = wait_blocking((&mut one, &mut two, &mut other), until, limit);
            assert!(waited.expect("no ring").is_timed_out());
        }
        gate.open();
        (one.await, two.await, other.await)
    });
    assert_eq!(waits.expect("no panic"), (Ok(1), Ok(1), Ok(2)));
    finish(runner);
}

fn a_race_on_the_lane_that_blocks_is_refused_and_its_tasks_are_stopped(lane: impl Lane) {
    let runner = runner();
    let error = runner.execute(lane, async move || {
        let race = Handle::current().race("race");
        let race = race.racer(Thread, || Context::current().stopped_blocking());
        race.racer(lane, async || ()).first_blocking().map(drop)
    });
    let error = error.expect("no panic").expect_err("a ring");
    assert!(matches!(error, RaceError::WouldDeadlock(_)), "{error}");
    finish(runner);
}

/// Whichever comes second; the other one goes on.
#[test]
fn of_two_threads_that_wait_for_each_other_the_second_is_refused() {
    within(LIMIT, || {
        let runner = runner();
        let both = Gate::default();
        let (told, tells) = crossbeam_channel::bounded(2);
        let waits = |name: &str| {
            let (give, take) = crossbeam_channel::bounded::<TaskHandle<()>>(1);
            let (ready, told) = (both.clone(), told.clone());
            let task = runner.task(name.to_owned()).spawn(Thread, move || {
                let mut other = take.recv().expect("a handle");
                ready.pass_blocking();
                let waited = wait_blocking((&mut other,), Until::AllEnded, None);
                told.send(waited.map(drop).map_err(|error| error.to_string())).expect("heard");
            });
            (give, task.expect("taken"))
        };
        let ((to_first, first), (to_second, second)) = (waits("first"), waits("second"));
        to_first.send(second).expect("it takes it");
        to_second.send(first).expect("it takes it");
        both.wait_for(2);
        both.open();
        let outcomes = [tells.recv().expect("told"), tells.recv().expect("told")];
        // The refused one ends first, and the other one with it.
        let [Err(text), Ok(())] = &outcomes else { panic!("{outcomes:?}") };
        assert!(text.contains("`first`") && text.contains("`second`"), "{text}");
        finish(runner);
    });
}
