//! Where children stand: their parents, their paths, their names, the tree.

use std::sync::mpsc::channel;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, Reason, TaskState};

use crate::{BROOD, brood, over_with_brood};

on_each!(
    a_child_has_its_creator_as_parent_and_takes_along_what_it_is_given,
    children_are_told_in_the_order_of_their_making,
    the_tree_shows_children_below_their_parents,
    a_name_is_taken_among_the_living_children_of_one_task_only,
    the_members_of_a_scope_stand_below_the_task_and_are_none_of_its_children,
);

/// A5.
fn a_child_has_its_creator_as_parent_and_takes_along_what_it_is_given<F: Any>(flavour: F) {
    let runner = runner();
    let parent = F::Mode::payload(|| {
        let cx = Context::current();
        let told = |given: u8| {
            let label = Context::current().label();
            (label.path(), label.group().map(str::to_owned), given)
        };
        let on_lane = cx.task("lane").spawn(Smol, Async::payload(move || told(1)));
        let on_thread = cx.task("thread").spawn(Thread, Blocking::payload(move || told(2)));
        let nameless = cx.spawn(Thread, move || told(3));
        (on_lane.expect("taken"), on_thread.expect("taken"), nameless.expect("taken"))
    });
    let parent = runner.task("parent").spawn(flavour, parent).expect("taken");
    let (on_lane, on_thread, nameless) = parent.join().expect("it ends");
    let above = || Some("parent".to_owned());
    assert_eq!(on_lane.label().group(), Some("parent"));
    assert_eq!(on_lane.join(), Ok(("parent/lane".to_owned(), above(), 1)));
    assert_eq!(on_thread.join(), Ok(("parent/thread".to_owned(), above(), 2)));
    let path = format!("parent/{}", nameless.id());
    assert_eq!(nameless.join(), Ok((path, above(), 3)));
    finish(runner);
}

/// A57: as a list, and in the tree.
fn children_are_told_in_the_order_of_their_making<F: Any>(flavour: F) {
    let runner = runner();
    let (begun, go) = (Gate::default(), Gate::default());
    let (given, taken) = channel();
    let of_brood = begun.clone();
    let parent = F::Mode::after(&go, move || {
        assert!(Context::current().children().is_empty());
        let made = brood(&of_brood);
        let told: Vec<_> = Context::current().children();
        assert_eq!(told.iter().map(|child| child.id()).collect::<Vec<_>>(), made);
        given.send(told).expect("the test listens");
    });
    let parent = runner.task("parent").spawn(flavour, parent).expect("taken");
    go.open();
    let told = taken.recv().expect("told");
    assert_eq!(told.iter().map(|child| child.name().unwrap()).collect::<Vec<_>>(), BROOD);
    let tree = runner.tree();
    let shown = tree.group("parent").expect("shown").children();
    let names: Vec<_> = shown.iter().map(|child| child.label().name().unwrap()).collect();
    assert_eq!(names, BROOD);
    begun.wait_for(BROOD.len());
    parent.stop();
    finish(runner);
}

/// A child that has children is shown with these; a parent whose body is over as well.
fn the_tree_shows_children_below_their_parents<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let of_brood = begun.clone();
    let parent = F::Mode::payload(move || {
        let cx = Context::current();
        let leaf = Async::until_stopped(&of_brood, || ());
        let middle = Blocking::payload(move || drop(brood(&of_brood)));
        cx.task("middle").adopt(Thread, middle).map(drop).expect("taken");
        cx.task("leaf").adopt(Smol, leaf).map(drop).expect("taken");
    });
    let mut parent = runner.task("parent").spawn(flavour, parent).expect("taken");
    begun.wait_for(BROOD.len() + 1);
    integration_tests::until(|| parent.is_over());
    integration_tests::until(|| {
        let tree = runner.tree();
        let middle = tree.group("parent/middle").expect("it has children");
        middle.body() == Some(TaskState::Completed)
    });
    let tree = runner.tree();
    let shown = tree.group("parent").expect("shown");
    assert_eq!((shown.body(), shown.alive()), (Some(TaskState::Completed), 6));
    let text = tree.to_string();
    let lines: Vec<&str> = text.lines().map(|line| line.trim_start_matches(['│', ' '])).collect();
    let at = |line: &str| {
        let place = lines.iter().position(|text| text.contains(line) && !text.contains("polls"));
        place.unwrap_or_else(|| panic!("{line} is not in\n{text}"))
    };
    let parent_at = at(&format!("{} task `parent`, completed, 6 below it", flavour.name()));
    assert_eq!(at("smol task `parent/leaf`, "), parent_at + 1, "{text}");
    assert_eq!(at("thread task `parent/middle`, completed, 4 below it"), parent_at + 2, "{text}");
    assert_eq!(at("tokio task `parent/middle/tokio`, running"), parent_at + 3, "{text}");
    parent.stop();
    parent.finished_blocking().expect("it is");
    assert!(runner.tree().group("parent").is_none());
    drop(parent);
    finish(runner);
}

/// Rule 14, rule 10.
fn a_name_is_taken_among_the_living_children_of_one_task_only<F: Any>(flavour: F) {
    let runner = runner();
    let go = Gate::default();
    let parent = |go: Gate| {
        F::Mode::payload(move || {
            let cx = Context::current();
            cx.task("child").adopt(Smol, Async::after(&go, || ())).map(drop).expect("taken");
            let twin = cx.task("child").spawn(Thread, move || 7).expect_err("the name is taken");
            assert!(matches!(twin.reason(), Reason::DuplicateName { .. }), "{twin}");
            let text = twin.to_string();
            assert!(text.contains("/child`") && text.matches("place.rs").count() == 2, "{text}");
            assert_eq!(twin.into_payload()(), 7);
            let bad = cx.task("").adopt(Thread, || ()).expect_err("no name");
            assert!(matches!(bad.reason(), Reason::BadName { .. }), "{bad}");
        })
    };
    let one = runner.task("one").spawn(flavour, parent(go.clone())).expect("taken");
    let other = runner.task("other").spawn(flavour, parent(go.clone())).expect("taken");
    let nameless = runner.spawn(flavour, parent(go.clone())).expect("taken");
    for parent in [one, other, nameless] {
        parent.join().expect("its names are its own");
    }
    go.open();
    finish(runner);
}

/// Rule 13: a scope that a task opens stands beside its children.
fn the_members_of_a_scope_stand_below_the_task_and_are_none_of_its_children<F: Any>(flavour: F) {
    let runner = runner();
    let mut parent = over_with_brood(&runner, flavour);
    let scoped = F::Mode::payload(|| {
        let cx = Context::current();
        let body = |group: &Group| {
            let path = || Context::current().label().path();
            let member = group.task("member").spawn_blocking(Thread, path)?;
            anyhow::ensure!(Context::current().children().is_empty());
            Ok(member.join()?)
        };
        cx.handle().scope_blocking("scope", body).expect("all is well")
    });
    let scoped = runner.task("scoped").spawn(flavour, scoped).expect("taken");
    assert_eq!(scoped.join().as_deref(), Ok("scoped/scope/member"));
    parent.stop();
    parent.finished_blocking().expect("it is");
    finish(runner);
}
