//! Waits that could never end are refused at once and name every member; all others get an answer.
//!
//! FAULTS 39 to 42 and 52, PEERS test list 13.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, Ring, TaskState};

on_each_lane!(
    execute_on_the_own_lane_is_refused_with_its_payload,
    execute_on_the_own_lane_is_refused_in_a_function_that_a_task_calls,
    execute_of_a_thread_payload_that_executes_on_the_callers_lane_is_refused,
    join_of_a_task_on_the_own_lane_is_refused,
    an_await_of_the_own_handle_is_refused,
    a_ring_through_the_pool_is_refused,
    a_ring_through_a_pool_task_that_had_not_begun_is_refused,
    a_ring_through_a_pool_thread_that_joins_is_refused,
    a_ring_across_two_runners_is_refused,
    a_timed_join_on_the_own_lane_ends_by_its_limit,
    a_wait_for_a_task_that_is_stopped_meanwhile_ends,
    a_wait_for_the_pool_of_a_lane_that_it_waits_for_gets_an_answer,
    many_waits_for_one_lane_get_their_answers,
);

on_each!(a_task_that_waits_for_itself_is_refused, execute_after_the_end_hands_the_payload_back,);

/// The members of a ring: who waits, and for what.
fn members(ring: &Ring) -> Vec<(&str, &str)> {
    let members = ring.members().iter();
    members.map(|member| (member.task(), member.waits_for())).collect()
}

fn task(flavour: impl Any, name: &str) -> String {
    format!("{} task `{name}`", flavour.name())
}

fn lane(flavour: impl Any) -> String {
    format!("the {} lane", flavour.name())
}

/// The ring of a refused `execute`, and its payload.
fn refused<T: std::fmt::Debug, P>(outcome: Result<T, ExecuteError<P>>) -> (Ring, P) {
    let error = outcome.expect_err("a ring");
    let ring = error.as_ring().expect("a ring").clone();
    for member in ring.members() {
        let text = error.to_string();
        assert!(text.contains(member.task()), "{text}");
        assert!(text.contains(member.waits_for()), "{text}");
    }
    (ring, error.into_payload().expect("it never ran"))
}

/// The ring of a refused `join`.
fn unjoined<T: std::fmt::Debug>(outcome: Result<T, JoinError>) -> Ring {
    match outcome.expect_err("a ring") {
        JoinError::WouldDeadlock(ring) => *ring,
        other => panic!("{other}"),
    }
}

// -- own lane

fn execute_on_the_own_lane_is_refused_with_its_payload(flavour: impl Lane) {
    let runner = runner();
    let handle = runner.handle();
    let (ring, payload) = runner
        .task("asker")
        .execute(flavour, async move || refused(handle.execute(flavour, async || 7)))
        .expect("an answer");
    let (asker, waits_for) = (task(flavour, "asker"), lane(flavour));
    assert_eq!(members(&ring), [(&*asker, &*waits_for)]);
    // The same payload, from where it can be answered.
    assert_eq!(runner.execute(flavour, payload).expect("no ring here"), 7);
    finish(runner);
}

fn execute_on_the_own_lane_is_refused_in_a_function_that_a_task_calls(flavour: impl Lane) {
    fn deep_inside(flavour: impl Lane) -> Ring {
        refused(Handle::current().execute(flavour, async || 7)).0
    }
    let runner = runner();
    let ring = runner.execute(flavour, async move || deep_inside(flavour));
    assert_eq!(ring.expect("an answer").members().len(), 1);
    finish(runner);
}

fn execute_of_a_thread_payload_that_executes_on_the_callers_lane_is_refused(flavour: impl Lane) {
    let runner = runner();
    let [outer, inner] = [runner.handle(), runner.handle()];
    // On the thread flavour `execute` runs on the caller's thread: here, on the lane.
    let ring = runner
        .execute(flavour, async move || {
            outer
                .task("inline")
                .execute(Thread, move || refused(inner.execute(flavour, async || 7)).0)
                .expect("an answer")
        })
        .expect("an answer");
    let inline = task(Thread, "inline");
    assert_eq!(members(&ring), [(&*inline, &*lane(flavour))]);
    finish(runner);
}

fn join_of_a_task_on_the_own_lane_is_refused(flavour: impl Lane) {
    let runner = runner();
    let handle = runner.handle();
    let ring = runner
        .task("joiner")
        .execute(flavour, async move || {
            let other = handle.task("other").spawn(flavour, async || 7);
            unjoined(other.expect("taken").join())
        })
        .expect("an answer");
    let (joiner, other) = (task(flavour, "joiner"), task(flavour, "other"));
    assert_eq!(members(&ring), [(&*joiner, &*other)]);
    finish(runner);
}

fn a_task_that_waits_for_itself_is_refused<F: Any>(flavour: F) {
    use integration_tests::calls::Calls;
    let runner = runner();
    let own = Arc::<Mutex<Option<TaskHandle<Ring>>>>::default();
    let there = Gate::default();
    let taken = Arc::clone(&own);
    let payload = F::Mode::after(&there, move || {
        // Joined by a plain wait, which on a lane is a wait for the own lane.
        let handle = taken.lock().take().expect("its handle");
        unjoined(handle.join())
    });
    let handle = runner.task("narcissus").spawn(flavour, payload).expect("taken");
    *own.lock() = Some(handle);
    there.open();
    // Nobody holds its handle, so a panic in there would not leave the report clean.
    finish(runner);
}

fn an_await_of_the_own_handle_is_refused(flavour: impl Lane) {
    let runner = runner();
    let (give, take) = tokio::sync::oneshot::channel::<TaskHandle<()>>();
    let (tell, told) = crossbeam_channel::bounded(1);
    let own = runner
        .task("narcissus")
        .spawn(flavour, async move || {
            let own = take.await.expect("its handle");
            let _ = tell.send(unjoined(own.await));
        })
        .expect("taken");
    give.send(own).expect("it waits");
    let ring = told.recv().expect("told");
    let narcissus = task(flavour, "narcissus");
    assert_eq!(members(&ring), [(&*narcissus, &*narcissus)]);
    finish(runner);
}

// -- two and three lanes

/// For each ordered pair of async flavours a module of tests.
macro_rules! on_each_pair {
    ($($name:ident),+ $(,)?) => {
        on_each_pair!(@pair tokio_smol, Tokio, Smol, $($name)+);
        on_each_pair!(@pair tokio_async_std, Tokio, AsyncStd, $($name)+);
        on_each_pair!(@pair smol_tokio, Smol, Tokio, $($name)+);
        on_each_pair!(@pair smol_async_std, Smol, AsyncStd, $($name)+);
        on_each_pair!(@pair async_std_tokio, AsyncStd, Tokio, $($name)+);
        on_each_pair!(@pair async_std_smol, AsyncStd, Smol, $($name)+);
    };
    (@pair $module:ident, $one:ident, $other:ident, $($name:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    super::within(super::LIMIT, || super::$name(::spumoni::$one, ::spumoni::$other));
                }
            )+
        }
    };
}

on_each_pair!(
    two_lanes_that_execute_on_each_other_are_refused,
    two_lanes_that_join_each_other_are_refused,
    a_timed_join_in_a_ring_ends_by_its_limit,
    a_lane_that_blocks_on_another_gets_an_answer_from_awaiting_tasks,
);

fn two_lanes_that_execute_on_each_other_are_refused(one: impl Lane, other: impl Lane) {
    let runner = runner();
    let [from_one, from_other] = [runner.handle(), runner.handle()];
    let (ring, payload) = runner
        .task("first")
        .execute(one, async move || {
            from_one
                .task("second")
                .execute(other, async move || refused(from_other.execute(one, async || 7)))
                .expect("the outer wait goes on")
        })
        .expect("an answer");
    let expected = [(task(other, "second"), lane(one)), (task(one, "first"), lane(other))];
    let expected = expected.each_ref().map(|(task, waits_for)| (&**task, &**waits_for));
    assert_eq!(members(&ring), expected);
    assert_eq!(runner.execute(one, payload).expect("no ring here"), 7);
    finish(runner);
}

fn two_lanes_that_join_each_other_are_refused(one: impl Lane, other: impl Lane) {
    let runner = runner();
    // Whoever is refused lets the third go on, and with it the one who waits.
    let refused = Gate::default();
    let third = {
        let refused = refused.clone();
        runner.task("third").spawn(one, async move || refused.pass().await).expect("taken")
    };
    let second = {
        let refused = refused.clone();
        runner
            .task("second")
            .spawn(other, async move || match third.join() {
                Ok(()) => None,
                outcome => {
                    refused.open();
                    Some(unjoined(outcome))
                }
            })
            .expect("taken")
    };
    let first = {
        let refused = refused.clone();
        runner
            .task("first")
            .spawn(one, async move || match second.join() {
                Ok(ring) => ring,
                outcome => {
                    refused.open();
                    Some(unjoined(outcome))
                }
            })
            .expect("taken")
    };
    let ring = first.join().expect("an answer").expect("one was refused");
    let edges =
        [(task(one, "first"), task(other, "second")), (task(other, "second"), task(one, "third"))];
    let mut found = members(&ring);
    found.sort_unstable();
    let mut expected = edges.each_ref().map(|(task, other)| (&**task, &**other));
    expected.sort_unstable();
    assert_eq!(found, expected);
    finish(runner);
}

#[test]
fn three_lanes_in_a_ring_are_refused_by_name() {
    within(LIMIT, || {
        three_lanes(Tokio, Smol, AsyncStd);
        three_lanes(AsyncStd, Smol, Tokio);
        three_lanes(Smol, Tokio, AsyncStd);
    });
}

fn three_lanes(a: impl Lane, b: impl Lane, c: impl Lane) {
    let runner = runner();
    let [from_a, from_b, from_c] = [runner.handle(), runner.handle(), runner.handle()];
    let ring = runner
        .task("first")
        .execute(a, async move || {
            let in_b = async move || {
                let in_c = async move || refused(from_c.execute(a, async || 7)).0;
                let ring = from_b.task("third").execute(c, in_c);
                ring.expect("the wait in the middle goes on")
            };
            let ring = from_a.task("second").execute(b, in_b);
            ring.expect("the outer wait goes on")
        })
        .expect("an answer");
    let expected =
        [(task(c, "third"), lane(a)), (task(a, "first"), lane(b)), (task(b, "second"), lane(c))];
    let expected = expected.each_ref().map(|(task, waits_for)| (&**task, &**waits_for));
    assert_eq!(members(&ring), expected);
    finish(runner);
}

fn a_ring_across_two_runners_is_refused(flavour: impl Lane) {
    let [here, there] = [runner(), runner()];
    let [to_there, to_here] = [there.handle(), here.handle()];
    let ring = here
        .task("first")
        .execute(flavour, async move || {
            to_there
                .task("second")
                .execute(flavour, async move || refused(to_here.execute(flavour, async || 7)).0)
                .expect("the outer wait goes on")
        })
        .expect("an answer");
    let (first, second) = (task(flavour, "first"), task(flavour, "second"));
    let lane = lane(flavour);
    assert_eq!(members(&ring), [(&*second, &*lane), (&*first, &*lane)]);
    finish(here);
    finish(there);
}

// -- through the pool

fn a_ring_through_the_pool_is_refused(flavour: impl Lane) {
    let runner = runner();
    let [from_lane, from_pool] = [runner.handle(), runner.handle()];
    let ring = runner
        .task("first")
        .execute(flavour, async move || {
            let second = from_lane
                .task("second")
                .spawn(Thread, move || {
                    // Refused now, or after the lane was: one of the two is.
                    match from_pool.execute(flavour, async || 7) {
                        Ok(_) => None,
                        outcome => Some(refused(outcome).0),
                    }
                })
                .expect("taken");
            match second.join() {
                Ok(ring) => ring,
                outcome => Some(unjoined(outcome)),
            }
        })
        .expect("an answer")
        .expect("one was refused");
    let edges =
        [(task(flavour, "first"), task(Thread, "second")), (task(Thread, "second"), lane(flavour))];
    let mut found = members(&ring);
    found.sort_unstable();
    let mut expected = edges.each_ref().map(|(task, other)| (&**task, &**other));
    expected.sort_unstable();
    assert_eq!(found, expected);
    finish(runner);
}

fn a_ring_through_a_pool_task_that_had_not_begun_is_refused(flavour: impl Lane) {
    let runner =
        ServiceRunner::builder().signals(false).pool_size(1).build().expect("good settings");
    let free = Gate::default();
    let busy = {
        let free = free.clone();
        let busy = runner.spawn(Thread, move || free.pass_blocking());
        busy.expect("taken")
    };
    let [from_lane, from_pool] = [runner.handle(), runner.handle()];
    let first = runner
        .task("first")
        .spawn(flavour, async move || {
            let second = from_lane
                .task("second")
                .spawn(Thread, move || match from_pool.execute(flavour, async || 7) {
                    Ok(_) => None,
                    outcome => Some(refused(outcome).0),
                })
                .expect("taken");
            // As long as nobody runs it nothing is known of a ring.
            match second.join() {
                Ok(ring) => ring,
                outcome => Some(unjoined(outcome)),
            }
        })
        .expect("taken");
    until(|| first.state() == TaskState::Running);
    free.open();
    busy.join().expect("done");
    let ring = first.join().expect("an answer").expect("one was refused");
    assert_eq!(ring.members().len(), 2, "{ring}");
    finish(runner);
}

fn a_ring_through_a_pool_thread_that_joins_is_refused(flavour: impl Lane) {
    let runner = runner();
    let own = Arc::<Mutex<Option<TaskHandle<Ring>>>>::default();
    let there = Gate::default();
    let (tell, told) = crossbeam_channel::bounded(1);
    let (wait, taken, handle) = (there.clone(), Arc::clone(&own), runner.handle());
    let outer = runner
        .task("outer")
        .spawn(Thread, move || {
            wait.pass_blocking();
            let own = taken.lock().take().expect("its handle");
            let ring = handle
                .task("inner")
                .execute(flavour, async move || unjoined(own.join()))
                .expect("an answer");
            let _ = tell.send(ring.clone());
            ring
        })
        .expect("taken");
    *own.lock() = Some(outer);
    there.open();
    let ring = told.recv().expect("told");
    let (inner, outer) = (task(flavour, "inner"), task(Thread, "outer"));
    assert_eq!(members(&ring), [(&*inner, &*outer), (&*outer, &*lane(flavour))]);
    finish(runner);
}

/// Each level waits for the next one on the same pool.
fn descend(handle: &Handle, depth: u32) -> u32 {
    if depth == 0 {
        return 1;
    }
    let below = handle.clone();
    let next = handle.spawn(Thread, move || descend(&below, depth - 1));
    next.expect("taken").join().expect("an answer") + 1
}

#[test]
fn a_full_pool_that_waits_for_itself_gets_its_answers() {
    within(LIMIT, || {
        for size in [1, 2] {
            let runner = ServiceRunner::builder()
                .signals(false)
                .pool_size(size)
                .build()
                .expect("good settings");
            // As many as fill the pool, each of which is there before any goes down.
            let all_there = Arc::new(Barrier::new(size));
            let tops: Vec<_> = (0..size)
                .map(|_| {
                    let (all_there, handle) = (Arc::clone(&all_there), runner.handle());
                    let top = runner.spawn(Thread, move || {
                        all_there.wait();
                        descend(&handle, 3)
                    });
                    top.expect("taken")
                })
                .collect();
            for top in tops {
                assert_eq!(top.join().expect("an answer"), 4);
            }
            finish(runner);
        }
    });
}

#[test]
fn a_full_pool_that_executes_on_itself_runs_in_the_callers_thread() {
    within(LIMIT, || {
        let runner =
            ServiceRunner::builder().signals(false).pool_size(1).build().expect("good settings");
        let handle = runner.handle();
        let threads = runner.spawn(Thread, move || {
            let inner = handle.clone();
            let deep = handle
                .execute(Thread, move || inner.execute(Thread, || std::thread::current().id()));
            let deep = deep.expect("an answer").expect("an answer");
            (std::thread::current().id(), deep)
        });
        let (outer, inner) = threads.expect("taken").join().expect("an answer");
        assert_eq!(outer, inner);
        finish(runner);
    });
}

fn a_wait_for_the_pool_of_a_lane_that_it_waits_for_gets_an_answer(flavour: impl Lane) {
    let runner =
        ServiceRunner::builder().signals(false).pool_size(1).build().expect("good settings");
    let [from_pool, from_lane] = [runner.handle(), runner.handle()];
    let answer = runner.spawn(Thread, move || {
        // The only thread blocks on the lane, which waits for the pool: that has room for one more.
        from_pool
            .execute(flavour, async move || from_lane.spawn(Thread, || 7).expect("taken").join())
    });
    let answer = answer.expect("taken").join().expect("an answer");
    assert_eq!(answer.expect("an answer"), Ok(7));
    finish(runner);
}

// -- no ring: an answer

#[test]
fn a_chain_through_every_flavour_gets_its_answer() {
    within(LIMIT, || {
        let runner = runner();
        let handles = [runner.handle(), runner.handle(), runner.handle(), runner.handle()];
        let [a, b, c, d] = handles;
        let answer = runner.execute(Tokio, async move || {
            a.execute(Smol, async move || {
                b.spawn(Thread, move || c.execute(AsyncStd, async move || d.execute(Thread, || 7)))
                    .expect("taken")
                    .join()
            })
        });
        let from_pool = answer.expect("from tokio").expect("from smol");
        let from_thread = from_pool.expect("from the pool").expect("from async-std");
        assert_eq!(from_thread.expect("from the thread"), 7);
        finish(runner);
    });
}

fn many_waits_for_one_lane_get_their_answers(flavour: impl Lane) {
    let runner = runner();
    let waits: Vec<_> = (0..16)
        .map(|number| {
            let handle = runner.handle();
            let wait =
                runner.spawn(Thread, move || handle.execute(flavour, async move || number).ok());
            wait.expect("taken")
        })
        .collect();
    for (number, wait) in waits.into_iter().enumerate() {
        assert_eq!(wait.join(), Ok(Some(number)));
    }
    finish(runner);
}

fn a_lane_that_blocks_on_another_gets_an_answer_from_awaiting_tasks(
    one: impl Lane,
    other: impl Lane,
) {
    let runner = runner();
    let handle = runner.handle();
    // On the other lane a task awaits one of the blocked lane: it holds nobody up.
    let later = runner.spawn(one, async || ()).expect("taken");
    let awaiting = runner.spawn(other, async move || later.await);
    let answer = runner.execute(one, async move || handle.execute(other, async || 7).ok());
    assert_eq!(answer.expect("an answer"), Some(7));
    assert_eq!(awaiting.expect("taken").join(), Ok(Ok(())));
    finish(runner);
}

// -- waits that end by themselves

fn a_timed_join_on_the_own_lane_ends_by_its_limit(flavour: impl Lane) {
    let runner = runner();
    let handle = runner.handle();
    let late = runner
        .execute(flavour, async move || {
            let other = handle.spawn(flavour, async || 7).expect("taken");
            let other = other.join_timeout(Duration::ZERO).expect_err("not yet");
            let limit = Duration::from_millis(20);
            other.join_timeout(limit).expect_err("not with the lane held")
        })
        .expect("an answer");
    assert_eq!(late.join(), Ok(7));
    finish(runner);
}

fn a_timed_join_in_a_ring_ends_by_its_limit(one: impl Lane, other: impl Lane) {
    let runner = runner();
    let [from_one, from_other] = [runner.handle(), runner.handle()];
    let late = runner
        .execute(one, async move || {
            let second = from_one
                .spawn(other, async move || from_other.execute(one, async || 7).ok())
                .expect("taken");
            let limit = Duration::from_millis(20);
            second.join_timeout(limit).expect_err("it waits for us")
        })
        .expect("an answer");
    assert_eq!(late.join(), Ok(Some(7)));
    finish(runner);
}

fn a_wait_for_a_task_that_is_stopped_meanwhile_ends(flavour: impl Lane) {
    let runner = runner();
    let never = runner
        .task("never")
        .grace(Duration::ZERO)
        .spawn(flavour, std::future::pending::<()>)
        .expect("taken");
    until(|| never.state() == TaskState::Running);
    let never = Arc::new(Mutex::new(Some(never)));
    let (begun, taken) = (Gate::default(), Arc::clone(&never));
    let (begins, id) = (begun.clone(), never.lock().as_ref().map(TaskHandle::id));
    let stopper = runner.handle();
    let waiter = runner.spawn(Thread, move || {
        let never = taken.lock().take().expect("its handle");
        never.stop();
        begins.come();
        never.join()
    });
    begun.wait_for(1);
    assert_eq!(waiter.expect("taken").join(), Ok(Err(JoinError::Stopped)));
    assert!(id.is_some_and(|id| stopper.tree().find(id).is_none()));
    finish(runner);
}

fn execute_after_the_end_hands_the_payload_back<F: Any>(flavour: F) {
    use integration_tests::calls::Calls;
    let runner = runner();
    let handle = runner.handle();
    finish(runner);
    let error = handle.execute(flavour, F::Mode::payload(|| 7)).expect_err("the runner is gone");
    assert!(matches!(&error, ExecuteError::Refused(refused) if refused.is_stopping()));
    let payload = error.into_payload().expect("it never ran");
    let other = integration_tests::runner();
    assert_eq!(other.execute(flavour, payload).expect("an answer"), 7);
    finish(other);
}

// -- any mix

/// Waits for something somewhere, which does the same, some levels deep. Counts the refusals.
fn wander(handle: &Handle, seed: u64, depth: u32) -> u32 {
    let Some(depth) = depth.checked_sub(1) else {
        return 0;
    };
    let mut random = seed;
    let mut refusals = 0;
    for _ in 0..2 {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (below, next) = (handle.clone(), random);
        let outcome = match (random >> 33) % 8 {
            0 => executed(handle.execute(Tokio, async move || wander(&below, next, depth))),
            1 => executed(handle.execute(Smol, async move || wander(&below, next, depth))),
            2 => executed(handle.execute(AsyncStd, async move || wander(&below, next, depth))),
            3 => executed(handle.execute(Thread, move || wander(&below, next, depth))),
            4 => joined(handle.spawn(Tokio, async move || wander(&below, next, depth)).ok()),
            5 => joined(handle.spawn(Smol, async move || wander(&below, next, depth)).ok()),
            6 => joined(handle.spawn(AsyncStd, async move || wander(&below, next, depth)).ok()),
            _ => joined(handle.spawn(Thread, move || wander(&below, next, depth)).ok()),
        };
        refusals += outcome;
    }
    refusals
}

fn executed<P>(outcome: Result<u32, ExecuteError<P>>) -> u32 {
    match outcome {
        Ok(refusals) => refusals,
        Err(ExecuteError::WouldDeadlock { ring, .. }) => {
            assert!(!ring.members().is_empty());
            1
        }
        Err(other) => panic!("{other}"),
    }
}

fn joined(handle: Option<TaskHandle<u32>>) -> u32 {
    match handle.expect("taken").join() {
        Ok(refusals) => refusals,
        Err(JoinError::WouldDeadlock(_)) => 1,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn no_mix_of_waits_ever_hangs() {
    within(LIMIT, || {
        let runner = runner();
        let wanderers: Vec<_> = (0..4_u64)
            .map(|number| {
                let handle = runner.handle();
                std::thread::spawn(move || {
                    (0..25).map(|round| wander(&handle, number * 1000 + round, 4)).sum::<u32>()
                })
            })
            .collect();
        let refusals: u32 =
            wanderers.into_iter().map(|wanderer| wanderer.join().expect("no panic")).sum();
        assert!(refusals > 0, "so many levels on three lanes make rings");
        finish(runner);
    });
}
