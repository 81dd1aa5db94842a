//! Handing over more than can be done at once: rows 55 and 57.

use std::sync::Arc;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each_lane, runner};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{Async, Reason};

use integration_tests::calls::Calls;

on_each_lane!(
    f055_a_burst_is_taken_up_in_the_order_of_each_thread_that_hands_over,
    f057_a_lane_that_hands_over_to_a_full_group_goes_on,
);

/// The lane is held until everything stands in its queue.
fn f055_a_burst_is_taken_up_in_the_order_of_each_thread_that_hands_over(lane: impl Lane) {
    const EACH: usize = 20_000;
    let (runner, gate) = (runner(), Gate::default());
    let holds = gate.clone();
    runner.adopt(lane, async move || holds.pass_blocking()).expect("taken");
    gate.wait_for(1);
    let seen = [(); 2].map(|()| Arc::new(Mutex::new(Vec::with_capacity(EACH))));
    std::thread::scope(|scope| {
        for seen in &seen {
            let runner = &runner;
            scope.spawn(move || {
                for number in 0..EACH {
                    let seen = Arc::clone(seen);
                    runner.adopt(lane, async move || seen.lock().push(number)).expect("taken");
                }
            });
        }
    });
    gate.open();
    finish(runner);
    for seen in seen {
        assert!(seen.lock().iter().copied().eq(0..EACH), "out of order");
    }
}

/// It is told so, or waits as others do: its own lane is what makes room.
fn f057_a_lane_that_hands_over_to_a_full_group_goes_on(lane: impl Lane) {
    let (runner, gate) = (runner(), Gate::default());
    let group = Arc::new(runner.group("narrow").limit(1).open().expect("opened"));
    group.try_adopt(lane, Async::after(&gate, || ())).expect("taken");
    gate.wait_for(1);
    let (narrow, opens) = (Arc::clone(&group), gate.clone());
    let outer = runner.execute(lane, async move || {
        let refused = narrow.try_spawn(lane, async || 7).expect_err("it is full");
        assert!(matches!(refused.reason(), Reason::GroupFull { limit: 1, .. }), "{refused}");
        // A neighbour on this lane lets the member go while we wait for its place.
        let neighbour = Handle::current().spawn(lane, async move || opens.open());
        let seven = narrow.spawn(lane, refused.into_payload()).await.expect("there is room");
        neighbour.expect("taken").await.expect("an answer");
        seven.await
    });
    assert_eq!(outer.expect("an answer"), Ok(7));
    drop(group);
    finish(runner);
}
