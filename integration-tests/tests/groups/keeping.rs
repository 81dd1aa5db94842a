//! Waits that could never end, and what a group keeps of its members.

use std::sync::Arc;
use std::time::Duration;

use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinGroupError, OnFailure};

use crate::{failure, group};

// -- waits that could never end
/// A54.
/// A member that joins its own group waits for itself.
#[test]
fn a_member_that_joins_its_own_group_is_told_so() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "ring"));
        let inner = Arc::clone(&group);
        let on_lane = group
            .task("lane")
            .try_spawn(Smol, async move || inner.join_all().await.unwrap_err().to_string())
            .unwrap();
        let inner = Arc::clone(&group);
        let on_thread = group
            .task("thread")
            .try_spawn(Thread, move || inner.join_next().blocking().unwrap_err().to_string())
            .unwrap();
        assert!(on_lane.join().unwrap().contains("smol task `ring/lane` waits for group `ring`"));
        assert!(on_thread.join().unwrap().contains("group `ring` waits for"));
        group.join_all().blocking().unwrap();
    });
}

#[test]
fn a_lane_that_blocks_on_a_group_with_its_own_tasks_is_told_so() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "ring"));
        group.task("other").try_adopt(Thread, || ()).unwrap();
        group.task("own").try_adopt(Tokio, async || Context::current().stopped().await).unwrap();
        let inner = Arc::clone(&group);
        let text = runner
            .execute(Tokio, async move || inner.join_all().blocking().unwrap_err().to_string())
            .unwrap();
        assert!(text.contains("never end") && text.contains("ring/own"), "{text}");
        // With a limit the wait ends by itself.
        let inner = Arc::clone(&group);
        let late = runner
            .execute(Tokio, async move || {
                inner.join_all().blocking_timeout(Duration::from_millis(20)).unwrap_err()
            })
            .unwrap();
        assert_eq!(late, JoinGroupError::TimedOut);
        group.stop();
        assert_eq!(group.join_all().blocking().unwrap().len(), 2);
    });
}

#[test]
fn off_the_lanes_a_wait_with_a_limit_is_refused_instead_of_never_ending() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "timeless");
        let wait = group.join_all().timeout(Duration::ZERO);
        assert_eq!(async_io::block_on(wait).unwrap_err(), JoinGroupError::NoTimer);
    });
}

// -- retention
/// T122, rule 14.
#[test]
fn a_group_that_forgets_keeps_only_failures() {
    within(LIMIT, || {
        let runner = runner();
        let group =
            runner.group("server").forget_ends().on_failure(OnFailure::Continue).open().unwrap();
        for index in 0..100 {
            group
                .try_adopt(Thread, move || if index == 42 { anyhow::bail!("42") } else { Ok(()) })
                .unwrap();
        }
        let ends = group.join_all().blocking().unwrap();
        assert!(failure(&ends).ends_with("42"));
        assert_eq!(ends.len(), 1);
    });
}

#[test]
fn many_members_are_added_stopped_and_joined() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "many");
        for _ in 0..20_000 {
            group.try_adopt(Tokio, async || Context::current().stopped().await).unwrap();
        }
        group.stop();
        assert_eq!(group.join_all().blocking().unwrap().len(), 20_000);
    });
}

/// Rules 10 and 13: what a group refuses after it gave up counts neither as living nor as left behind.
#[test]
fn what_a_group_refuses_after_it_gave_up_is_counted_nowhere() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("hasty").group_grace(Duration::ZERO).open().unwrap();
        group.stop();
        assert!(group.adopt_blocking(Tokio, async || ()).is_err());
        assert!(group.spawn_blocking(Thread, || 1).is_err());
        drop(group);
        let report = runner.run();
        assert!(report.is_clean() && report.left() == 0, "{report}");
    });
}
