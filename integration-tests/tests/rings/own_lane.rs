//! Waits for the own lane and for oneself.

use std::sync::Arc;
use std::time::Duration;

use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, on_each_lane, runner};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{ExecuteError, Ring};

use crate::{lane, members, refused, task, unjoined};

on_each_lane!(
    f039_execute_on_the_own_lane_is_refused_with_its_payload,
    f039_execute_on_the_own_lane_is_refused_in_a_function_that_a_task_calls,
    f039_execute_of_a_thread_payload_that_executes_on_the_callers_lane_is_refused,
    join_of_a_task_on_the_own_lane_is_refused,
    f033_an_await_of_the_own_handle_is_refused,
    a_timed_join_on_the_own_lane_ends_by_its_limit,
);

on_each!(
    f033_a_task_that_waits_for_itself_is_refused,
    f044_execute_after_the_end_hands_the_payload_back,
);

fn f039_execute_on_the_own_lane_is_refused_with_its_payload(flavour: impl Lane) {
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

fn f039_execute_on_the_own_lane_is_refused_in_a_function_that_a_task_calls(flavour: impl Lane) {
    fn deep_inside(flavour: impl Lane) -> Ring {
        refused(Handle::current().execute(flavour, async || 7)).0
    }
    let runner = runner();
    let ring = runner.execute(flavour, async move || deep_inside(flavour));
    assert_eq!(ring.expect("an answer").members().len(), 1);
    finish(runner);
}

fn f039_execute_of_a_thread_payload_that_executes_on_the_callers_lane_is_refused(
    flavour: impl Lane,
) {
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

fn f033_a_task_that_waits_for_itself_is_refused<F: Any>(flavour: F) {
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

fn f033_an_await_of_the_own_handle_is_refused(flavour: impl Lane) {
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

fn a_timed_join_on_the_own_lane_ends_by_its_limit(flavour: impl Lane) {
    let runner = runner();
    let handle = runner.handle();
    let late = runner
        .execute(flavour, async move || {
            let other = handle.spawn(flavour, async || 7).expect("taken");
            let other = other.join_timeout(Duration::ZERO).expect_err("not yet");
            let limit = Duration::from_millis(20);
            Some(other.join_timeout(limit).expect_err("not with the lane held"))
        })
        .expect("an answer");
    assert_eq!(late.map(TaskHandle::join), Some(Ok(7)));
    finish(runner);
}

fn f044_execute_after_the_end_hands_the_payload_back<F: Any>(flavour: F) {
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
