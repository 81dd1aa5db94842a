//! Transient children: they keep their parent not unfinished, are not asked with it, and may outlive it.

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner, until};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, TaskState};

on_each!(
    a_transient_child_outlives_its_parent_and_is_asked_when_nothing_else_is_left,
    a_parent_stays_for_its_ordinary_child_and_not_for_the_transient_one,
    a_stop_of_the_parent_spares_its_transient_children,
    a_group_ends_its_transient_grandchildren_with_it,
    a_child_that_becomes_transient_lets_its_parent_be_finished,
);

/// A child that tells the gate that it has begun, and lasts until it is asked to stop.
fn keep_serving(begun: &Gate, ended: &Gate) {
    let cx = Context::current();
    let (on_lane, on_thread) = (ended.clone(), ended.clone());
    let lane = Async::until_stopped(begun, move || on_lane.come());
    let thread = Blocking::until_stopped(begun, move || on_thread.come());
    cx.task("lane").transient().adopt(Smol, lane).map(drop).expect("taken");
    cx.task("thread").transient().adopt(Thread, thread).map(drop).expect("taken");
}

/// A70: it stays where it is, below a task that is finished, and belongs to what is above.
fn a_transient_child_outlives_its_parent_and_is_asked_when_nothing_else_is_left<F: Any>(
    flavour: F,
) {
    let runner = runner();
    let (begun, ended) = (Gate::default(), Gate::default());
    let (of_children, at_end) = (begun.clone(), ended.clone());
    let payload = F::Mode::payload(move || keep_serving(&of_children, &at_end));
    let mut parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    parent.finished_blocking().expect("at once");
    begun.wait_for(2);
    assert_eq!(ended.count(), 0);
    let tree = runner.tree();
    let view = tree.group("parent").expect("shown as long as one lives");
    assert_eq!((view.children().len(), view.body()), (2, Some(TaskState::Completed)));
    // The name is free, and nothing that comes under it mixes with what is there.
    let again = F::Mode::payload(|| ());
    runner.task("parent").spawn(flavour, again).expect("free").join().expect("it ends");
    parent.join().expect("it ended");
    finish(runner);
    assert_eq!(ended.count(), 2);
}

/// A71.
fn a_parent_stays_for_its_ordinary_child_and_not_for_the_transient_one<F: Any>(flavour: F) {
    let runner = runner();
    let (begun, ended, go) = (Gate::default(), Gate::default(), Gate::default());
    let (of_children, at_end, of_plain) = (begun.clone(), ended.clone(), go.clone());
    let payload = F::Mode::payload(move || {
        keep_serving(&of_children, &at_end);
        let plain = Blocking::after(&of_plain, || ());
        Context::current().adopt(Thread, plain).map(drop).expect("taken");
    });
    let mut parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    begun.wait_for(2);
    go.wait_for(1);
    until(|| parent.is_over());
    assert!(!parent.is_finished());
    go.open();
    parent.finished_blocking().expect("only transient ones are left");
    assert_eq!(ended.count(), 0);
    parent.join().expect("it ended");
    finish(runner);
    assert_eq!(ended.count(), 2);
}

/// A32: and the parent stays what it was.
fn a_stop_of_the_parent_spares_its_transient_children<F: Any>(flavour: F) {
    let runner = runner();
    let (begun, ended) = (Gate::default(), Gate::default());
    let (of_children, at_end) = (begun.clone(), ended.clone());
    let payload = F::Mode::payload(move || {
        keep_serving(&of_children, &at_end);
        let plain = Blocking::until_stopped(&of_children, || ());
        Context::current().adopt(Thread, plain).map(drop).expect("taken");
    });
    let mut parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    begun.wait_for(3);
    until(|| parent.is_over());
    parent.stop();
    parent.finished_blocking().expect("the ordinary one ends");
    assert_eq!((parent.state(), ended.count()), (TaskState::Completed, 0));
    assert_eq!(runner.tree().group("parent").map(|view| view.alive()), Some(2));
    drop(parent);
    finish(runner);
    assert_eq!(ended.count(), 2);
}

/// Nothing leaks out of a group.
fn a_group_ends_its_transient_grandchildren_with_it<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let (begun, ended) = (Gate::default(), Gate::default());
    let (of_children, at_end) = (begun.clone(), ended.clone());
    let payload = F::Mode::payload(move || keep_serving(&of_children, &at_end));
    group.task("member").adopt_blocking(flavour, payload).map(drop).expect("taken");
    begun.wait_for(2);
    let end = group.join_next().blocking().expect("no ring").expect("one");
    assert!(end.is_completed() && group.is_empty());
    assert_eq!((ended.count(), group.members().len()), (0, 2));
    assert!(group.join_all().blocking().expect("no ring").is_empty());
    assert_eq!(ended.count(), 2);
    finish(runner);
}

/// And the other way round, before the parent is finished.
fn a_child_that_becomes_transient_lets_its_parent_be_finished<F: Any>(flavour: F) {
    let runner = runner();
    let (go, begun) = (Gate::default(), Gate::default());
    let (of_child, of_parent) = (go.clone(), begun.clone());
    let payload = F::Mode::payload(move || {
        let child = Blocking::payload(move || {
            let cx = Context::current();
            cx.set_transient(false);
            of_parent.come();
            of_child.pass_blocking();
            cx.set_transient(true);
            cx.stopped_blocking();
        });
        Context::current().task("child").transient().adopt(Thread, child).map(drop).expect("taken");
        // Not before the child keeps this task.
        begun.wait_for(1);
    });
    let mut parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    until(|| parent.is_over());
    assert!(!parent.is_finished());
    go.open();
    parent.finished_blocking().expect("it is");
    drop(parent);
    finish(runner);
}
