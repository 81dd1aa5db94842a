//! The tree of a runner: who is there, on which flavour, in which state, since when.
//!
//! BEHAVIOURS A14 to A19, A128, T59; FAULTS 17; rule 26 in its first form.

use std::future::pending;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{HomeView, JoinError, TaskState, Tree};

on_each_lane!(
    a_lane_shows_its_tasks_by_name_and_state,
    a_tree_asked_for_on_the_own_lane_is_complete,
    f017_a_stalled_lane_is_shown_and_not_waited_for,
    f056_tasks_that_wait_to_be_taken_up_are_counted,
    a_task_grows_older_and_is_polled,
    f017_a_named_task_that_holds_its_lane_is_shown_by_name,
);

on_each!(
    a_handle_knows_the_state_of_its_task,
    what_has_ended_is_shown_no_more,
    nobody_is_shown_where_nobody_was,
);

fn home<F: Any>(tree: &Tree, flavour: F) -> &HomeView {
    let mut homes = tree.homes().iter();
    let home = homes.find(|home| home.flavour().as_str() == flavour.name());
    home.expect("it has started")
}

fn held<F: Any>(handle: &Handle, flavour: F, name: &str) -> Gate {
    let free = Gate::default();
    let holds = free.clone();
    let payload = F::Mode::payload(move || holds.pass_blocking());
    handle.task(name).adopt(flavour, payload).expect("taken");
    free.wait_for(1);
    free
}

/// A56, T77, A14 to A19, T59.
fn a_handle_knows_the_state_of_its_task<F: Any>(flavour: F) {
    let runner =
        ServiceRunner::builder().signals(false).pool_size(1).build().expect("good settings");
    let free = held(&runner, flavour, "holder");
    let gate = Gate::default();
    let value = runner.spawn(flavour, F::Mode::after(&gate, || 42)).expect("taken");
    assert_eq!(value.state(), TaskState::Initialized);
    free.open();
    until(|| value.state() == TaskState::Running);
    gate.open();
    until(|| value.is_finished());
    assert_eq!(value.state(), TaskState::Completed);
    assert_eq!(value.join(), Ok(42));

    let panics = F::Mode::payload(|| -> () { panic!("on purpose") });
    let panics = runner.spawn(flavour, panics).expect("taken");
    until(|| panics.is_finished());
    assert_eq!(panics.state(), TaskState::Failed);
    assert!(matches!(panics.join(), Err(JoinError::Panicked(_))));

    let free = held(&runner, flavour, "holder");
    let never = runner.spawn(flavour, F::Mode::payload(|| ())).expect("taken");
    runner.stop();
    free.open();
    until(|| never.is_finished());
    assert_eq!(never.state(), TaskState::Stopped);
    assert_eq!(format!("{:?}, {}", never.state(), never.state()), "Stopped, stopped");

    drop(runner.run());
}

#[test]
fn a_task_that_was_given_up_is_abandoned() {
    within(LIMIT, || {
        let runner = runner();
        let free = Gate::default();
        let holds = free.clone();
        let stuck = runner.spawn(Thread, move || holds.pass_blocking()).expect("taken");
        free.wait_for(1);
        let waits = thread::spawn(move || stuck.join());
        runner.stop_within(Duration::from_millis(50));
        drop(runner.run());
        assert_eq!(waits.join().expect("no panic"), Err(JoinError::Abandoned));
        free.open();
    });
}

fn nobody_is_shown_where_nobody_was<F: Any>(flavour: F) {
    let runner = runner();
    let tree = runner.tree();
    assert_eq!((tree.runner(), tree.alive()), ("spumoni", 0));
    assert!(tree.homes().is_empty() && !tree.is_stopping());
    assert_eq!(tree.to_string().lines().count(), 1, "{tree}");
    runner.spawn(flavour, F::Mode::payload(|| ())).expect("taken").join().expect("an answer");
    let tree = runner.tree();
    assert_eq!(tree.homes().len(), 1);
    assert!(home(&tree, flavour).answered());
    let handle = runner.handle();
    finish(runner);
    // After the end too.
    let tree = handle.tree();
    assert!(tree.is_stopping());
    assert_eq!(tree.alive(), 0);
    assert!(tree.to_string().contains("stopping"), "{tree}");
}

fn what_has_ended_is_shown_no_more<F: Any>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let payload = F::Mode::after(&gate, || ());
    let task = runner.task("passing").spawn(flavour, payload).expect("taken");
    gate.wait_for(1);
    let shown = |tree: &Tree| tree.to_string().contains("passing");
    // A lane shows it from the moment that it has left its first poll.
    until(|| shown(&runner.tree()));
    assert_eq!(runner.tree().alive(), 1);
    let id = task.id();
    gate.open();
    task.join().expect("an answer");
    until(|| runner.tree().alive() == 0);
    let tree = runner.tree();
    assert!(!shown(&tree), "{tree}");
    assert!(tree.find(id).is_none());
    // Its name is free again.
    runner
        .task("passing")
        .spawn(flavour, F::Mode::payload(|| ()))
        .expect("taken")
        .join()
        .expect("done");
    finish(runner);
}

/// A128.
fn a_lane_shows_its_tasks_by_name_and_state(lane: impl Lane) {
    let runner = runner();
    let line = line!() + 1;
    let named = runner.task("named").spawn(lane, pending::<()>).expect("taken");
    let unnamed = runner.spawn(lane, pending::<()>).expect("taken");
    until(|| unnamed.state() == TaskState::Running);
    let tree = runner.tree();
    assert_eq!(tree.alive(), 2);
    let view = home(&tree, lane);
    assert!(view.answered());
    assert_eq!(view.waiting(), 0);
    assert_eq!(view.tasks().len(), 2);
    let found = tree.find(named.id()).expect("it is shown");
    assert_eq!(found.state(), TaskState::Running);
    assert_eq!(found.label().name(), Some("named"));
    assert_eq!(found.label().flavour().as_str(), lane.name());
    assert!(found.label().spawned_at().file().ends_with("inspect.rs"));
    assert_eq!(found.label().spawned_at().line(), line);
    let text = tree.to_string();
    assert!(text.contains(&format!("{} task `named`, running", lane.name())), "{text}");
    assert!(text.contains(&unnamed.id().to_string()), "{text}");
    drop((named, unnamed));
    runner.stop_now();
    drop(runner.run());
}

fn a_tree_asked_for_on_the_own_lane_is_complete(lane: impl Lane) {
    let runner = runner();
    let other = runner.task("other").spawn(lane, pending::<()>).expect("taken");
    until(|| other.state() == TaskState::Running);
    let begun = Instant::now();
    let tree = runner.task("asker").execute(lane, async || {
        // Polled once before, so that its lane has seen it.
        smol::future::yield_now().await;
        Handle::current().tree()
    });
    let tree = tree.expect("an answer");
    let view = home(&tree, lane);
    assert!(view.answered(), "{tree}");
    assert!(tree.find(other.id()).is_some(), "{tree}");
    assert!(tree.to_string().contains("`asker`"), "{tree}");
    assert!(begun.elapsed() < LIMIT);
    other.stop();
    runner.stop_now();
    drop(runner.run());
}

/// FAULTS 17.
fn f017_a_stalled_lane_is_shown_and_not_waited_for(lane: impl Lane) {
    let runner = runner();
    let free = held(&runner, lane, "holder");
    let tree = runner.tree();
    let view = home(&tree, lane);
    assert!(!view.answered());
    assert!(view.tasks().is_empty());
    let text = tree.to_string();
    assert!(text.contains("does not answer"), "{text}");
    // The others answer meanwhile.
    let alive =
        if lane.name() == "smol" { one_more(&runner, Tokio) } else { one_more(&runner, Smol) };
    assert_eq!(alive, 2);
    free.open();
    until(|| home(&runner.tree(), lane).answered());
    runner.stop_now();
    drop(runner.run());
}

/// Adopts a task there, and gives the number of tasks when the tree shows it.
fn one_more(runner: &Handle, lane: impl Lane) -> u64 {
    let more = runner.spawn(lane, pending::<()>).expect("taken");
    until(|| more.state() == TaskState::Running);
    let tree = runner.tree();
    assert!(home(&tree, lane).answered());
    assert!(tree.find(more.id()).is_some(), "{tree}");
    tree.alive()
}

fn f017_a_named_task_that_holds_its_lane_is_shown_by_name(lane: impl Lane) {
    let runner = runner();
    let free = held(&runner, lane, "holder");
    let tree = runner.tree();
    let [busy] = home(&tree, lane).busy() else {
        panic!("{tree}");
    };
    assert_eq!(busy.task().name(), Some("holder"));
    let before = busy.held();
    let after = home(&runner.tree(), lane).busy()[0].held();
    assert!(after > before);
    let text = tree.to_string();
    assert!(text.contains("`holder` has the thread for"), "{text}");
    free.open();
    finish(runner);
}

#[test]
fn a_pool_shows_who_has_its_threads_and_how_many_wait() {
    within(LIMIT, || {
        let runner =
            ServiceRunner::builder().signals(false).pool_size(2).build().expect("good settings");
        let gates = [held(&runner, Thread, "one"), held(&runner, Thread, "two")];
        for _ in 0..3 {
            runner.adopt(Thread, || ()).expect("taken");
        }
        let tree = runner.tree();
        let view = home(&tree, Thread);
        let mut names: Vec<_> = view.busy().iter().filter_map(|busy| busy.task().name()).collect();
        names.sort_unstable();
        assert_eq!(names, ["one", "two"]);
        assert_eq!((view.waiting(), tree.alive()), (3, 5));
        assert!(tree.to_string().contains("3 waiting"), "{tree}");
        for gate in gates {
            gate.open();
        }
        finish(runner);
    });
}

fn f056_tasks_that_wait_to_be_taken_up_are_counted(lane: impl Lane) {
    let runner = runner();
    let free = held(&runner, lane, "holder");
    for _ in 0..5 {
        runner.adopt(lane, async || ()).expect("taken");
    }
    let tree = runner.tree();
    assert_eq!((home(&tree, lane).waiting(), tree.alive()), (5, 6));
    free.open();
    finish(runner);
}

fn a_task_grows_older_and_is_polled(lane: impl Lane) {
    let runner = runner();
    let task = runner.spawn(lane, async || {
        loop {
            if Context::current().sleep(Duration::from_millis(1)).await.is_err() {
                break;
            }
        }
    });
    let task = task.expect("taken");
    let view = || runner.tree().find(task.id()).cloned();
    until(|| view().is_some_and(|view| view.polls() > 3));
    until(|| view().and_then(|view| view.age()).is_some_and(|age| age >= Duration::from_millis(3)));
    runner.stop();
    drop(runner.run());
}

/// A76.
#[test]
fn a_tree_serialises_with_all_that_its_text_says() {
    within(LIMIT, || {
        let runner = runner();
        let task = runner.task("named").spawn(Smol, pending::<()>).expect("taken");
        until(|| task.state() == TaskState::Running);
        let data = serde_json::to_value(runner.tree()).expect("serialises");
        assert_eq!(data["runner"], "spumoni");
        assert_eq!((&data["alive"], &data["stopping"]), (&1.into(), &false.into()));
        let home = &data["homes"][0];
        assert_eq!(home["flavour"], "smol");
        assert_eq!(home["answered"], true);
        assert_eq!(home["tasks"][0]["task"]["name"], "named");
        assert_eq!(home["tasks"][0]["state"], "running");
        runner.stop_now();
        drop(runner.run());
    });
}

/// A128 for groups.
#[test]
fn groups_are_shown_with_those_below_them_and_serialise() {
    within(LIMIT, || {
        let runner = runner();
        assert!(runner.tree().groups().is_empty());
        let outer = runner.group("outer").limit(2).open().expect("free");
        let inner = outer.group("inner").open().expect("free");
        let other = runner.group("other").open().expect("free");
        let gate = Gate::default();
        let inside = gate.clone();
        inner.try_adopt(Smol, async move || inside.pass().await).expect("taken");
        outer.try_adopt(Thread, || ()).expect("taken");
        until(|| outer.len() == 1);
        let tree = runner.tree();
        let view = tree.group("outer").expect("it is open");
        assert_eq!((view.alive(), view.limit(), view.waiting(), view.ended()), (1, Some(2), 0, 1));
        assert!(!view.is_stopping());
        assert_eq!(view.groups().len(), 1);
        let below = tree.group("outer/inner").expect("it is open");
        assert_eq!((below.alive(), below.limit(), below.ended()), (1, None, 0));
        assert!(tree.group("inner").is_none());
        assert!(view.label().spawned_at().file().ends_with("inspect.rs"));
        let text = tree.to_string();
        let lines: Vec<_> = text.lines().skip(1).take(4).collect();
        assert_eq!(
            lines,
            [
                "├─ groups",
                "│  ├─ group `outer`, open, 1 member, 2 at once, 1 to be joined",
                "│  │  └─ group `outer/inner`, open, 1 member",
                "│  └─ group `other`, open, 0 members",
            ]
        );
        other.stop();
        let data = serde_json::to_value(runner.tree()).expect("serialises");
        assert_eq!(data["groups"][0]["group"]["path"], "outer");
        assert_eq!(data["groups"][0]["limit"], 2);
        assert_eq!(data["groups"][0]["groups"][0]["alive"], 1);
        assert_eq!(data["groups"][1]["stopping"], true);
        gate.open();
        drop((inner, outer, other));
        // What is gone is shown no more.
        until(|| runner.tree().groups().is_empty());
        finish(runner);
    });
}

/// The groups of scopes, below the tasks that opened them.
#[test]
fn the_group_of_a_scope_is_shown_while_it_lasts() {
    within(LIMIT, || {
        let runner = runner();
        let gate = Gate::default();
        let inside = gate.clone();
        let body = async move || {
            let scope = Handle::current().scope("scope", async |group| {
                group.adopt(Thread, move || inside.pass_blocking()).await?;
                anyhow::Ok(())
            });
            scope.await.expect("nothing fails");
        };
        runner.task("above").adopt(Tokio, body).expect("taken");
        gate.wait_for(1);
        let tree = runner.tree();
        assert_eq!(tree.group("above/scope").expect("it is open").alive(), 1);
        gate.open();
        until(|| runner.tree().groups().is_empty());
        finish(runner);
    });
}

/// A68.
/// Any number may ask at any time, also while the runner stops.
#[test]
fn trees_are_asked_for_while_everything_comes_and_goes() {
    within(LIMIT, || {
        let runner = runner();
        let over = Gate::default();
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let (handle, over) = (runner.handle(), over.clone());
                thread::spawn(move || {
                    let mut seen = 0;
                    // At least once, though it may be after the end.
                    loop {
                        seen = seen.max(handle.tree().to_string().lines().count());
                        if over.is_open() {
                            return seen;
                        }
                    }
                })
            })
            .collect();
        let counter = Arc::new(());
        for _ in 0..500 {
            let kept = Arc::clone(&counter);
            runner
                .adopt(Tokio, async move || {
                    smol::future::yield_now().await;
                    drop(kept);
                })
                .expect("taken");
            runner.adopt(Thread, || ()).expect("taken");
        }
        runner.stop();
        drop(runner.run());
        over.open();
        for asker in askers {
            assert!(asker.join().expect("no panic") > 0);
        }
        assert_eq!(Arc::strong_count(&counter), 1);
    });
}
