//! A stop goes down: who is asked with whom, and who asks whom while it is under way.

use std::future::pending;
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, on_each_lane, runner, until};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, JoinError, Reason, TaskState};

use crate::{BROOD, brood, over_with_brood};

on_each!(
    a_stop_of_the_parent_reaches_its_children_of_every_flavour,
    a_task_that_is_over_stays_what_it_was_when_its_children_are_stopped,
    one_of_three_children_stops_their_parent_and_all_of_them_with_it,
    a_child_that_stops_the_task_which_is_stopping_it_holds_up_nobody,
    stopping_a_leaf_leaves_what_stands_above_it,
    a_stop_reaches_every_generation,
    a_task_that_stops_takes_children_from_itself_only,
);

on_each_lane!(
    a_parent_that_waits_for_its_child_ends_with_it,
    a_child_stops_the_parent_that_awaits_it,
    children_hear_of_nothing_while_their_parent_defers_the_stop,
);

/// A26: from above, and by the handle.
fn a_stop_of_the_parent_reaches_its_children_of_every_flavour<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let (of_brood, own) = (begun.clone(), begun.clone());
    let (given, taken) = channel();
    let payload = F::Mode::payload(move || {
        brood(&of_brood);
        given.send(Context::current()).expect("the test listens");
        own.come();
        Context::current().stopped_blocking();
        7
    });
    // It blocks its own lane, so a child of the same lane begins when it is asked, or not at all.
    let mut parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    begun.wait_for(4);
    parent.stop();
    parent.finished_blocking().expect("they all end");
    assert!(taken.recv().expect("given").children().is_empty());
    assert_eq!(parent.join(), Ok(7));
    finish(runner);
}

/// A32, A162.
fn a_task_that_is_over_stays_what_it_was_when_its_children_are_stopped<F: Any>(flavour: F) {
    let runner = runner();
    let mut parent = over_with_brood(&runner, flavour);
    parent.stop();
    parent.finished_blocking().expect("they all end");
    assert_eq!(parent.state(), TaskState::Completed);
    assert_eq!(parent.join(), Ok(42));
    finish(runner);
}

/// A28: by the parent's handle.
fn one_of_three_children_stops_their_parent_and_all_of_them_with_it<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let (given, taken) = channel::<TaskHandle<usize>>();
    let of_parent = begun.clone();
    let payload = F::Mode::payload(move || {
        let cx = Context::current();
        let stops = move || {
            let parent = taken.recv().expect("given");
            parent.stop();
            Context::current().stopped_blocking();
            parent
        };
        let two = Blocking::until_stopped(&of_parent, || ());
        let three = Async::until_stopped(&of_parent, || ());
        cx.task("two").adopt(Thread, two).map(drop).expect("taken");
        cx.task("three").adopt(Smol, three).map(drop).expect("taken");
        let one = cx.task("one").spawn(Thread, stops).expect("taken");
        cx.handle().spawn(Thread, move || one.join()).map(drop).expect("taken");
        3
    });
    let parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    begun.wait_for(2);
    given.send(parent).expect("the child listens");
    // Nobody else would ever stop them.
    finish(runner);
}

/// A29, issue 158 of socketry/async: while it stops, with siblings that sleep.
fn a_child_that_stops_the_task_which_is_stopping_it_holds_up_nobody<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let begun = Gate::default();
    let (given, taken) = channel::<TaskHandle<()>>();
    let of_parent = begun.clone();
    let payload = F::Mode::payload(move || {
        let cx = Context::current();
        brood(&of_parent);
        let meddler = Blocking::until_stopped(&of_parent, move || {
            let parent = taken.recv().expect("given");
            parent.stop();
            parent.stop();
        });
        cx.task("meddler").adopt(Thread, meddler).map(drop).expect("taken");
    });
    let parent = group.task("parent").spawn_blocking(flavour, payload).expect("taken");
    begun.wait_for(BROOD.len() + 1);
    given.send(parent).expect("the child listens");
    group.stop();
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!((ends.len(), ends[0].name()), (1, Some("parent")));
    assert!(ends[0].is_completed(), "{}", ends[0]);
    finish(runner);
}

/// A30.
fn stopping_a_leaf_leaves_what_stands_above_it<F: Any>(flavour: F) {
    let runner = runner();
    let (begun, leaf) = (Gate::default(), channel());
    let of_top = begun.clone();
    let payload = F::Mode::payload(move || {
        let middle = move || {
            let cx = Context::current();
            let payload = Async::until_stopped(&of_top, || ());
            let handle = cx.task("leaf").spawn(Smol, payload).expect("taken");
            leaf.0.send(handle).expect("the test listens");
            cx.stopped_blocking();
        };
        Context::current().task("middle").adopt(Thread, middle).map(drop).expect("taken");
    });
    let mut top = runner.task("top").spawn(flavour, payload).expect("taken");
    let leaf = leaf.1.recv().expect("made");
    begun.wait_for(1);
    leaf.stop();
    assert_eq!(leaf.join(), Ok(()));
    until(|| runner.tree().group("top/middle").is_none_or(|middle| middle.alive() == 0));
    let tree = runner.tree();
    let children = tree.group("top").expect("not finished").children();
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].label().path(), "top/middle");
    assert_eq!(children[0].state(), TaskState::Running);
    assert!(!top.is_finished());
    top.stop();
    top.finished_blocking().expect("it is");
    drop(top);
    finish(runner);
}

/// A26, rule 15: also from the runner.
fn a_stop_reaches_every_generation<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let of_top = begun.clone();
    let payload = F::Mode::payload(move || {
        let of_middle = of_top.clone();
        let middle = Blocking::payload(move || {
            brood(&of_middle);
            let lower = Async::payload(move || drop(brood(&of_middle)));
            Context::current().task("lower").adopt(Smol, lower).map(drop).expect("taken");
        });
        brood(&of_top);
        Context::current().task("middle").adopt(Thread, middle).map(drop).expect("taken");
    });
    runner.task("top").adopt(flavour, payload).map(drop).expect("taken");
    begun.wait_for(3 * BROOD.len());
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.abandoned().len(), 0);
}

/// Rules 10 and 21.
fn a_task_that_stops_takes_children_from_itself_only<F: Any>(flavour: F) {
    let runner = runner();
    let (given, taken) = channel();
    let (done, over) = channel::<()>();
    let begun = Gate::default();
    let payload = F::Mode::until_stopped(&begun, move || {
        let cx = Context::current();
        let helper = cx.task("helper").spawn(Thread, || Context::current().is_stopping());
        given.send((cx, helper.expect("its cleanup needs it"))).expect("the test listens");
        let _ = over.recv();
    });
    let parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    begun.wait_for(1);
    parent.stop();
    let (cx, helper) = taken.recv().expect("given");
    assert_eq!(helper.join(), Ok(true));
    let refused = cx.spawn(Thread, || 7).expect_err("the test is not the task");
    let Reason::ParentStopping { task } = refused.reason() else { panic!("{refused}") };
    assert_eq!(&**task, "parent");
    assert!(refused.is_stopping() && refused.to_string().contains("stopping"), "{refused}");
    assert_eq!(refused.into_payload()(), 7);
    drop(done);
    parent.join().expect("it ends by itself");
    finish(runner);
}

/// Stops a task when it is dropped.
struct StopsOnDrop(Option<TaskHandle<()>>);

impl Drop for StopsOnDrop {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.stop();
        }
    }
}

/// A21: the parent's destructors stop the child once more.
fn a_parent_that_waits_for_its_child_ends_with_it(flavour: impl Lane) {
    let runner = runner();
    let begun = Gate::default();
    let of_child = begun.clone();
    let task = runner.task("parent").grace(Duration::ZERO);
    let parent = task.spawn(flavour, async move || {
        let cx = Context::current();
        let child = cx.task("child").spawn(Smol, async move || {
            of_child.come();
            pending::<()>().await;
        });
        let mut child = StopsOnDrop(Some(child.expect("taken")));
        child.0.as_mut().expect("there").await.expect_err("it is stopped");
        // Its own turn has not come yet.
        pending::<()>().await;
    });
    let mut parent = parent.expect("taken");
    begun.wait_for(1);
    parent.stop();
    parent.finished_blocking().expect("both end");
    assert_eq!(parent.join(), Err(JoinError::Stopped));
    finish(runner);
}

/// A27: a child of the same lane stops the parent that awaits it.
fn a_child_stops_the_parent_that_awaits_it(flavour: impl Lane) {
    let runner = runner();
    let (given, taken) = channel::<TaskHandle<bool>>();
    let go = Gate::default();
    let of_child = go.clone();
    let parent = runner.task("parent").spawn(flavour, async move || {
        let cx = Context::current();
        let child = cx.spawn(flavour, async move || {
            of_child.pass().await;
            let parent = taken.recv().expect("given");
            parent.stop();
            Context::current().stopped().await;
            Some(parent)
        });
        let parent = child.expect("taken").await.expect("it ends");
        cx.stopped().await;
        drop(parent);
        true
    });
    go.wait_for(1);
    given.send(parent.expect("taken")).expect("the child listens");
    go.open();
    finish(runner);
}

/// Rule 15: a second stop reaches them too.
fn children_hear_of_nothing_while_their_parent_defers_the_stop(flavour: impl Lane) {
    let runner = runner();
    for asked_twice in [false, true] {
        let group = runner.group("group").open().expect("open");
        let (begun, section) = (Gate::default(), Gate::default());
        let (of_brood, of_section) = (begun.clone(), section.clone());
        let payload = async move || {
            let cx = Context::current();
            cx.defer_stop(async {
                brood(&of_brood);
                of_section.pass().await;
                !cx.is_stopping() && cx.children().len() == BROOD.len()
            })
            .await
        };
        let parent = group.task("parent").spawn_blocking(flavour, payload).expect("taken");
        begun.wait_for(BROOD.len());
        group.stop();
        // Through the controller twice: had it asked the children, they would be gone.
        for _ in 0..2 {
            let fence = runner.spawn(Smol, async || Context::current().stopped().await);
            let fence = fence.expect("taken");
            fence.stop();
            let _ = fence.join();
        }
        assert_eq!(runner.tree().group("group/parent").expect("there").children().len(), 4);
        if asked_twice {
            parent.stop();
            until(|| runner.tree().group("group/parent").is_none_or(|it| it.alive() == 0));
        }
        section.open();
        assert_eq!(parent.join(), Ok(!asked_twice));
        group.join_all().blocking().expect("no ring");
    }
    finish(runner);
}
