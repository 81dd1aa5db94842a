//! Waits for any member of a group, in rings.

use std::sync::Arc;
use std::thread;

use integration_tests::each::Lane;
use integration_tests::fake::Fake;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinGroupError};

on_each_lane!(
    a_lane_that_waits_for_any_of_its_own_tasks_is_told_so,
    a_lane_that_waits_for_any_member_goes_on_when_one_elsewhere_ends,
    of_two_waits_that_close_a_ring_through_a_group_the_second_is_refused,
);

fn open(handle: &Handle, name: &str) -> Arc<Group> {
    Arc::new(handle.group(name).open().expect("the name is free"))
}

/// Two members on the lane, which wait until the gate is open.
fn add_two(group: &Group, lane: impl Lane, gate: &Gate) {
    for name in ["one", "two"] {
        let gate = gate.clone();
        group.task(name).try_adopt(lane, async move || gate.pass().await).expect("taken");
    }
}

fn a_lane_that_waits_for_any_of_its_own_tasks_is_told_so(lane: impl Lane) {
    let runner = runner();
    let (group, gate) = (open(&runner, "own"), Gate::default());
    add_two(&group, lane, &gate);
    for wait in [
        |group: &Group| group.join_any().blocking(),
        |group: &Group| group.join_first(1).blocking(),
    ] {
        let inner = Arc::clone(&group);
        let error = runner.execute(lane, async move || wait(&inner).map(|_| ()));
        let text = error.expect("an answer").expect_err("a ring").to_string();
        assert!(text.contains("never end") && text.contains("waits for group `own`"), "{text}");
    }
    let inner = Arc::clone(&group);
    let error = runner.execute(lane, async move || inner.join_next().blocking().map(|_| ()));
    assert!(matches!(error, Ok(Err(JoinGroupError::WouldDeadlock(_)))), "{error:?}");
    gate.open();
    assert_eq!(group.join_all().blocking().expect("no ring").len(), 2);
    finish(runner);
}

/// No false alarm: one member that may end is enough.
fn a_lane_that_waits_for_any_member_goes_on_when_one_elsewhere_ends(lane: impl Lane) {
    let runner = runner();
    let (group, gate, go) = (open(&runner, "mixed"), Gate::default(), Gate::default());
    add_two(&group, lane, &gate);
    let goes = go.clone();
    group.task("three").try_adopt(Thread, move || goes.pass_blocking()).expect("taken");
    let inner = Arc::clone(&group);
    let waits = runner.spawn(lane, async move || {
        go.open();
        inner.join_next().blocking().expect("no ring").and_then(|end| end.name().map(str::to_owned))
    });
    assert_eq!(waits.expect("taken").join(), Ok(Some("three".to_owned())));
    gate.open();
    finish(runner);
}

/// Whichever comes second; the other one goes on.
fn of_two_waits_that_close_a_ring_through_a_group_the_second_is_refused(lane: impl Lane) {
    let runner = runner();
    let (group, gate) = (open(&runner, "far"), Gate::default());
    add_two(&group, lane, &gate);
    gate.wait_for(2);
    let (inner, refused) = (Arc::clone(&group), Gate::default());
    let (tells, opens) = (refused.clone(), gate.clone());
    let first = runner.task("first").spawn(Fake, async move || {
        let ended = inner.join_next().blocking().map(|_| ()).map_err(|error| error.to_string());
        if ended.is_err() {
            tells.open();
            opens.open();
        }
        ended
    });
    let opens = gate.clone();
    let second = runner.task("second").spawn(lane, async move || {
        while !refused.is_open() {
            match Handle::current().execute(Fake, async || ()) {
                // The first has not begun to block.
                Ok(()) => thread::yield_now(),
                Err(ExecuteError::WouldDeadlock { ring, .. }) => {
                    opens.open();
                    return Err(ring.to_string());
                }
                Err(error) => panic!("{error}"),
            }
        }
        Ok(())
    });
    let first = first.expect("taken").join().expect("an answer");
    let second = second.expect("taken").join().expect("an answer");
    let ((Err(ring), Ok(())) | (Ok(()), Err(ring))) = (&first, &second) else {
        panic!("{first:?}, {second:?}");
    };
    assert!(ring.contains("waits for group `far`"), "{ring}");
    assert!(ring.contains("task `second`") && ring.contains("task `first`"), "{ring}");
    finish(runner);
}

/// Two threads, each in a group that the other one waits for.
#[test]
fn members_that_wait_for_each_others_groups_are_told_so() {
    within(LIMIT, || {
        let runner = runner();
        let groups = [open(&runner, "a"), open(&runner, "b")];
        let both = Gate::default();
        for (own, other) in [(0, 1), (1, 0)] {
            let (gate, waits) = (both.clone(), Arc::clone(&groups[other]));
            let member = move || {
                gate.pass_blocking();
                waits.join_next().blocking().map(|_| ()).map_err(|error| error.to_string())
            };
            groups[own].task("member").try_fork(Thread, member).expect("taken");
        }
        both.wait_for(2);
        both.open();
        let results = groups
            .map(|group| group.result::<Result<(), String>>("member").blocking().expect("a value"));
        let ([Err(text), Ok(())] | [Ok(()), Err(text)]) = &results else {
            panic!("{results:?}");
        };
        assert!(
            text.contains("waits for group `a`") && text.contains("waits for group `b`"),
            "{text}"
        );
        finish(runner);
    });
}
