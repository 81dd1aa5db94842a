//! Local children: futures that are not `Send`, on the lane of their parent.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::thread;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinError, LocalHandle, Reason, Refused, StopReason, TaskState};

on_each_lane!(
    a_local_child_shares_with_its_parent_what_may_not_cross_threads,
    a_local_child_goes_on_when_its_parent_is_over,
    a_panic_of_a_local_child_comes_through_its_handle_or_falls_to_the_parents_owner,
    a_stop_of_the_parent_drops_its_local_children_on_their_lane,
    a_local_child_that_never_began_is_dropped_on_its_lane,
    a_local_child_is_refused_off_its_lane_and_below_a_finished_task,
    local_children_have_children_and_names_like_any_other,
);

/// Its value need not be `Send` either.
fn a_local_child_shares_with_its_parent_what_may_not_cross_threads(flavour: impl Lane) {
    let runner = runner();
    let told = runner.execute(flavour, async || {
        let cx = Context::current();
        let (log, turn) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(0)));
        let mut handles = Vec::new();
        for number in 0..3 {
            let (log, turn) = (Rc::clone(&log), Rc::clone(&turn));
            let child = cx.spawn_local(async move {
                turn.set(turn.get() + 1);
                Context::current().handle().spawn(Thread, || ()).expect("taken").await.expect("()");
                log.borrow_mut().push(number);
                (Rc::clone(&log), thread::current().id())
            });
            handles.push(child.map_err(Refused::into_reason)?);
        }
        for mut handle in handles {
            let (same, id) = (&mut handle).await?;
            assert!(Rc::ptr_eq(&log, &same) && id == thread::current().id());
            assert_eq!((&mut handle).await.err(), Some(JoinError::Taken));
            handle.finished().await?;
            assert!(handle.is_over() && handle.is_finished());
            assert_eq!(handle.state(), TaskState::Completed);
        }
        let mut log = log.take();
        log.sort_unstable();
        anyhow::Ok((turn.get(), log))
    });
    assert_eq!(told.unwrap().unwrap(), (3, vec![0, 1, 2]));
    finish(runner);
}

/// The parent is not finished before.
fn a_local_child_goes_on_when_its_parent_is_over(flavour: impl Lane) {
    let runner = runner();
    let go = Gate::default();
    let of_child = go.clone();
    let parent = runner.task("parent").spawn(flavour, async move || {
        let shared = Rc::new(7);
        let child = async move {
            of_child.pass().await;
            assert_eq!(*shared, 7);
        };
        drop(Context::current().spawn_local(child).expect("taken"));
    });
    let mut parent = parent.expect("taken");
    go.wait_for(1);
    integration_tests::until(|| parent.is_over());
    assert!(!parent.is_finished());
    go.open();
    parent.finished_blocking().expect("it is");
    parent.join().expect("it ended");
    finish(runner);
}

/// Rule 8.
fn a_panic_of_a_local_child_comes_through_its_handle_or_falls_to_the_parents_owner(
    flavour: impl Lane,
) {
    let runner = runner();
    let text = runner.execute(flavour, async || {
        let child = Context::current().spawn_local(async { panic!("the child broke") });
        let child: Result<(), JoinError> = child.expect("taken").await;
        child.expect_err("it broke").as_panic().expect("a panic").text().to_owned()
    });
    assert_eq!(text.unwrap(), "the child broke");
    let parent = runner.task("parent").adopt(flavour, async || {
        let weak = async { panic!("and nobody looked") };
        drop::<LocalHandle<()>>(Context::current().task("weak").spawn_local(weak).expect("taken"));
    });
    parent.map(drop).expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.failures()[0].task().path(), "parent/weak");
}

/// Rule 18.
fn a_stop_of_the_parent_drops_its_local_children_on_their_lane(flavour: impl Lane) {
    let runner = runner();
    let begun = Gate::default();
    let of_child = begun.clone();
    let (told, tells) = witness();
    let parent = runner.task("parent").grace(std::time::Duration::ZERO);
    let parent = parent.spawn(flavour, async move || {
        let lane = thread::current().id();
        let child = async move {
            let _told = told;
            of_child.come();
            pending::<()>().await;
        };
        drop(Context::current().spawn_local(child).expect("taken"));
        lane
    });
    let mut parent = parent.expect("taken");
    begun.wait_for(1);
    parent.stop();
    parent.finished_blocking().expect("it is");
    assert_eq!(tells.recv().expect("dropped").id(), parent.join().expect("its body was over"));
    finish(runner);
}

/// Handed over, stopped before its turn.
fn a_local_child_that_never_began_is_dropped_on_its_lane(flavour: impl Lane) {
    let runner = runner();
    let (told, tells) = witness();
    let parent = runner.task("parent").spawn(flavour, async move || {
        let cx = Context::current();
        let child = cx.task("child").spawn_local(async move {
            let _told = told;
            panic!("it began");
        });
        let mut child = child.expect("taken");
        child.stop();
        // The lane is held until the controller has heard of it.
        let fence = cx.handle().spawn(Thread, || Context::current().stopped_blocking());
        let fence = fence.expect("taken");
        fence.stop();
        let _ = fence.join();
        let outcome: Result<(), JoinError> = (&mut child).await;
        (outcome.expect_err("stopped"), thread::current().id())
    });
    let (error, lane) = parent.expect("taken").join().expect("it ends");
    assert_eq!(error, JoinError::Stopped);
    assert_eq!(tells.recv().expect("dropped").id(), lane);
    finish(runner);
}

/// Rule 10, A10.
fn a_local_child_is_refused_off_its_lane_and_below_a_finished_task(flavour: impl Lane) {
    let runner = runner();
    let parent = runner.spawn(flavour, async || Context::current());
    let cx = parent.expect("taken").join().expect("it ends");
    let finished = cx.clone();
    let value = runner.execute(flavour, async move || {
        let shared = Rc::new(7);
        let refused = finished.spawn_local(async move { *shared }).expect_err("it is finished");
        assert!(matches!(refused.reason(), Reason::Finished { .. }), "{refused}");
        refused.into_payload().await
    });
    assert_eq!(value.unwrap(), 7);
    let (given, taken) = channel();
    let (done, over) = channel::<()>();
    let living = runner.spawn(Smol, async move || {
        given.send(Context::current()).expect("the test listens");
        Context::current().handle().spawn(Thread, move || over.recv()).expect("taken").await
    });
    let cx = taken.recv().expect("given");
    let refused = cx.spawn_local(async { 7 }).expect_err("this is no lane");
    assert!(matches!(refused.reason(), Reason::OffLane), "{refused}");
    assert!(refused.to_string().contains("lane of its parent"), "{refused}");
    drop(done);
    let _ = living.expect("taken").join();
    finish(runner);
}

/// As the children of any flavour.
fn local_children_have_children_and_names_like_any_other(flavour: impl Lane) {
    let runner = runner();
    let paths = runner.task("parent").execute(flavour, async move || {
        let cx = Context::current();
        let child = cx.task("local").spawn_local(async move {
            let cx = Context::current();
            let path = || Context::current().label().path();
            let below = cx.task("below").spawn(Thread, path).expect("taken").await;
            let beside = cx.task("beside").spawn_local(async move { path() });
            (below.expect("it ends"), beside.expect("taken").await.expect("it ends"))
        });
        let twin = cx.task("local").spawn_local(async {}).expect_err("the name is taken");
        assert!(matches!(twin.into_reason(), Reason::DuplicateName { .. }));
        child.expect("taken").await.expect("it ends")
    });
    let (below, beside) = paths.unwrap();
    assert_eq!((below.as_str(), beside.as_str()), ("parent/local/below", "parent/local/beside"));
    finish(runner);
}

/// A payload on a thread has no lane, and its children are not local.
#[test]
fn a_payload_on_a_thread_is_told_that_it_has_no_lane() {
    within(LIMIT, || {
        let runner = runner();
        let refused = runner.execute(Thread, || {
            Context::current().spawn_local(async {}).expect_err("no lane").into_reason()
        });
        assert!(matches!(refused.unwrap(), Reason::OffLane));
        finish(runner);
    });
}
