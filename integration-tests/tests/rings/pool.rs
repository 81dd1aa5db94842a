//! Rings through the pool; a pool that waits for itself.

use std::sync::{Arc, Barrier};

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, until, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{Ring, TaskState};

use crate::{lane, members, refused, task, unjoined};

on_each_lane!(
    f052_a_ring_through_the_pool_is_refused,
    f052_a_ring_through_a_pool_task_that_had_not_begun_is_refused,
    a_ring_through_a_pool_thread_that_joins_is_refused,
    a_wait_for_the_pool_of_a_lane_that_it_waits_for_gets_an_answer,
);

fn f052_a_ring_through_the_pool_is_refused(flavour: impl Lane) {
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

fn f052_a_ring_through_a_pool_task_that_had_not_begun_is_refused(flavour: impl Lane) {
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
fn f041_a_full_pool_that_waits_for_itself_gets_its_answers() {
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
fn f041_a_full_pool_that_executes_on_itself_runs_in_the_callers_thread() {
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
