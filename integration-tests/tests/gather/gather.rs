//! All outcomes, in the order of the handles: `gather`, `try_gather` and their blocking twins.

use std::future::{Future, pending, poll_fn};
use std::time::Duration;

use integration_tests::each::{Any, Lane};
use integration_tests::fake::block_on;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{
    JoinError, Until, gather, gather_blocking, select_blocking, timeout, try_gather,
    try_gather_blocking, wait,
};

use crate::{Three, many};

on_each_lane!(
    values_come_in_the_order_of_the_handles_and_not_of_the_ends,
    a_wait_for_none_is_over_at_once_and_one_is_a_tuple_of_one,
    each_outcome_stands_for_itself_and_nobody_is_stopped,
    the_first_error_is_given_when_all_have_ended_and_the_other_outcomes_stay,
    a_gather_that_is_dropped_half_way_has_taken_nothing,
    a_caller_that_is_stopped_ends_stopped_and_those_it_waited_for_go_on,
    a_task_that_gathers_itself_is_told_so,
    a_task_that_was_given_up_is_an_error_and_no_hang,
    a_task_whose_children_live_still_has_its_outcome,
);

/// T85, A43.
fn values_come_in_the_order_of_the_handles_and_not_of_the_ends(lane: impl Lane) {
    let runner = runner();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let Three { mut handles, gates } = Three::of(&runner);
        let waits = runner.spawn(lane, async move || {
            let (first, second, third) = &mut handles;
            gather((first, second, third)).await
        });
        order.iter().for_each(|&place| gates[place].open());
        let (one, two, three) = waits.expect("taken").join().expect("a value");
        assert_eq!((one, two, three), (Ok(1), Ok("two"), Ok(3.0)));
    }
    let (handles, gates) = many(&runner, 40);
    gates.iter().rev().for_each(Gate::open);
    let values = runner.execute(lane, async || try_gather(handles).await);
    assert_eq!(values.expect("an answer"), Ok((0..40).collect()));
    finish(runner);
}

/// T85, A43, A142.
#[test]
fn a_plain_thread_and_one_of_the_pool_get_all_values_in_order() {
    within(LIMIT, || {
        let runner = runner();
        let here = Three::of(&runner);
        here.end([2, 0, 1]);
        assert_eq!(gather_blocking(here.handles), (Ok(1), Ok("two"), Ok(3.0)));
        let here = Three::of(&runner);
        let handles = here.handles;
        let waits = runner.spawn(Thread, move || try_gather_blocking(handles));
        [2, 0, 1].iter().for_each(|&place: &usize| here.gates[place].open());
        assert_eq!(waits.expect("taken").join(), Ok(Ok((1, "two", 3.0))));
        let (handles, gates) = many(&runner, 40);
        let waits = runner.spawn(Thread, move || gather_blocking(handles));
        gates.iter().rev().for_each(Gate::open);
        let values = waits.expect("taken").join().expect("a value");
        assert_eq!(values, (0..40).map(Ok).collect::<Vec<_>>());
        finish(runner);
    });
}

/// T85, T88, T103.
fn a_wait_for_none_is_over_at_once_and_one_is_a_tuple_of_one(lane: impl Lane) {
    let runner = runner();
    let waits = runner.execute(lane, async || {
        let handle = Handle::current();
        let one = || handle.spawn(Thread, || 1).expect("taken");
        let none: Vec<TaskHandle<u8>> = Vec::new();
        gather(()).await;
        assert_eq!(try_gather(()).await, Ok(()));
        assert_eq!(gather(none).await, []);
        assert_eq!(gather((one(),)).await, (Ok(1),));
        assert_eq!(gather([one()]).await, [Ok(1)]);
        assert_eq!(try_gather(vec![one()]).await, Ok(vec![1]));
        let (mut lent, mut more) = ([one(), one()], vec![one()]);
        assert_eq!(gather(&mut lent[1..]).await, [Ok(1)]);
        assert_eq!(gather(&mut lent).await, [Ok(1), Err(JoinError::Taken)]);
        assert_eq!(gather(&mut more).await, [Ok(1)]);
    });
    waits.expect("no panic");
    let none: [TaskHandle<u8>; 0] = [];
    assert_eq!(gather_blocking(none), []);
    assert_eq!(try_gather_blocking(()), Ok(()));
    finish(runner);
}

/// A44, A45, T97.
fn each_outcome_stands_for_itself_and_nobody_is_stopped(lane: impl Lane) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let panics = runner.spawn(Smol, async || panic!("on purpose")).expect("taken");
    let stopped = runner.task("stopped").grace(Duration::ZERO).spawn(Tokio, pending::<u8>);
    let stopped = stopped.expect("taken");
    stopped.stop();
    let returns = runner.spawn(Thread, || Err::<u8, _>("a value")).expect("taken");
    let panicked = runner.spawn(lane, async || -> u8 { panic!("first") }).expect("taken");
    until(|| panicked.is_finished());
    let value = runner.spawn(lane, async move || {
        held.pass().await;
        Context::current().is_stopping()
    });
    let all = (panics, stopped, returns, panicked, value.expect("taken"));
    let waits = runner.spawn(lane, async move || {
        let all: (TaskHandle<()>, _, _, _, _) = all;
        gather(all).await
    });
    gate.wait_for(1);
    gate.open();
    let (panics, stopped, returns, panicked, value) =
        waits.expect("taken").join().expect("a value");
    let text = |error: &JoinError| error.as_panic().map(|panic| panic.to_string());
    assert!(text(&panics.unwrap_err()).is_some_and(|text| text.contains("on purpose")));
    assert_eq!(stopped, Err(JoinError::Stopped));
    assert_eq!(returns, Ok(Err("a value")));
    assert!(text(&panicked.unwrap_err()).is_some_and(|text| text.contains("first")));
    assert_eq!(value, Ok(false));
    finish(runner);
}

/// T85, T97: first in time, and not in the order of the handles.
fn the_first_error_is_given_when_all_have_ended_and_the_other_outcomes_stay(lane: impl Lane) {
    let runner = runner();
    let gates = [Gate::default(), Gate::default(), Gate::default()];
    let mut handles = Vec::new();
    for (n, gate) in gates.iter().cloned().enumerate() {
        let fails = move || {
            gate.pass_blocking();
            assert!(n == 2, "number {n}");
            n
        };
        handles.push(runner.spawn(Thread, fails).expect("taken"));
    }
    let polled = Gate::default();
    let comes = polled.clone();
    let waits = runner.spawn(lane, async move || {
        let gathered = {
            let mut gathered = std::pin::pin!(try_gather(&mut handles));
            poll_fn(|cx| {
                let poll = gathered.as_mut().poll(cx);
                comes.come();
                poll
            })
            .await
        };
        (gathered, gather(handles).await)
    });
    let waits = waits.expect("taken");
    for (polls, gate) in [(1, 1), (2, 0), (3, 2)] {
        polled.wait_for(polls);
        assert!(!waits.is_finished());
        gates[gate].open();
    }
    let (gathered, rest) = waits.join().expect("a value");
    let error = gathered.expect_err("two have panicked");
    assert_eq!(error.place(), 1, "{error}");
    assert!(error.to_string().contains("thread task"), "{error}");
    assert!(error.to_string().contains("number 1"), "{error}");
    assert_eq!(rest[2], Ok(2));
    assert!(matches!(rest[0], Err(JoinError::Panicked(_))), "{rest:?}");
    assert_eq!(rest[1], Err(JoinError::Taken));
    finish(runner);
}

/// T97, and panics beside the first fall to the group, as if adopted.
#[test]
fn errors_beside_the_first_of_owned_handles_are_not_lost() {
    within(LIMIT, || {
        let runner = runner();
        let fails = |text: &'static str| {
            let task = runner.spawn(Thread, move || -> u8 { panic!("{text}") }).expect("taken");
            until(|| task.is_finished());
            task
        };
        let error = try_gather_blocking((fails("one"), fails("two"))).unwrap_err();
        assert_eq!(error.place(), 0);
        let report = runner.run();
        assert_eq!(report.failures().len(), 1, "{report}");
        assert!(report.failures()[0].to_string().contains("two"), "{report}");
    });
}

/// T89, T99.
fn a_gather_that_is_dropped_half_way_has_taken_nothing(lane: impl Lane) {
    let runner = runner();
    let Three { mut handles, gates } = Three::of(&runner);
    gates[1].open();
    until(|| handles.1.is_finished());
    let opens = gates.clone();
    let waits = runner.execute(lane, async move || {
        let (one, two, three) = &mut handles;
        for _ in 0..3 {
            let early =
                timeout(Duration::from_millis(1), gather((&mut *one, &mut *two, &mut *three)));
            assert!(early.await.is_err());
            let early = try_gather((&mut *one, &mut *two, &mut *three));
            assert!(timeout(Duration::ZERO, early).await.is_err());
        }
        opens.iter().for_each(Gate::open);
        gather(handles).await
    });
    assert_eq!(waits.expect("an answer"), (Ok(1), Ok("two"), Ok(3.0)));
    finish(runner);
}

/// T89, T100: the tasks that it waited for are somebody's still, and end by themselves.
fn a_caller_that_is_stopped_ends_stopped_and_those_it_waited_for_go_on(lane: impl Lane) {
    let runner = runner();
    let (handles, gates) = many(&runner, 4);
    let begun = Gate::default();
    let begins = begun.clone();
    let caller = runner.task("caller").grace(Duration::ZERO).spawn(lane, async move || {
        begins.come();
        gather(handles).await
    });
    let caller = caller.expect("taken");
    begun.wait_for(1);
    caller.stop();
    caller.stop();
    assert_eq!(caller.join(), Err(JoinError::Stopped));
    gates.iter().for_each(|gate| gate.wait_for(1));
    gates.iter().for_each(Gate::open);
    // Nobody was stopped and nobody hangs.
    finish(runner);
}

/// A wait for itself would never end: that is this one's outcome, the others have theirs.
fn a_task_that_gathers_itself_is_told_so(lane: impl Lane) {
    let runner = runner();
    let (give, take) = crossbeam_channel::bounded::<TaskHandle<String>>(1);
    let (told, tells) = crossbeam_channel::bounded(1);
    let own = runner.task("own").spawn(lane, async move || {
        let mut own = take.recv().expect("its handle");
        let mut other = Handle::current().spawn(Thread, || 7).expect("taken");
        let error = try_gather((&mut other, &mut own)).await.expect_err("a ring");
        let (other, own) = gather((other, own)).await;
        let _ = told.send((other, own.map_err(|error| error.to_string()), error));
        String::new()
    });
    give.send(own.expect("taken")).expect("it takes it");
    let (other, own, error) = tells.recv().expect("told");
    assert_eq!(other, Ok(7));
    assert!(own.unwrap_err().contains("waiting for the task would never end"));
    assert_eq!((error.place(), error.task().name()), (1, Some("own")));
    assert_eq!(error.task().flavour().as_str(), lane.name());
    finish(runner);
}

fn a_task_that_was_given_up_is_an_error_and_no_hang(lane: impl Lane) {
    let runner = runner();
    let (gate, short) = (Gate::default(), Duration::from_millis(1));
    let deaf = |name: &str| {
        let held = gate.clone();
        let task = runner.task(name.to_owned()).grace(short).timeout(short);
        task.spawn(Thread, move || held.pass_blocking()).expect("taken")
    };
    let (one, two) = (deaf("one"), deaf("two"));
    let waits = runner.execute(lane, async move || gather((one, two)).await);
    let (one, two) = waits.expect("an answer");
    for outcome in [one, two, gather_blocking((deaf("three"),)).0] {
        let Err(JoinError::TimedOut(late)) = outcome else { panic!("{outcome:?}") };
        // Or it had not begun by then: nobody opened the gate.
        assert_eq!(late.limit(), short, "{late}");
    }
    gate.open();
    finish(runner);
}

#[test]
fn a_stop_that_gives_a_task_up_ends_waits_for_it_on_plain_threads_and_elsewhere() {
    within(LIMIT, || {
        let runner = runner();
        let gate = Gate::default();
        let deaf = || {
            let held = gate.clone();
            runner.spawn(Thread, move || held.pass_blocking()).expect("taken")
        };
        let all = [deaf(), deaf(), deaf(), deaf()];
        let [first, second, third, fourth] = all;
        gate.wait_for(4);
        let blocks = std::thread::spawn(move || gather_blocking([first, second]));
        let polls = std::thread::spawn(move || block_on(try_gather([third, fourth])));
        runner.handle().stop_within(Duration::from_millis(50));
        let report = runner.run();
        assert_eq!(report.abandoned().len(), 4, "{report}");
        let abandoned = || Err(JoinError::Abandoned);
        assert_eq!(blocks.join().expect("no panic"), [abandoned(), abandoned()]);
        let error = polls.join().expect("no panic").unwrap_err();
        assert_eq!(error.into_error(), JoinError::Abandoned);
        gate.open();
    });
}

/// What the handle gives is the body's.
fn a_task_whose_children_live_still_has_its_outcome(lane: impl Lane) {
    let runner = runner();
    let (body, child) = (Gate::default(), Gate::default());
    let parent = || {
        let (body, child) = (body.clone(), child.clone());
        let payload = async move || {
            let lives = async move || child.pass().await;
            Context::current().spawn(lane, lives).map(drop).expect("taken");
            body.pass().await;
            7
        };
        runner.spawn(lane, payload).expect("taken")
    };
    let (mut first, mut second, mut third) = (parent(), parent(), parent());
    let begun = Gate::default();
    let begins = begun.clone();
    let waits = runner.spawn(Smol, async move || {
        let all = [&mut first, &mut second];
        begins.come();
        let waited = wait(all, Until::AllEnded, None).await.expect("no ring");
        (waited.done().len(), try_gather((first, second)).await)
    });
    begun.wait_for(1);
    body.wait_for(3);
    body.open();
    assert_eq!(waits.expect("taken").join(), Ok((2, Ok((7, 7)))));
    assert_eq!(select_blocking((&mut third,)), Ok(0));
    assert!(!third.is_finished());
    assert_eq!(try_gather_blocking((third,)), Ok((7,)));
    child.open();
    finish(runner);
}
