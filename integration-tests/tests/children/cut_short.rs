//! Parents that do not come to their own end: dropped, over their limit, given up; and children that do not
//! end in time.

use std::future::pending;
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{finish, on_each, on_each_lane, runner, until};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, JoinError, TaskState};

use crate::{BROOD, brood};

const SHORT: Duration = Duration::from_millis(20);

on_each!(
    a_task_over_its_limit_takes_its_children_along,
    a_child_that_does_not_end_in_time_is_named_among_the_ends_of_the_group,
    the_limit_of_a_task_is_for_its_own_payload,
    a_child_that_ignores_the_stop_is_dropped_within_the_grace_of_its_parent,
);

on_each_lane!(a_task_that_is_dropped_in_its_wait_takes_its_children_along);

/// Whether it can be dropped, or holds its thread and is given up.
fn a_task_over_its_limit_takes_its_children_along<F: Any>(flavour: F) {
    let runner = runner();
    let free = Gate::default();
    let mut limit = SHORT;
    let mut parent = loop {
        let (begun, held) = (Gate::default(), free.clone());
        let payload = F::Mode::payload(move || {
            brood(&begun);
            held.pass_blocking();
        });
        let parent = runner.task("parent").grace(SHORT).timeout(limit);
        let mut parent = parent.spawn(flavour, payload).expect("taken");
        // Those of its own lane, which it holds, cannot begin.
        until(|| free.count() > 0 || parent.is_over());
        if free.count() > 0 {
            break parent;
        }
        // On a busy machine the limit was over before it had come that far: once more, with more time.
        let _ = parent.finished_blocking();
        let _ = parent.join();
        limit *= 2;
    };
    let error = parent.finished_blocking().expect_err("it was given up");
    assert!(error.as_timed_out().is_some_and(|late| late.is_abandoned()), "{error}");
    free.open();
    until(|| runner.tree().alive() == 0);
    drop(parent);
    let report = runner.run();
    assert_eq!(report.abandoned().len(), 0, "{report}");
}

/// Who overran is never unknown.
fn a_child_that_does_not_end_in_time_is_named_among_the_ends_of_the_group<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").grace(SHORT).group_grace(SHORT * 5).open().expect("open");
    let free = Gate::default();
    let held = free.clone();
    let payload = F::Mode::payload(move || {
        let stuck = Blocking::payload(move || held.pass_blocking());
        let stuck = Context::current().task("stuck").grace(SHORT).adopt(Thread, stuck);
        stuck.map(drop).expect("taken");
    });
    group.task("member").adopt_blocking(flavour, payload).map(drop).expect("taken");
    free.wait_for(1);
    group.stop();
    let ends = group.join_all().blocking().expect("no ring");
    let mut told: Vec<_> = ends.iter().map(|end| (end.task().path(), end.state())).collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let member = ("group/member".to_owned(), TaskState::Completed);
    assert_eq!(told, [member, ("group/member/stuck".to_owned(), TaskState::Abandoned)]);
    free.open();
    drop(group);
    until(|| runner.tree().homes().iter().all(|home| home.busy().is_empty()));
    finish(runner);
}

/// The children of a task that is over in time go on.
fn the_limit_of_a_task_is_for_its_own_payload<F: Any>(flavour: F) {
    let runner = runner();
    let go = Gate::default();
    let of_child = go.clone();
    let payload = F::Mode::payload(move || {
        let child = Blocking::after(&of_child, || Context::current().is_stopping());
        Context::current().spawn(Thread, child).expect("taken")
    });
    let limit = Duration::from_secs(1);
    let parent = runner.task("parent").timeout(limit).spawn(flavour, payload).expect("taken");
    let child = parent.join().expect("in time");
    go.wait_for(1);
    // Another with the same limit, handed over later, is over its own by then.
    let never = runner.task("never").timeout(limit).spawn(Smol, async || pending::<()>().await);
    never.expect("taken").join().expect_err("it never ends");
    go.open();
    assert_eq!(child.join(), Ok(false));
    finish(runner);
}

/// A21, A26: on a lane.
fn a_child_that_ignores_the_stop_is_dropped_within_the_grace_of_its_parent<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let of_child = begun.clone();
    let (told, tells) = witness();
    let payload = F::Mode::payload(move || {
        let child = async move || {
            let _told = told;
            of_child.come();
            pending::<()>().await;
        };
        Context::current().task("child").spawn(Smol, child).expect("taken")
    });
    let mut parent = runner.task("parent").grace(SHORT).spawn(flavour, payload).expect("taken");
    begun.wait_for(1);
    parent.stop();
    tells.recv().expect("its payload is dropped");
    parent.finished_blocking().expect("it is");
    let child = parent.join().expect("its body was over");
    assert_eq!(child.join(), Err(JoinError::Stopped));
    finish(runner);
}

/// With a grace of zero it hears of the stop, and is dropped at once.
fn a_task_that_is_dropped_in_its_wait_takes_its_children_along(flavour: impl Lane) {
    let runner = runner();
    let begun = Gate::default();
    let of_brood = begun.clone();
    let (given, taken) = channel();
    let parent = runner.task("parent").grace(Duration::ZERO);
    let parent = parent.spawn(flavour, async move || {
        brood(&of_brood);
        let slow = Async::until_stopped(&of_brood, || ());
        let slow = Context::current().task("slow").grace(Duration::from_secs(10)).spawn(Smol, slow);
        given.send(slow.expect("taken")).expect("the test listens");
        pending::<()>().await;
    });
    let mut parent = parent.expect("taken");
    let slow = taken.recv().expect("given");
    begun.wait_for(BROOD.len() + 1);
    parent.stop();
    parent.finished_blocking().expect("they all end");
    assert_eq!(slow.join(), Ok(()));
    assert_eq!(parent.join(), Err(JoinError::Stopped));
    finish(runner);
}
