//! Stops of groups, and of what stands around them.

use std::future::pending;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use integration_tests::told::Listener;
use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinGroupError, MemberEnd, StopReason, TaskState};

use crate::{add_waiting, await_begun, await_go, group, names, states};

/// O1, O2, O11, O16, O23, A11, A87.
#[test]
fn a_stop_ends_members_of_all_flavours_and_asking_again_does_nothing_more() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "stopped");
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        group.stop();
        group.stop();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(names(&ends), ["async-std", "smol", "thread", "tokio"]);
        assert!(ends.iter().all(MemberEnd::is_completed), "{ends:?}");
        group.stop();
        group.stop_all();
        assert!(group.join_all().blocking().unwrap().is_empty());
        assert!(!runner.is_stopping());
    });
}

/// A90, A91: each waits for a task of another flavour, and is no failure.
#[test]
fn cleanups_that_wait_are_awaited_in_all_flavours() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "cleaned");
        let (began, begun) = channel();
        let (cleaning, cleaned) = channel();
        let clean = async move || {
            began.send(()).expect("the test listens");
            Context::current().stopped().await;
            let child = Context::current().handle().spawn(Thread, || ());
            child.expect("a cleanup may have children").await.expect("it ends well");
            cleaning.send(()).expect("the test listens");
        };
        group.task("tokio").try_adopt(Tokio, clean.clone()).unwrap();
        group.task("smol").try_adopt(Smol, clean.clone()).unwrap();
        group.task("async-std").try_adopt(AsyncStd, clean).unwrap();
        await_begun(&begun, 3);
        group.stop();
        let ends = group.join_all().blocking().unwrap();
        assert!(ends.iter().all(MemberEnd::is_completed), "{ends:?}");
        assert_eq!(cleaned.try_iter().count(), 3);
    });
}

/// A20, O4, O5.
#[test]
fn async_members_that_ignore_the_stop_are_dropped_when_their_grace_is_over() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("deaf").grace(Duration::from_millis(50)).open().unwrap();
        let (began, begun) = channel();
        let deaf = async move || {
            began.send(()).unwrap();
            pending::<()>().await;
        };
        group.task("a").try_adopt(Tokio, deaf.clone()).unwrap();
        group.task("b").try_adopt(Smol, deaf.clone()).unwrap();
        let own = group.task("c").grace(Duration::from_millis(150));
        own.try_adopt(AsyncStd, deaf).unwrap();
        await_begun(&begun, 3);
        let asked = Instant::now();
        group.stop();
        let ends = group.join_all().blocking().unwrap();
        let stopped = TaskState::Stopped;
        assert_eq!(states(&ends), [("a", stopped), ("b", stopped), ("c", stopped)]);
        assert_eq!(ends[2].name(), Some("c"), "its own grace is longer");
        assert!(asked.elapsed() >= Duration::from_millis(150));
    });
}

/// A13, T62, T63, O38.
#[test]
fn members_that_have_not_begun_when_the_group_stops_never_begin() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "unborn");
        let (go, gone) = channel::<()>();
        let (began, begun) = channel();
        let held = runner.spawn(Smol, async move || {
            began.send(()).unwrap();
            await_go(&gone);
        });
        await_begun(&begun, 1);
        group.task("late").try_adopt(Smol, async || panic!("it began")).unwrap();
        group.stop();
        drop(go);
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(states(&ends), [("late", TaskState::Stopped)]);
        held.unwrap().join().unwrap();
    });
}

/// O18, O24, O32, O35, O39: who overran is named, and a late end hurts nobody.
#[test]
fn who_runs_over_the_groups_grace_is_named_and_may_end_late() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("late").group_grace(Duration::from_millis(200)).open().unwrap();
        let (go, gone) = channel::<()>();
        let (began, begun) = channel();
        let told = began.clone();
        let stuck = group
            .task("stuck")
            .try_spawn(Thread, move || {
                told.send(()).unwrap();
                await_go(&gone);
            })
            .unwrap();
        add_waiting(&group, &began);
        await_begun(&begun, 5);
        let asked = Instant::now();
        group.stop();
        let ends = group.join_all().blocking().unwrap();
        assert!(asked.elapsed() >= Duration::from_millis(200));
        assert_eq!(ends.len(), 5);
        let late: Vec<_> = ends.iter().filter(|end| end.is_abandoned()).collect();
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].task().path(), "late/stuck");
        assert_eq!(stuck.join(), Err(spumoni::JoinError::Abandoned));
        drop(go);
        drop(group);
        let report = runner.run();
        assert_eq!(report.reason(), &StopReason::Finished);
        assert!(report.failures().is_empty());
    });
}

#[test]
fn the_report_names_a_member_that_its_group_gave_up() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("late").group_grace(Duration::from_millis(50)).open().unwrap();
        let (go, gone) = channel::<()>();
        let (began, begun) = channel();
        let payload = move || {
            began.send(()).unwrap();
            await_go(&gone);
        };
        group.task("stuck").try_adopt(Thread, payload).unwrap();
        await_begun(&begun, 1);
        group.stop();
        assert!(group.join_all().blocking().unwrap()[0].is_abandoned());
        let report = runner.run();
        assert_eq!(report.reason(), &StopReason::Finished);
        assert_eq!(report.abandoned().len(), 1, "{report}");
        assert_eq!(report.abandoned()[0].task().path(), "late/stuck");
        assert_eq!(report.exit_code(), 3);
        drop(go);
    });
}

/// A74, A26, A28, A30, T3, T15, T19.
#[test]
fn a_stop_goes_down_to_the_groups_below_and_not_up() {
    within(LIMIT, || {
        let runner = runner();
        let outer = group(&runner, "outer");
        let middle = outer.group("middle").open().unwrap();
        let inner = middle.group("inner").open().unwrap();
        let (began, begun) = channel();
        for group in [&outer, &middle, &inner] {
            add_waiting(group, &began);
        }
        await_begun(&begun, 12);
        assert_eq!((outer.len(), middle.len(), inner.len()), (12, 8, 4));
        middle.stop();
        assert_eq!(inner.join_all().blocking().unwrap().len(), 4);
        assert_eq!(middle.join_all().blocking().unwrap().len(), 4);
        assert_eq!((outer.len(), outer.is_stopping()), (4, false));
        assert!(inner.is_stopping());
        outer.stop();
        assert_eq!(outer.join_all().blocking().unwrap().len(), 4);
    });
}

/// A50, A53, A67, A96, T3, T4: the outer lasts as long as the longest.
#[test]
fn a_group_is_joined_when_the_groups_below_are_over_too() {
    within(LIMIT, || {
        let runner = runner();
        let outer = group(&runner, "outer");
        let inner = outer.group("inner").open().unwrap();
        let (go, gone) = channel::<()>();
        inner.try_adopt(Thread, move || await_go(&gone)).unwrap();
        let early = outer.join_all().blocking_timeout(Duration::from_millis(20));
        assert_eq!(early.unwrap_err(), JoinGroupError::TimedOut);
        drop(go);
        assert!(outer.join_all().blocking().unwrap().is_empty());
        assert_eq!(inner.join_all().blocking().unwrap().len(), 1);
    });
}

/// A15: a runner's stop is the stop of all groups.
#[test]
fn a_stop_of_the_runner_ends_its_groups_and_those_who_wait_for_them() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "all");
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        runner.stop();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(names(&ends), ["async-std", "smol", "thread", "tokio"]);
        assert!(runner.run().is_clean());
    });
}

/// Rule 19: whoever waits for a group is let go by the end of the runner's stop.
#[test]
fn a_wait_for_a_stuck_member_ends_with_the_runner() {
    within(LIMIT, || {
        let runner = ServiceRunner::builder()
            .signals(false)
            .stop_timeout(Duration::from_millis(300))
            .build()
            .unwrap();
        let group = group(&runner, "stuck");
        let (go, gone) = channel::<()>();
        let (began, begun) = channel();
        let payload = move || {
            began.send(()).unwrap();
            await_go(&gone);
        };
        group.task("stuck").try_adopt(Thread, payload).unwrap();
        await_begun(&begun, 1);
        runner.stop();
        let report = runner.run();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(states(&ends), [("stuck", TaskState::Abandoned)]);
        assert_eq!(report.abandoned().len(), 1);
        drop(go);
    });
}

/// Rules 18 and 19: a forced stop of the runner is one of all groups, whatever time they have themselves.
#[test]
fn a_stop_with_less_time_shortens_that_of_a_group_that_stops_already() {
    for forced in [true, false] {
        within(LIMIT, move || {
            let runner = runner();
            let slow = runner.group("slow").grace(Duration::MAX).group_grace(Duration::MAX);
            let slow = slow.open().unwrap();
            let below = slow.group("below").grace(Duration::MAX).open().unwrap();
            let (go, gone) = channel::<()>();
            let (began, begun) = channel();
            let told = began.clone();
            let payload = move || {
                told.send(()).unwrap();
                await_go(&gone);
            };
            slow.task("thread").try_adopt(Thread, payload).unwrap();
            let payload = async move || {
                began.send(()).unwrap();
                pending::<()>().await;
            };
            below.task("lane").try_adopt(Smol, payload).unwrap();
            await_begun(&begun, 2);
            slow.stop();
            if forced {
                runner.stop_now();
            } else {
                runner.stop_within(Duration::from_secs(1));
            }
            let report = runner.run();
            // Before the report, and not by it.
            let made = report.asked_at() + report.took();
            let ends = slow.join_all().blocking().unwrap();
            assert_eq!(states(&ends), [("thread", TaskState::Abandoned)]);
            assert!(ends[0].at() < made, "{:?} of {made:?}", ends[0].at());
            let ends = below.join_all().blocking().unwrap();
            assert_eq!(states(&ends), [("lane", TaskState::Stopped)]);
            assert_eq!((report.abandoned().len(), report.left()), (1, 0), "{report}");
            drop(go);
        });
    }
}

/// T116.
#[test]
fn an_open_group_that_is_dropped_stops_its_members() {
    within(LIMIT, || {
        let runner = runner();
        let dropped = group(&runner, "dropped");
        let (began, begun) = channel();
        add_waiting(&dropped, &began);
        await_begun(&begun, 4);
        drop(dropped);
        // Nothing is left to do once they have ended.
        assert!(runner.run().is_clean());
    });
}

/// T116: it says which group, from where, and what to do instead.
#[test]
fn a_warning_tells_of_an_open_group_that_is_dropped_and_only_of_that() {
    within(LIMIT, || {
        let (to, told) = crossbeam_channel::unbounded();
        let listener = Listener(to);
        let runner = runner();
        let (began, begun) = channel();
        tracing::subscriber::with_default(listener, || {
            let dropped = group(&runner, "dropped");
            add_waiting(&dropped, &began);
            await_begun(&begun, 4);
            drop(dropped);
            drop(group(&runner, "empty"));
            let stopping = group(&runner, "stopping");
            add_waiting(&stopping, &began);
            await_begun(&begun, 4);
            stopping.stop();
            drop(stopping);
            let detached = group(&runner, "detached");
            detached.try_adopt(Thread, || ()).unwrap();
            detached.detach();
        });
        let told: Vec<_> = told.try_iter().collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("WARN: the group `dropped` from "), "{told:?}");
        assert!(told[0].contains("groups/main.rs:"), "{told:?}");
        let advice = "with 4 living members, which are stopped; join it, or `detach` it";
        assert!(told[0].ends_with(advice), "{told:?}");
        assert!(runner.run().is_clean());
    });
}

#[test]
fn the_members_of_a_detached_group_go_on_and_keep_the_runner() {
    within(LIMIT, || {
        let runner = runner();
        let detached = group(&runner, "detached");
        let (go, gone) = channel::<()>();
        detached
            .try_adopt(Thread, move || {
                gone.recv().unwrap();
                assert!(!Context::current().is_stopping());
            })
            .unwrap();
        detached.detach();
        let ended = std::thread::spawn(|| runner.run());
        go.send(()).unwrap();
        assert!(ended.join().unwrap().is_clean());
    });
}

#[test]
fn an_open_group_without_members_keeps_no_runner() {
    within(LIMIT, || {
        let runner = runner();
        let open = group(&runner, "open");
        runner.execute(Tokio, async || ()).unwrap();
        assert!(runner.run().is_clean());
        let late = open.try_adopt(Tokio, async || ()).unwrap_err();
        assert!(late.is_stopping(), "{late}");
    });
}
