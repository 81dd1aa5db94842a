//! Waits that close no ring, or end by themselves, get their answers.

use std::sync::Arc;
use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, until, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, TaskState};

on_each_lane!(
    a_wait_for_a_task_that_is_stopped_meanwhile_ends,
    many_waits_for_one_lane_get_their_answers,
);

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
