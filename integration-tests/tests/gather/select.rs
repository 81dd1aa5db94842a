//! The first of several that ends, and which it is: `select` and its blocking twin.

use std::future::pending;
use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::fake::block_on;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinError, WaitError, select, select_blocking, timeout};

use crate::{Three, many};

on_each_lane!(
    the_first_that_ends_is_told_and_the_others_can_be_selected_again,
    of_several_that_have_ended_the_first_handle_is_told,
    one_that_panicked_or_was_stopped_may_be_the_first,
    a_select_of_none_is_an_error_and_one_of_one_is_told,
    a_select_that_is_dropped_half_way_has_taken_nothing,
    a_caller_that_is_stopped_in_a_select_ends_stopped_and_the_others_go_on,
    a_task_that_selects_nobody_but_itself_is_told_so,
);

/// A108, A109, T98.
fn the_first_that_ends_is_told_and_the_others_can_be_selected_again(lane: impl Lane) {
    let runner = runner();
    let (mut handles, gates) = many(&runner, 8);
    let waits = runner.execute(lane, async move || {
        let mut numbers = Vec::new();
        for gate in [5, 0, 7, 2] {
            gates[gate].open();
            let place = select(&mut handles).await.expect("there are some");
            assert!(handles[place].is_finished());
            numbers.push(handles.remove(place).await.expect("a value"));
        }
        assert!(!handles.iter().any(TaskHandle::is_finished));
        gates.iter().for_each(Gate::open);
        (numbers, handles.len())
    });
    assert_eq!(waits.expect("no panic"), (vec![5, 0, 7, 2], 4));
    finish(runner);
}

/// A108, A142, T98.
#[test]
fn a_plain_thread_and_one_of_the_pool_are_told_the_first() {
    within(LIMIT, || {
        let runner = runner();
        let waits = |mut three: Three| {
            let (first, second, third) = &mut three.handles;
            three.gates[1].open();
            assert_eq!(select_blocking((&mut *first, &mut *second, &mut *third)), Ok(1));
            three.gates[2].open();
            assert_eq!(select_blocking((&mut *first, &mut *third)), Ok(1));
            assert!(!first.is_finished());
            three.gates[0].open();
            assert_eq!(select_blocking((first,)), Ok(0));
            three.handles
        };
        let (one, two, three) = waits(Three::of(&runner));
        assert_eq!((one.join(), two.join(), three.join()), (Ok(1), Ok("two"), Ok(3.0)));
        let three = Three::of(&runner);
        let waits = runner.spawn(Thread, move || waits(three).0.join());
        assert_eq!(waits.expect("taken").join(), Ok(Ok(1)));
        finish(runner);
    });
}

fn of_several_that_have_ended_the_first_handle_is_told(lane: impl Lane) {
    let runner = runner();
    let mut three = Three::of(&runner);
    three.end([2, 1, 0]);
    let told = runner.execute(lane, async move || {
        let (first, second, third) = &mut three.handles;
        let told = select((&mut *third, &mut *second, first)).await;
        // One whose value was taken is no reason to wait.
        let taken = (&mut *third).await.is_ok() && select((&mut *third, second)).await == Ok(0);
        (told, taken)
    });
    assert_eq!(told.expect("no panic"), (Ok(0), true));
    finish(runner);
}

/// T94, T95.
fn one_that_panicked_or_was_stopped_may_be_the_first(lane: impl Lane) {
    let runner = runner();
    let waiting = Gate::default();
    let held = waiting.clone();
    let mut waits = runner.spawn(Tokio, async move || held.pass().await).expect("taken");
    let mut stopped =
        runner.task("s").grace(Duration::ZERO).spawn(Smol, pending::<()>).expect("taken");
    stopped.stop();
    assert_eq!(select_blocking((&mut waits, &mut stopped)), Ok(1));
    let told = runner.execute(lane, async move || {
        let first = select((&mut waits, &mut stopped)).await;
        let mut panics =
            Handle::current().spawn(Thread, || -> () { panic!("on purpose") }).expect("taken");
        let second = select((&mut waits, &mut panics)).await;
        (first, stopped.await, second, panics.await)
    });
    let (first, stopped, second, panicked) = told.expect("no panic");
    assert_eq!((first, second), (Ok(1), Ok(1)));
    assert_eq!(stopped, Err(JoinError::Stopped));
    assert!(matches!(panicked, Err(JoinError::Panicked(_))), "{panicked:?}");
    waiting.open();
    finish(runner);
}

/// T87, T88, T103.
fn a_select_of_none_is_an_error_and_one_of_one_is_told(lane: impl Lane) {
    let runner = runner();
    let told = runner.execute(lane, async || {
        let none: &mut [TaskHandle<()>] = &mut [];
        let mut one = Handle::current().spawn(Thread, || ()).expect("taken");
        (select(none).await, select((&mut one,)).await)
    });
    assert_eq!(told.expect("no panic"), (Err(WaitError::Empty), Ok(0)));
    let error = select_blocking(()).unwrap_err();
    assert!(error.to_string().contains("first of no tasks"), "{error}");
    finish(runner);
}

/// T91, T99: in another executor too.
fn a_select_that_is_dropped_half_way_has_taken_nothing(lane: impl Lane) {
    let runner = runner();
    let Three { mut handles, gates } = Three::of(&runner);
    let mut handles = runner
        .execute(lane, async move || {
            let (first, second, third) = &mut handles;
            for _ in 0..3 {
                let early = select((&mut *first, &mut *second, &mut *third));
                assert!(timeout(Duration::from_millis(1), early).await.is_err());
            }
            handles
        })
        .expect("no panic");
    let (first, second, third) = &mut handles;
    let early = select((&mut *third, &mut *second, &mut *first));
    assert!(block_on(smol::future::poll_once(early)).is_none());
    gates[0].open();
    assert_eq!(block_on(select((third, second, first))), Ok(2));
    assert_eq!(handles.0.join(), Ok(1));
    gates.iter().for_each(Gate::open);
    assert_eq!((handles.1.join(), handles.2.join()), (Ok("two"), Ok(3.0)));
    finish(runner);
}

/// T91, T98, T100.
fn a_caller_that_is_stopped_in_a_select_ends_stopped_and_the_others_go_on(lane: impl Lane) {
    let runner = runner();
    let (mut handles, gates) = many(&runner, 4);
    let begun = Gate::default();
    let begins = begun.clone();
    let caller = runner.task("caller").grace(Duration::ZERO).spawn(lane, async move || {
        begins.come();
        select(&mut handles).await
    });
    let caller = caller.expect("taken");
    begun.wait_for(1);
    caller.stop();
    caller.stop();
    assert_eq!(caller.join(), Err(JoinError::Stopped));
    gates.iter().for_each(Gate::open);
    finish(runner);
}

fn a_task_that_selects_nobody_but_itself_is_told_so(lane: impl Lane) {
    let runner = runner();
    let (give, take) = crossbeam_channel::bounded::<TaskHandle<()>>(1);
    let (told, tells) = crossbeam_channel::bounded(1);
    let own = runner.task("own").spawn(lane, async move || {
        let mut own = take.recv().expect("its handle");
        let alone = select((&mut own,)).await;
        let mut other = Handle::current().spawn(Thread, || ()).expect("taken");
        let _ = told.send((alone, select((&mut own, &mut other)).await));
    });
    give.send(own.expect("taken")).expect("it takes it");
    let (alone, with_other) = tells.recv().expect("told");
    let error = alone.unwrap_err();
    assert!(error.as_ring().is_some() && error.to_string().contains("`own`"), "{error}");
    assert_eq!(with_other, Ok(1));
    finish(runner);
}

/// Each handle is looked at when it begins and when it ends, not at each end of another.
#[test]
fn waits_for_thousands_are_soon_over() {
    within(LIMIT, || {
        let runner = runner();
        let gate = Gate::default();
        let mut handles: Vec<_> = (0..20_000)
            .map(|n| {
                let held = gate.clone();
                let waits = async move || {
                    if n == 0 {
                        held.pass().await;
                    }
                    n
                };
                runner.spawn(Tokio, waits).expect("taken")
            })
            .collect();
        let until_failed = spumoni::Until::FirstFailed;
        let (first, rest) = handles.split_first_mut().expect("there are some");
        let waited = spumoni::wait_blocking(rest, until_failed, None).expect("no ring");
        assert_eq!(waited.done().len(), 19_999);
        assert!(!first.is_finished());
        gate.open();
        assert_eq!(select_blocking((&mut *first,)), Ok(0));
        let values = spumoni::try_gather_blocking(&mut handles).expect("values");
        assert_eq!(values.len(), 20_000);
        finish(runner);
    });
}
