//! A child's failure is its parent's: what it stops, who is told, under whose name.

use std::sync::mpsc::channel;

use anyhow::bail;
use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner};
use spumoni::prelude::*;
use spumoni::{Blocking, OnExit, OnFailure, StopReason, TaskState};

use crate::brood;

on_each!(
    the_failure_of_a_child_stops_the_runner_and_is_named_by_its_path,
    in_a_group_the_failure_of_a_child_is_that_of_the_member,
    what_the_member_says_of_its_failure_holds_for_its_children,
    a_failure_that_is_given_to_the_holder_of_a_handle_is_nobody_elses,
    the_failure_of_a_childs_stopper_is_the_parents,
    a_member_whose_end_stops_the_group_does_so_when_it_is_finished,
    the_failure_of_a_grandchild_comes_all_the_way_up,
);

/// A166, rule 6.
fn the_failure_of_a_child_stops_the_runner_and_is_named_by_its_path<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let payload = F::Mode::payload(move || {
        brood(&begun);
        let weak = Blocking::payload(move || {
            begun.wait_for(4);
            panic!("the child broke");
        });
        Context::current().task("weak").adopt(Thread, weak).map(drop).expect("taken");
    });
    runner.task("parent").adopt(flavour, payload).map(drop).expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.failures().len(), 1, "{report}");
    assert_eq!(report.failures()[0].task().path(), "parent/weak");
    assert_eq!(report.abandoned().len(), 0);
}

/// A166: the parent and its siblings are stopped, and the end of the parent says why.
fn in_a_group_the_failure_of_a_child_is_that_of_the_member<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let (begun, sibling) = (Gate::default(), Gate::default());
    let lasts = Blocking::until_stopped(&sibling, || ());
    group.task("sibling").adopt_blocking(Thread, lasts).map(drop).expect("taken");
    sibling.wait_for(1);
    let payload = F::Mode::payload(move || {
        brood(&begun);
        begun.wait_for(1);
        let weak = Blocking::payload(|| bail!("the child broke"));
        Context::current().task("weak").adopt(Thread, weak).map(drop).expect("taken");
    });
    group.task("member").adopt_blocking(flavour, payload).map(drop).expect("taken");
    let mut ends = group.join_all().blocking().expect("no ring");
    ends.sort_by(|one, other| one.name().cmp(&other.name()));
    let names: Vec<_> = ends.iter().map(|end| end.name().unwrap()).collect();
    assert_eq!(names, ["member", "sibling"]);
    let failure = ends[0].failure().expect("its child's");
    assert_eq!(failure.to_string(), "thread task `group/member/weak`: the child broke");
    assert_eq!((ends[0].state(), ends[0].is_completed()), (TaskState::Completed, false));
    assert!(ends[1].failure().is_none());
    finish(runner);
}

/// Rule 17: the others go on; the first failure is the member's, each other has an end of its own.
fn what_the_member_says_of_its_failure_holds_for_its_children<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let begun = Gate::default();
    let (told, tells) = channel();
    let payload = F::Mode::payload(move || {
        let cx = Context::current();
        let lasts = Blocking::after(&begun, move || told.send(cx.is_stopping()).expect("heard"));
        Context::current().task("lasts").adopt(Thread, lasts).map(drop).expect("taken");
        for name in ["one", "two"] {
            let weak = Blocking::payload(move || bail!("{name} broke"));
            let id = Context::current().task(name).adopt(Thread, weak).map_err(drop);
            let id = id.expect("taken");
            let lives = || Context::current().children().iter().any(|child| child.id() == id);
            integration_tests::until(|| !lives());
        }
        begun.open();
    });
    let member = group.task("member").on_failure(OnFailure::Continue);
    member.adopt_blocking(flavour, payload).map(drop).expect("taken");
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!(tells.recv(), Ok(false));
    let told: Vec<_> = ends.iter().map(ToString::to_string).collect();
    let two = "thread task `group/member/two`: two broke";
    assert_eq!(told, [two, "thread task `group/member/one`: one broke"]);
    assert_eq!(ends[1].name(), Some("member"));
    assert!(!group.is_stopping());
    finish(runner);
}

/// Rule 8.
fn a_failure_that_is_given_to_the_holder_of_a_handle_is_nobody_elses<F: Any>(flavour: F) {
    let runner = runner();
    let payload = F::Mode::payload(|| {
        let weak = Blocking::payload(|| -> u8 { panic!("the child broke") });
        Context::current().task("weak").spawn(Thread, weak).expect("taken")
    });
    let parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    let child = parent.join().expect("it ends");
    let error = child.join().expect_err("it broke");
    assert!(error.as_panic().is_some_and(|panic| panic.text().contains("the child broke")));
    finish(runner);
}

/// As if the stopper had been adopted beside the child.
fn the_failure_of_a_childs_stopper_is_the_parents<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let begun = Gate::default();
    let of_child = begun.clone();
    let payload = F::Mode::payload(move || {
        let (cx, free) = (Context::current(), Gate::default());
        let held = free.clone();
        let child = cx.task("child").stopper(move || {
            free.open();
            bail!("the stopper broke")
        });
        let child = child.adopt(Thread, move || {
            of_child.come();
            held.pass_blocking();
        });
        child.map(drop).expect("taken");
    });
    group.task("member").adopt_blocking(flavour, payload).map(drop).expect("taken");
    begun.wait_for(1);
    group.stop();
    let ends = group.join_all().blocking().expect("no ring");
    // The child may have ended before its stopper has said so: then the failure comes as an end of its own.
    let mut told: Vec<_> = ends.iter().filter_map(|end| end.failure()).cloned().collect();
    while told.is_empty() {
        let ends = group.join_all().blocking().expect("no ring");
        told.extend(ends.iter().filter_map(|end| end.failure()).cloned());
    }
    assert!(told[0].to_string().contains("the stopper broke"), "{}", told[0]);
    assert!(told[0].to_string().contains("group/member/child"), "{}", told[0]);
    finish(runner);
}

/// Rule 17.
fn a_member_whose_end_stops_the_group_does_so_when_it_is_finished<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").on_exit(OnExit::Stop).open().expect("open");
    let go = Gate::default();
    let of_child = go.clone();
    let payload = F::Mode::payload(move || {
        let child = Blocking::after(&of_child, || Context::current().is_stopping());
        Context::current().spawn(Thread, child).expect("taken")
    });
    let member = group.task("member").spawn_blocking(flavour, payload).expect("taken");
    let child = member.join().expect("its body is over");
    go.wait_for(1);
    assert!(!group.is_stopping());
    go.open();
    assert_eq!(child.join(), Ok(false));
    integration_tests::until(|| group.is_stopping());
    group.join_all().blocking().expect("no ring");
    finish(runner);
}

/// A166.
fn the_failure_of_a_grandchild_comes_all_the_way_up<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let payload = F::Mode::payload(|| {
        let middle = Blocking::payload(|| {
            let leaf = async || bail!("the leaf broke");
            Context::current().task("leaf").adopt(Smol, leaf).map(drop).expect("taken");
        });
        Context::current().task("middle").adopt(Thread, middle).map(drop).expect("taken");
    });
    group.task("top").adopt_blocking(flavour, payload).map(drop).expect("taken");
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!((ends.len(), ends[0].name()), (1, Some("top")));
    let failure = ends[0].failure().expect("the leaf's");
    assert_eq!(failure.to_string(), "smol task `group/top/middle/leaf`: the leaf broke");
    finish(runner);
}
