//! Rings of two and three lanes, and across two runners.

use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;

use crate::{lane, members, refused, task, unjoined};

on_each_lane!(a_ring_across_two_runners_is_refused,);

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
    f040_two_lanes_that_execute_on_each_other_are_refused,
    two_lanes_that_join_each_other_are_refused,
    a_timed_join_in_a_ring_ends_by_its_limit,
    a_lane_that_blocks_on_another_gets_an_answer_from_awaiting_tasks,
);

fn f040_two_lanes_that_execute_on_each_other_are_refused(one: impl Lane, other: impl Lane) {
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
fn f040_three_lanes_in_a_ring_are_refused_by_name() {
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

fn a_timed_join_in_a_ring_ends_by_its_limit(one: impl Lane, other: impl Lane) {
    let runner = runner();
    let [from_one, from_other] = [runner.handle(), runner.handle()];
    let late = runner
        .execute(one, async move || {
            let second = from_one
                .spawn(other, async move || from_other.execute(one, async || 7).ok())
                .expect("taken");
            let limit = Duration::from_millis(20);
            Some(second.join_timeout(limit).expect_err("it waits for us"))
        })
        .expect("an answer");
    assert_eq!(late.map(TaskHandle::join), Some(Ok(Some(7))));
    finish(runner);
}
