//! What a member that fails or ends means for the others.

use std::sync::mpsc::channel;

use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;
use spumoni::{OnExit, OnFailure, StopReason, TaskState};

use crate::{add_waiting, await_begun, failure, group, names};

// -- failures
/// T8, T11, T111.
#[test]
fn a_failing_member_stops_its_siblings_of_all_flavours() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "fragile");
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        group.task("bad").try_adopt(Smol, async || anyhow::bail!("no luck")).unwrap();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(ends.len(), 5);
        assert_eq!(failure(&ends), "smol task `fragile/bad`: no luck");
        assert!(group.is_stopping());
        assert!(!runner.is_stopping(), "a failure of a member is the group's");
    });
}

/// O29.
#[test]
fn a_panicking_member_of_any_flavour_is_a_failure_with_its_text() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("panics").on_failure(OnFailure::Continue).open().unwrap();
        group.task("a").try_adopt(Tokio, async || panic!("lane")).unwrap();
        group.task("b").try_adopt(Thread, || panic!("pool")).unwrap();
        let ends = group.join_all().blocking().unwrap();
        let mut texts: Vec<_> = ends
            .iter()
            .map(|end| end.failure().unwrap().cause().as_panic().unwrap().text().to_owned())
            .collect();
        texts.sort_unstable();
        assert_eq!(texts, ["lane", "pool"]);
        assert!(ends.iter().all(|end| end.state() == TaskState::Failed));
    });
}

/// T33, A80, T8, T52: with `Continue` every failure is there.
#[test]
fn in_a_group_that_continues_the_others_come_to_their_own_end() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("robust").on_failure(OnFailure::Continue).open().unwrap();
        let (go, gone) = channel::<()>();
        group
            .task("good")
            .try_adopt(Thread, move || {
                gone.recv().unwrap();
                assert!(!Context::current().is_stopping());
            })
            .unwrap();
        group.task("bad").try_adopt(Tokio, async || Err(std::fmt::Error)).unwrap();
        group.task("worse").try_adopt(Smol, async || anyhow::bail!("worse")).unwrap();
        let mut ends = group.join_first(2).blocking().unwrap();
        assert!(ends.iter().all(|end| end.failure().is_some()), "{ends:?}");
        go.send(()).unwrap();
        ends.extend(group.join_all().blocking().unwrap());
        assert_eq!(names(&ends), ["bad", "good", "worse"]);
        assert!(ends[2].is_completed());
    });
}

/// T45.
#[test]
fn what_a_member_says_of_its_failure_comes_before_what_the_group_says() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "mixed");
        let tolerant = group.task("tolerated").on_failure(OnFailure::Continue);
        tolerant.try_adopt(Thread, || anyhow::bail!("never mind")).unwrap();
        let end = group.join_next().blocking().unwrap().unwrap();
        assert!(end.failure().is_some());
        assert!(!group.is_stopping());

        let group = runner.group("other").on_failure(OnFailure::Continue).open().unwrap();
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        let strict = group.task("strict").on_failure(OnFailure::Stop);
        strict.try_adopt(Tokio, async || anyhow::bail!("that is it")).unwrap();
        assert_eq!(group.join_all().blocking().unwrap().len(), 5);
    });
}

/// T8 with handles: whoever holds the handle owns the outcome.
#[test]
fn a_panic_with_a_handle_is_the_holders_and_falls_to_the_group_when_it_is_dropped_unread() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("held").on_failure(OnFailure::Continue).open().unwrap();
        for index in 0..2 {
            let handle = match index {
                0 => group.try_spawn(Smol, async || panic!("mine")).unwrap(),
                _ => group.try_spawn(Thread, || panic!("mine")).unwrap(),
            };
            let end = group.join_next().blocking().unwrap().unwrap();
            assert_eq!((end.state(), end.failure().is_some()), (TaskState::Failed, false));
            let panic: spumoni::JoinError = handle.join().map(|never: ()| never).unwrap_err();
            assert_eq!(panic.as_panic().unwrap().text(), "mine");
        }
        // Dropped after the end, which nobody has joined yet.
        let handle = group.try_spawn(Tokio, async || panic!("nobody's")).unwrap();
        while !handle.is_finished() {
            std::thread::yield_now();
        }
        drop::<TaskHandle<()>>(handle);
        let failed = || {
            let ends = group.join_any().blocking().unwrap();
            ends.iter().find_map(|end| end.failure().map(ToString::to_string))
        };
        let text = loop {
            if let Some(text) = failed() {
                break text;
            }
            std::thread::yield_now();
        };
        assert!(text.contains("nobody's"), "{text}");
    });
}

/// T5's rule one level up: a failure is never lost.
#[test]
fn failures_that_nobody_joined_fall_to_the_runner_when_the_group_is_dropped() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("dropped").on_failure(OnFailure::Continue).open().unwrap();
        group.task("one").try_adopt(Smol, async || anyhow::bail!("first")).unwrap();
        while !group.is_empty() {
            std::thread::yield_now();
        }
        group.task("two").try_adopt(Thread, || anyhow::bail!("second")).unwrap();
        while !group.is_empty() {
            std::thread::yield_now();
        }
        drop(group);
        let report = runner.run();
        assert_eq!(report.reason(), &StopReason::Failure);
        let failures: Vec<_> = report.failures().iter().map(ToString::to_string).collect();
        assert_eq!(
            failures,
            ["smol task `dropped/one`: first", "thread task `dropped/two`: second"]
        );
    });
}

#[test]
fn a_failure_in_a_detached_group_falls_to_the_group_above() {
    within(LIMIT, || {
        let runner = runner();
        let outer = group(&runner, "outer");
        let inner = outer.group("inner").open().unwrap();
        let (go, gone) = channel::<()>();
        inner
            .task("late")
            .try_adopt(Thread, move || {
                gone.recv().unwrap();
                anyhow::bail!("late")
            })
            .unwrap();
        inner.detach();
        assert_eq!(outer.len(), 1);
        go.send(()).unwrap();
        let ends = outer.join_all().blocking().unwrap();
        assert_eq!(failure(&ends), "thread task `outer/inner/late`: late");
        assert!(outer.is_stopping());
    });
}

// -- ends
/// O17.
#[test]
fn a_clean_end_stops_the_others_where_the_group_says_so() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("complete").on_exit(OnExit::Stop).open().unwrap();
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        group.task("done").try_adopt(Thread, || ()).unwrap();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(ends.len(), 5);
        assert_eq!(ends[0].name(), Some("done"));
        assert!(ends.iter().all(|end| end.failure().is_none()));
    });
}

/// T39: what is stopped on purpose has not ended by itself.
#[test]
fn a_member_that_is_stopped_alone_leaves_the_others_alone() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("calm").on_exit(OnExit::Stop).open().unwrap();
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        let told = began.clone();
        let one = group
            .try_spawn(Tokio, async move || {
                told.send(()).unwrap();
                Context::current().stopped().await;
            })
            .unwrap();
        await_begun(&begun, 1);
        one.stop();
        one.join().unwrap();
        group.join_next().blocking().unwrap().unwrap();
        assert_eq!((group.len(), group.is_stopping()), (4, false));
        group.stop();
        assert_eq!(group.join_all().blocking().unwrap().len(), 4);
    });
}

/// T39, T40, T115.
#[test]
fn after_all_members_were_stopped_the_group_takes_new_ones() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "again");
        for _ in 0..2 {
            let (began, begun) = channel();
            add_waiting(&group, &began);
            await_begun(&begun, 4);
            group.stop_all();
            assert_eq!(group.join_all().blocking().unwrap().len(), 4);
            assert!(!group.is_stopping());
        }
        group.stop_all();
    });
}
