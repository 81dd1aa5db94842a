//! Runners among other runtimes: row 126.

use std::time::{Duration, Instant};

use integration_tests::each::Lane;
use integration_tests::{finish, on_each_lane, runner};
use spumoni::prelude::*;

on_each_lane!(f126_a_runner_under_tokios_paused_clock_has_the_real_time);

/// What tests of the user's do: time stands still in there, and jumps where everybody waits. Our lanes have
/// runtimes of their own.
fn f126_a_runner_under_tokios_paused_clock_has_the_real_time(lane: impl Lane) {
    const HOUR: Duration = Duration::from_secs(3600);
    const MOMENT: Duration = Duration::from_millis(5);
    let mut paused = tokio::runtime::Builder::new_current_thread();
    let paused = paused.enable_all().start_paused(true).build().expect("a runtime");
    paused.block_on(async move {
        let begun = Instant::now();
        let runner = runner();
        let slept = runner.spawn(lane, async || {
            let (cx, begun) = (Context::current(), Instant::now());
            let slept = cx.sleep(MOMENT).await;
            (slept, begun.elapsed())
        });
        let (slept, took) = slept.expect("taken").await.expect("an answer");
        assert!(slept.is_ok() && took >= MOMENT, "{took:?}");
        // The clock in here is paused still: an hour is nothing.
        tokio::time::sleep(HOUR).await;
        assert!(begun.elapsed() < HOUR);
        finish(runner);
    });
}
