//! Over and finished: who has the value, who waits for whom, what may come below whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Blocking, JoinError, Reason, TaskState};

use crate::over_with_brood;

on_each!(
    whoever_waits_for_the_outcome_has_it_before_the_children_have_ended,
    a_finished_task_can_have_no_children_and_hands_the_payload_back,
    a_task_that_is_over_takes_children_until_the_last_has_ended,
    a_group_counts_a_member_until_its_children_have_ended,
    a_run_ends_when_the_children_have_ended,
    a_name_is_free_when_its_task_is_finished,
    whoever_stands_below_a_task_is_told_that_it_cannot_wait_until_that_is_finished,
    the_context_of_a_task_without_children_costs_it_nothing,
);

on_each_lane!(
    it_is_awaited_from_any_lane_that_a_task_is_finished,
    a_lane_that_would_have_to_run_the_children_is_told_so,
);

/// What *over* and *finished* mean.
fn whoever_waits_for_the_outcome_has_it_before_the_children_have_ended<F: Any>(flavour: F) {
    let runner = runner();
    let parent = over_with_brood(&runner, flavour);
    assert!(parent.is_over() && !parent.is_finished());
    assert_eq!(parent.state(), TaskState::Completed);
    // The handle is gone then; the children are there still.
    assert_eq!(parent.join(), Ok(42));
    assert_eq!(runner.tree().group("parent").map(|view| view.children().len()), Some(4));
    runner.stop();
    assert!(runner.run().is_clean());
}

/// A10, rule 10.
fn a_finished_task_can_have_no_children_and_hands_the_payload_back<F: Any>(flavour: F) {
    let runner = runner();
    let childless = F::Mode::payload(Context::current);
    let childless = runner.task("childless").spawn(flavour, childless).expect("taken");
    let with_child = F::Mode::payload(|| {
        let cx = Context::current();
        cx.adopt(Thread, || ()).map(drop).expect("taken");
        cx
    });
    let mut with_child = runner.task("with a child").spawn(flavour, with_child).expect("taken");
    with_child.finished_blocking().expect("it is");
    for parent in [childless, with_child] {
        let cx = parent.join().expect("it ends");
        let refused = cx.spawn(Thread, || 7).expect_err("it is finished");
        assert!(matches!(refused.reason(), Reason::Finished { .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("is finished") && text.contains(cx.name()), "{text}");
        assert_eq!(refused.into_payload()(), 7);
        assert!(cx.children().is_empty());
        let ran = cx.task("never").execute(Thread, || ()).expect_err("it is finished");
        assert!(ran.to_string().contains("is finished"), "{ran}");
    }
    finish(runner);
}

/// A162, A32: it takes new ones until the last has ended, and stays what it is when it is stopped.
fn a_task_that_is_over_takes_children_until_the_last_has_ended<F: Any>(flavour: F) {
    let runner = runner();
    let (first, second) = (Gate::default(), Gate::default());
    let (of_first, stopped) = (first.clone(), Gate::default());
    let payload = F::Mode::payload(move || {
        let cx = Context::current();
        cx.adopt(Thread, Blocking::after(&of_first, || ())).map(drop).expect("taken");
        cx
    });
    let (given, taken) = channel();
    let mut parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    first.wait_for(1);
    until(|| parent.is_over());
    let of_waiter = runner.handle();
    let waiter = of_waiter.spawn(Smol, async move || {
        let cx = (&mut parent).await.expect("its body is over");
        given.send(cx).expect("the test listens");
        parent.finished().await.expect("not given up");
        parent.state()
    });
    let cx = taken.recv().expect("given");
    cx.adopt(Thread, Blocking::after(&second, || ())).map(drop).expect("it has a child still");
    first.open();
    until(|| cx.children().len() == 1);
    cx.adopt(flavour, F::Mode::until_stopped(&stopped, || ())).map(drop).expect("and now too");
    second.open();
    stopped.wait_for(1);
    until(|| cx.children().len() == 1);
    let waiter = waiter.expect("taken");
    assert!(!waiter.is_over());
    runner.stop();
    assert_eq!(waiter.join(), Ok(TaskState::Completed));
    let refused = cx.adopt(Thread, || ()).expect_err("it is finished");
    assert!(refused.is_stopping() || matches!(refused.reason(), Reason::Finished { .. }));
    assert!(runner.run().is_clean());
}

/// Rule 13.
fn a_group_counts_a_member_until_its_children_have_ended<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("group").open().expect("open");
    let go = Gate::default();
    let of_child = go.clone();
    let payload = F::Mode::payload(move || {
        let cx = Context::current();
        cx.task("child").adopt(Smol, async move || of_child.pass().await).map(drop).expect("taken");
    });
    group.task("member").adopt_blocking(flavour, payload).map(drop).expect("taken");
    until(|| group.member("member").is_some_and(|it| it.state() == TaskState::Completed));
    assert!(group.member("member").expect("there").is_living());
    assert!(group.join_next().blocking_timeout(Duration::ZERO).is_err());
    let paths: Vec<_> = group.members().iter().map(|label| label.path()).collect();
    assert_eq!(paths, ["group/member", "group/member/child"]);
    go.open();
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!(ends.len(), 1);
    assert!(ends[0].is_completed() && ends[0].name() == Some("member"));
    finish(runner);
}

/// Children keep the runner alive, and those of a transient task do not.
fn a_run_ends_when_the_children_have_ended<F: Any>(flavour: F) {
    let runner = runner();
    let (go, ended) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (of_child, count) = (go.clone(), Arc::clone(&ended));
    let payload = F::Mode::payload(move || {
        let of_grandchild = Arc::clone(&count);
        let child = Blocking::after(&of_child, move || {
            let payload = async move || {
                of_grandchild.fetch_add(1, Ordering::SeqCst);
            };
            Context::current().adopt(Smol, payload).map(drop).expect("taken");
            count.fetch_add(1, Ordering::SeqCst);
        });
        Context::current().adopt(Thread, child).map(drop).expect("taken");
    });
    runner.adopt(flavour, payload).map(drop).expect("taken");
    let helper = runner.task("helper").transient();
    let payload = F::Mode::payload(|| {
        let lasts = || Context::current().stopped_blocking();
        Context::current().adopt(Thread, lasts).map(drop).expect("taken");
    });
    helper.adopt(flavour, payload).map(drop).expect("taken");
    go.wait_for(1);
    go.open();
    finish(runner);
    assert_eq!(ended.load(Ordering::SeqCst), 2);
}

/// Rule 14: or its children would have the paths of somebody else's.
fn a_name_is_free_when_its_task_is_finished<F: Any>(flavour: F) {
    let runner = runner();
    let mut parent = over_with_brood(&runner, flavour);
    let again = || runner.task("parent").spawn(flavour, F::Mode::payload(|| ()));
    let refused = again().expect_err("it is not finished");
    assert!(matches!(refused.reason(), Reason::DuplicateName { .. }), "{refused}");
    parent.stop();
    parent.finished_blocking().expect("it is");
    again().expect("the name is free").join().expect("it ends");
    finish(runner);
}

/// Rule 11.
fn whoever_stands_below_a_task_is_told_that_it_cannot_wait_until_that_is_finished<F: Any>(
    flavour: F,
) {
    let runner = runner();
    let (given, taken) = channel::<TaskHandle<()>>();
    let parent = F::Mode::payload(move || {
        let below = Blocking::payload(move || {
            let mut parent = taken.recv().expect("given");
            let error = parent.finished_blocking().expect_err("it waits for this very child");
            let JoinError::WouldDeadlock(ring) = &error else { panic!("{error}") };
            assert!(ring.to_string().contains("`parent/child`"), "{ring}");
        });
        Context::current().task("child").adopt(Thread, below).map(drop).expect("taken");
    });
    let parent = runner.task("parent").spawn(flavour, parent).expect("taken");
    given.send(parent).expect("the child listens");
    finish(runner);
}

/// Rule 4 in small: nothing is made before the first child.
fn the_context_of_a_task_without_children_costs_it_nothing<F: Any>(flavour: F) {
    let runner = runner();
    let go = Gate::default();
    let payload = F::Mode::after(&go, || Context::current().children().len());
    let task = runner.task("task").spawn(flavour, payload).expect("taken");
    go.wait_for(1);
    assert!(runner.tree().group("task").is_none());
    go.open();
    assert_eq!(task.join(), Ok(0));
    finish(runner);
}

/// The outcome may be taken before or after.
fn it_is_awaited_from_any_lane_that_a_task_is_finished(flavour: impl Lane) {
    let runner = runner();
    let handle = runner.handle();
    let go = Gate::default();
    let of_child = go.clone();
    let payload = move || {
        let child = Blocking::after(&of_child, || ());
        Context::current().adopt(Thread, child).map(drop).expect("taken");
        7
    };
    let twice = runner.spawn(flavour, async move || {
        let mut one = handle.spawn(Thread, payload.clone()).expect("taken");
        let mut other = handle.spawn(Thread, payload).expect("taken");
        let value = (&mut one).await.expect("it ends");
        one.finished().await.expect("it is");
        other.finished().await.expect("it is");
        assert!(one.is_finished() && other.is_finished());
        (&mut one).await.expect_err("taken");
        value + other.await.expect("kept")
    });
    go.wait_for(2);
    go.open();
    assert_eq!(twice.expect("taken").join(), Ok(14));
    finish(runner);
}

/// Rule 11: at once, and with the ring.
fn a_lane_that_would_have_to_run_the_children_is_told_so(flavour: impl Lane) {
    let runner = runner();
    let handle = runner.handle();
    let go = Gate::default();
    let of_child = go.clone();
    let told = runner.spawn(flavour, async move || {
        let parent = handle.task("parent").spawn(Thread, move || {
            let child = async move || of_child.pass().await;
            Context::current().task("child").adopt(flavour, child).map(drop).expect("taken");
        });
        let mut parent = parent.expect("taken");
        (&mut parent).await.expect("its body ends");
        let error = parent.finished_blocking().expect_err("this lane has to run the child");
        let JoinError::WouldDeadlock(ring) = error else { panic!("{error}") };
        ring.to_string()
    });
    let text = told.expect("taken").join().expect("it ends");
    assert!(text.contains("parent/child"), "{text}");
    go.open();
    finish(runner);
}

/// Each makes the next and ends: a loop of tasks, which end from the last to the first.
#[test]
fn a_thousand_generations_end_one_after_the_other() {
    fn generation(left: usize, go: Gate) {
        let cx = Context::current();
        if left == 0 {
            let payload = async move || go.pass().await;
            cx.adopt(Smol, payload).map(drop).expect("taken");
            return;
        }
        cx.adopt(Smol, async move || generation(left - 1, go)).map(drop).expect("taken");
    }
    within(LIMIT, || {
        let runner = runner();
        let go = Gate::default();
        let of_last = go.clone();
        let first = async move || generation(1000, of_last);
        let mut first = runner.spawn(Smol, first).expect("taken");
        go.wait_for(1);
        assert!(first.is_over() && !first.is_finished());
        go.open();
        first.finished_blocking().expect("it is");
        assert_eq!(first.join(), Ok(()));
        finish(runner);
    });
}
