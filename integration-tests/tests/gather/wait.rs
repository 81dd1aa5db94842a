//! Until the first has ended, the first has failed, or all have ended, with and without a limit.

use std::future::pending;
use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::fake::block_on;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinError, Until, WaitError, wait, wait_blocking};

use crate::{Three, many};

const SHORT: Duration = Duration::from_millis(5);

on_each_lane!(
    a_wait_says_who_has_ended_and_who_has_not_in_the_order_of_the_handles,
    a_wait_for_the_first_failure_passes_over_values,
    a_wait_for_all_sees_one_that_was_stopped_and_waits_for_the_others,
    a_wait_for_none_is_over_at_once_but_for_the_first_of_them,
    a_limit_ends_a_wait_and_nothing_is_lost,
    a_caller_that_is_stopped_in_a_wait_ends_stopped_and_the_others_go_on,
);

/// T87, T98, A109.
fn a_wait_says_who_has_ended_and_who_has_not_in_the_order_of_the_handles(lane: impl Lane) {
    let runner = runner();
    let mut three = Three::of(&runner);
    let waits = runner.execute(lane, async move || {
        let (first, second, third) = &mut three.handles;
        three.gates[2].open();
        let waited =
            wait((&mut *first, &mut *second, &mut *third), Until::FirstEnded, None).await?;
        assert_eq!((waited.done(), waited.pending()), (&[2][..], &[0, 1][..]));
        three.gates[0].open();
        let waited = wait((&mut *first, &mut *third), Until::AllEnded, None).await?;
        assert_eq!((waited.done(), waited.pending()), (&[0, 1][..], &[][..]));
        let waited = wait((&mut *first, &mut *second, third), Until::FirstEnded, None).await?;
        assert_eq!((waited.done(), waited.pending()), (&[0, 2][..], &[1][..]));
        assert!(!waited.is_timed_out());
        three.gates[1].open();
        assert_eq!((first.await, second.await), (Ok(1), Ok("two")));
        Ok::<_, WaitError>(())
    });
    assert_eq!(waits.expect("no panic"), Ok(()));
    finish(runner);
}

/// T87, A45.
fn a_wait_for_the_first_failure_passes_over_values(lane: impl Lane) {
    let runner = runner();
    let (gate, free) = (Gate::default(), Gate::default());
    let (held, frees) = (gate.clone(), free.clone());
    let mut handles = vec![
        runner.spawn(Smol, async || Err::<(), _>("a value")).expect("taken"),
        runner
            .spawn(Thread, move || {
                held.pass_blocking();
                panic!("on purpose")
            })
            .expect("taken"),
        runner
            .spawn(Tokio, async move || {
                frees.pass().await;
                Ok(())
            })
            .expect("taken"),
    ];
    let one_value = wait_blocking(&mut handles, Until::FirstEnded, None).expect("no ring");
    assert_eq!(one_value.done(), [0]);
    let none_yet = wait_blocking(&mut handles, Until::FirstFailed, SHORT).expect("no ring");
    assert!(none_yet.is_timed_out());
    assert_eq!(none_yet.done(), [0]);
    let waits = runner.spawn(lane, async move || {
        let waited = wait(&mut handles, Until::FirstFailed, None).await.expect("no ring");
        waited.split(handles)
    });
    gate.open();
    let (done, pending) = waits.expect("taken").join().expect("a value");
    free.open();
    let join = |handles: Vec<TaskHandle<_>>| handles.into_iter().map(TaskHandle::join);
    let mut ended = join(done);
    assert_eq!(ended.next(), Some(Ok(Err("a value"))));
    assert!(matches!(ended.next(), Some(Err(JoinError::Panicked(_)))));
    assert_eq!((ended.next(), join(pending).collect::<Vec<_>>()), (None, vec![Ok(Ok(()))]));
    finish(runner);
}

/// T93, T87: where nobody fails it is as for all.
fn a_wait_for_all_sees_one_that_was_stopped_and_waits_for_the_others(lane: impl Lane) {
    let runner = runner();
    let Three { mut handles, gates } = Three::of(&runner);
    let stopped = runner.task("s").grace(Duration::ZERO).spawn(Smol, pending::<()>);
    let mut stopped = stopped.expect("taken");
    stopped.stop();
    let waits = runner.spawn(lane, async move || {
        let (first, second, third) = &mut handles;
        let all = (&mut *first, &mut stopped, &mut *second, &mut *third);
        let waited = wait(all, Until::AllEnded, None).await.expect("no ring");
        assert_eq!(stopped.await, Err(JoinError::Stopped));
        let values = (&mut *first, &mut *second, third);
        let no_failure = wait(values, Until::FirstFailed, None).await.expect("no ring");
        assert_eq!(no_failure.done(), [0, 1, 2]);
        (waited, first.await, second.await)
    });
    gates.iter().for_each(Gate::open);
    let (waited, first, second) = waits.expect("taken").join().expect("no panic");
    assert_eq!((waited.done(), waited.pending()), (&[0, 1, 2, 3][..], &[][..]));
    assert_eq!((first, second), (Ok(1), Ok("two")));
    finish(runner);
}

/// T87, T103.
fn a_wait_for_none_is_over_at_once_but_for_the_first_of_them(lane: impl Lane) {
    let runner = runner();
    let told = runner.execute(lane, async || {
        let mut told = Vec::new();
        for until in [Until::FirstEnded, Until::FirstFailed, Until::AllEnded] {
            told.push(wait((), until, Duration::MAX).await.map(|waited| waited.done().len()));
            assert_eq!(told.last(), Some(&wait_blocking((), until, None).map(|_| 0)));
        }
        told
    });
    assert_eq!(told.expect("no panic"), [Err(WaitError::Empty), Ok(0), Ok(0)]);
    finish(runner);
}

/// T90, T99.
fn a_limit_ends_a_wait_and_nothing_is_lost(lane: impl Lane) {
    let runner = runner();
    let (mut handles, gates) = many(&runner, 8);
    gates[3].open();
    integration_tests::until(|| handles[3].is_finished());
    let waits = runner.spawn(lane, async move || {
        for limit in [Duration::ZERO, SHORT] {
            let waited = wait(&mut handles, Until::AllEnded, limit).await.expect("no ring");
            assert!(waited.is_timed_out());
            assert_eq!((waited.done(), waited.pending().len()), (&[3][..], 7));
            // What is there already is no matter of time.
            let waited = wait(&mut handles, Until::FirstEnded, limit).await.expect("no ring");
            assert!(!waited.is_timed_out());
        }
        handles
    });
    let mut handles = waits.expect("taken").join().expect("no panic");
    for limit in [Duration::ZERO, SHORT] {
        let waited = wait_blocking(&mut handles, Until::AllEnded, limit).expect("no ring");
        assert!(waited.is_timed_out());
        assert_eq!((waited.done(), waited.pending().len()), (&[3][..], 7));
    }
    gates.iter().for_each(Gate::open);
    let values: Vec<_> = handles.into_iter().map(TaskHandle::join).collect();
    assert_eq!(values, (0..8).map(Ok).collect::<Vec<_>>());
    finish(runner);
}

/// T90, T100.
fn a_caller_that_is_stopped_in_a_wait_ends_stopped_and_the_others_go_on(lane: impl Lane) {
    let runner = runner();
    let (mut handles, gates) = many(&runner, 4);
    let begun = Gate::default();
    let begins = begun.clone();
    let caller = runner.spawn(lane, async move || {
        let cx = Context::current();
        begins.come();
        let waits = wait(&mut handles, Until::AllEnded, LIMIT * 100);
        let ended = cx.run_until_stopped(waits).await;
        (ended.map(drop), handles)
    });
    let caller = caller.expect("taken");
    begun.wait_for(1);
    caller.stop();
    caller.stop();
    let (ended, handles) = caller.join().expect("its own way out");
    assert_eq!(ended, Err(Stopping));
    gates.iter().for_each(Gate::open);
    assert_eq!(spumoni::try_gather_blocking(handles), Ok(vec![0, 1, 2, 3]));
    finish(runner);
}

#[test]
fn off_the_lanes_a_limit_is_an_error_that_says_what_to_use() {
    within(LIMIT, || {
        let runner = runner();
        let (mut handles, gates) = many(&runner, 2);
        let error = block_on(wait(&mut handles, Until::AllEnded, SHORT)).unwrap_err();
        assert!(error.to_string().contains("wait_blocking"), "{error}");
        gates.iter().for_each(Gate::open);
        let waited = block_on(wait(&mut handles, Until::AllEnded, None)).expect("no timer needed");
        assert_eq!(waited.done(), [0, 1]);
        finish(runner);
    });
}
