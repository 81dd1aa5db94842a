//! Groups in their owned form: policies, stops, joins, names, limits, with members of all flavours.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use integration_tests::told::Listener;
use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinGroupError, MemberEnd, OnExit, OnFailure, Reason, StopReason, TaskState};

fn group(handle: &Handle, name: &str) -> Group {
    handle.group(name).open().expect("the name is free")
}

/// One member of each flavour that ends when it is asked to, and tells that it has begun.
fn add_waiting(group: &Group, began: &Sender<()>) {
    let told = began.clone();
    let wait = async move || {
        told.send(()).expect("the test listens");
        Context::current().stopped().await;
    };
    group.task("tokio").try_adopt(Tokio, wait.clone()).expect("the group is open");
    group.task("smol").try_adopt(Smol, wait.clone()).expect("the group is open");
    group.task("async-std").try_adopt(AsyncStd, wait).expect("the group is open");
    let told = began.clone();
    let wait = move || {
        told.send(()).expect("the test listens");
        Context::current().stopped_blocking();
    };
    group.task("thread").try_adopt(Thread, wait).expect("the group is open");
}

fn await_begun(begun: &Receiver<()>, members: usize) {
    for _ in 0..members {
        begun.recv().expect("every member begins");
    }
}

/// Holds its thread until the test lets go of the other end.
fn await_go(gone: &Receiver<()>) {
    let _ = gone.recv();
}

fn names(ends: &[MemberEnd]) -> Vec<&str> {
    let mut names: Vec<_> = ends.iter().filter_map(MemberEnd::name).collect();
    names.sort_unstable();
    names
}

fn states(ends: &[MemberEnd]) -> Vec<(&str, TaskState)> {
    let mut states: Vec<_> =
        ends.iter().map(|end| (end.name().unwrap_or(""), end.state())).collect();
    states.sort_by_key(|(name, _)| *name);
    states
}

/// The one failure among the ends.
fn failure(ends: &[MemberEnd]) -> String {
    let failures: Vec<_> = ends.iter().filter_map(MemberEnd::failure).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    failures[0].to_string()
}

// -- joining

/// O35, T1, T114.
#[test]
fn members_of_all_flavours_give_one_end_each_with_their_names() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "all");
        group.task("a").try_adopt(Tokio, async || ()).unwrap();
        group.task("b").try_adopt(Smol, async || ()).unwrap();
        group.task("c").try_adopt(AsyncStd, async || ()).unwrap();
        group.task("d").try_adopt(Thread, || ()).unwrap();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(names(&ends), ["a", "b", "c", "d"]);
        assert!(ends.iter().all(MemberEnd::is_completed), "{ends:?}");
        assert!(ends.is_sorted_by_key(MemberEnd::at));
        assert!(group.is_empty());
    });
}

/// A81, A85, A79.
#[test]
fn forty_members_are_all_joined_and_the_group_is_empty() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "forty");
        for index in 0..40 {
            match index % 2 {
                0 => group.try_adopt(Tokio, async || tokio::task::yield_now().await).unwrap(),
                _ => group.try_adopt(Thread, || ()).unwrap(),
            };
        }
        assert_eq!(group.join_all().blocking().unwrap().len(), 40);
        assert!(group.is_empty());
    });
}

/// A52, O31, A84, A98, T2, T112.
#[test]
fn waits_for_an_empty_group_end_at_once_with_nothing() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "empty");
        assert!(group.join_all().blocking().unwrap().is_empty());
        assert!(group.join_any().blocking().unwrap().is_empty());
        assert!(group.join_first(3).blocking().unwrap().is_empty());
        assert!(group.join_next().blocking().unwrap().is_none());
        group.stop();
        assert!(group.join_all().blocking().unwrap().is_empty());
        let group = Arc::new(group);
        let of_task = Arc::clone(&group);
        let ends = runner.execute(Smol, async move || of_task.join_all().await.unwrap()).unwrap();
        assert!(ends.is_empty());
    });
}

/// A82, A108, A109.
#[test]
fn the_first_of_several_are_taken_in_completion_order_and_the_others_go_on() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "first");
        let mut starts = Vec::new();
        for name in ["0", "1", "2", "3", "4"] {
            let (start, started) = channel::<()>();
            group.task(name).try_adopt(Thread, move || await_go(&started)).unwrap();
            starts.push(start);
        }
        let end = |index: usize| {
            starts[index].send(()).unwrap();
            group.join_next().blocking().unwrap().unwrap()
        };
        assert_eq!(end(3).name(), Some("3"));
        starts[1].send(()).unwrap();
        starts[4].send(()).unwrap();
        assert_eq!(names(&group.join_first(2).blocking().unwrap()), ["1", "4"]);
        assert_eq!(group.len(), 2);
        drop(starts);
        assert_eq!(names(&group.join_all().blocking().unwrap()), ["0", "2"]);
    });
}

/// A89.
#[test]
fn all_who_wait_are_woken_and_late_ones_too() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "awaited"));
        let (go, gone) = channel::<()>();
        group.try_adopt(Thread, move || await_go(&gone)).unwrap();
        let waits: Vec<_> = (0..3)
            .map(|_| {
                let group = Arc::clone(&group);
                std::thread::spawn(move || group.join_all().blocking().unwrap().len())
            })
            .collect();
        let of_lane = Arc::clone(&group);
        let on_lane = runner.spawn(Tokio, async move || of_lane.join_all().await.unwrap().len());
        drop(go);
        let taken: usize = waits.into_iter().map(|wait| wait.join().unwrap()).sum();
        assert_eq!(taken + on_lane.unwrap().join().unwrap(), 1);
        assert_eq!(group.join_all().blocking().unwrap().len(), 0);
    });
}

/// async PR 163.
#[test]
fn a_wait_that_is_dropped_half_way_loses_no_end() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "patient"));
        let (go, gone) = channel::<()>();
        group.task("slow").try_adopt(Thread, move || await_go(&gone)).unwrap();
        group.task("quick").try_adopt(Smol, async || ()).unwrap();
        let short = Duration::from_millis(20);
        let late = group.join_first(2).blocking_timeout(short).unwrap_err();
        assert_eq!(late, JoinGroupError::TimedOut);
        let of_lane = Arc::clone(&group);
        let late = runner
            .execute(Tokio, async move || of_lane.join_all().timeout(short).await.unwrap_err())
            .unwrap();
        assert_eq!(late, JoinGroupError::TimedOut);
        drop(go);
        assert_eq!(names(&group.join_all().blocking().unwrap()), ["quick", "slow"]);
    });
}

/// A82, A108, A109 with a limit: all that are wanted, in completion order, or nothing is taken.
#[test]
fn the_first_of_several_are_waited_for_with_a_limit_by_threads_and_lanes() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "first"));
        let mut starts = Vec::new();
        for name in ["0", "1", "2", "3"] {
            let (start, started) = channel::<()>();
            group.task(name).try_adopt(Thread, move || await_go(&started)).unwrap();
            starts.push(start);
        }
        let short = Duration::from_millis(20);
        let end = |index: usize| {
            starts[index].send(()).unwrap();
            while group.member(&index.to_string()).is_some_and(|member| member.is_living()) {
                std::thread::yield_now();
            }
        };
        end(2);
        let late = group.join_first(2).blocking_timeout(short).unwrap_err();
        assert_eq!(late, JoinGroupError::TimedOut);
        end(0);
        let in_order = |ends: Vec<MemberEnd>| {
            ends.iter().filter_map(MemberEnd::name).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(in_order(group.join_first(2).blocking_timeout(LIMIT).unwrap()), ["2", "0"]);
        end(3);
        let of_lane = Arc::clone(&group);
        let late = runner.execute(Tokio, async move || of_lane.join_first(2).timeout(short).await);
        assert_eq!(late.unwrap().unwrap_err(), JoinGroupError::TimedOut);
        end(1);
        let of_lane = Arc::clone(&group);
        let ends = runner.execute(Smol, async move || of_lane.join_first(2).timeout(LIMIT).await);
        assert_eq!(in_order(ends.unwrap().unwrap()), ["3", "1"]);
        // Nobody is left: fewer than wanted are enough.
        assert!(group.join_first(1).blocking_timeout(LIMIT).unwrap().is_empty());
    });
}

/// Each end goes to one of those who wait, while members come and go on all flavours.
#[test]
fn every_end_is_joined_once_while_members_are_added() {
    within(LIMIT, || {
        const EACH: usize = 300;
        let runner = runner();
        let group = Arc::new(group(&runner, "busy"));
        let adders: Vec<_> = (0..2)
            .map(|_| {
                let group = Arc::clone(&group);
                std::thread::spawn(move || {
                    for _ in 0..EACH {
                        group.try_adopt(Tokio, async || tokio::task::yield_now().await).unwrap();
                        group.try_adopt(Smol, async || ()).unwrap();
                        group.try_adopt(Thread, || ()).unwrap();
                    }
                })
            })
            .collect();
        let joined = Arc::new(AtomicUsize::new(0));
        let (of_lane, counted) = (Arc::clone(&group), Arc::clone(&joined));
        let on_lane = runner.spawn(AsyncStd, async move || {
            while counted.load(Ordering::SeqCst) < 2 * 3 * EACH {
                let ends = of_lane.join_any().await.unwrap();
                counted.fetch_add(ends.len(), Ordering::SeqCst);
                smol::future::yield_now().await;
            }
        });
        while joined.load(Ordering::SeqCst) < 2 * 3 * EACH {
            let one = group.join_next().blocking().unwrap();
            joined.fetch_add(usize::from(one.is_some()), Ordering::SeqCst);
        }
        on_lane.unwrap().join().unwrap();
        for adder in adders {
            adder.join().unwrap();
        }
        assert_eq!(joined.load(Ordering::SeqCst), 2 * 3 * EACH);
        assert!(group.join_all().blocking().unwrap().is_empty());
    });
}

/// A86.
#[test]
fn join_all_waits_for_members_that_come_meanwhile() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "growing"));
        let inner = Arc::clone(&group);
        let (go, gone) = channel::<()>();
        group
            .task("first")
            .try_adopt(Thread, move || {
                gone.recv().unwrap();
                inner.task("second").try_adopt(Tokio, async || tokio::task::yield_now().await)?;
                anyhow::Ok(())
            })
            .unwrap();
        let of_thread = Arc::clone(&group);
        let wait = std::thread::spawn(move || of_thread.join_all().blocking().unwrap());
        go.send(()).unwrap();
        assert_eq!(names(&wait.join().unwrap()), ["first", "second"]);
    });
}

#[test]
fn join_any_takes_every_end_there_is() {
    within(LIMIT, || {
        let runner = runner();
        let group = group(&runner, "any");
        let (began, begun) = channel();
        add_waiting(&group, &began);
        await_begun(&begun, 4);
        group.task("quick").try_adopt(Thread, || ()).unwrap();
        assert_eq!(names(&group.join_any().blocking().unwrap()), ["quick"]);
        group.stop();
        let mut left = Vec::new();
        while left.len() < 4 {
            left.extend(group.join_any().blocking().unwrap());
        }
        assert_eq!(names(&left), ["async-std", "smol", "thread", "tokio"]);
    });
}

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

// -- stopping

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
        assert!(told[0].contains("groups.rs:"), "{told:?}");
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

// -- who is taken

/// O14, O15, T32, T38, A87.
#[test]
fn a_stopping_group_hands_the_payload_back_but_helps_a_member_that_cleans_up() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "closing"));
        let inner = Arc::clone(&group);
        let (began, begun) = channel();
        let payload = async move || {
            began.send(()).unwrap();
            Context::current().stopped().await;
            let helper = inner.task("helper").spawn(Thread, || 7).await.unwrap();
            assert_eq!(helper.await.unwrap(), 7);
        };
        group.task("careful").try_adopt(Tokio, payload).unwrap();
        await_begun(&begun, 1);
        group.stop();
        let refused = group.try_spawn(Thread, || 42).unwrap_err();
        assert!(
            matches!(refused.reason(), Reason::GroupStopping { group } if &**group == "closing")
        );
        assert_eq!(refused.into_payload()(), 42);
        assert_eq!(names(&group.join_all().blocking().unwrap()), ["careful", "helper"]);
        assert!(group.try_adopt(Thread, || ()).unwrap_err().is_stopping());
    });
}

/// O13, T109.
#[test]
fn f085_a_name_is_refused_while_a_living_sibling_has_it_and_free_again_afterwards() {
    within(LIMIT, || {
        let runner = runner();
        let one = group(&runner, "one");
        let (go, gone) = channel::<()>();
        one.task("same").try_adopt(Thread, move || await_go(&gone)).unwrap();
        let refused = one.task("same").try_adopt(Smol, async || ()).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("`one/same`"), "{text}");
        assert_eq!(text.matches("groups.rs:").count(), 2, "{text}");
        // Cousins and uncles may.
        let two = group(&runner, "two");
        two.task("same").try_adopt(Tokio, async || ()).unwrap();
        runner.task("same").adopt(Tokio, async || ()).unwrap();
        drop(go);
        one.join_all().blocking().unwrap();
        one.task("same").try_adopt(Smol, async || ()).unwrap();
        one.join_all().blocking().unwrap();
        two.join_all().blocking().unwrap();
    });
}

#[test]
fn the_name_of_a_group_is_free_when_it_is_over() {
    within(LIMIT, || {
        let runner = runner();
        let first = group(&runner, "pool");
        let refused = runner.group("pool").open().unwrap_err();
        assert!(matches!(refused, Reason::DuplicateName { .. }), "{refused}");
        first.try_adopt(Thread, || ()).unwrap();
        first.join_all().blocking().unwrap();
        drop(first);
        drop(group(&runner, "pool"));
    });
}

#[test]
fn a_member_is_found_by_name_while_it_lives_and_shown_with_its_path() {
    within(LIMIT, || {
        let runner = runner();
        let outer = group(&runner, "outer");
        let inner = outer.group("inner").open().unwrap();
        let (began, begun) = channel();
        add_waiting(&inner, &began);
        await_begun(&begun, 4);
        let label = inner.find("smol").unwrap();
        assert_eq!(label.path(), "outer/inner/smol");
        assert_eq!(label.group(), Some("outer/inner"));
        assert_eq!(label.to_string(), "smol task `outer/inner/smol`");
        assert_eq!(outer.find("inner/smol").unwrap().id(), label.id());
        assert_eq!(outer.find("inner").unwrap().to_string(), "group `outer/inner`");
        assert!(outer.find("smol").is_none());
        assert_eq!(outer.members().len(), 4);
        let tree = runner.tree().to_string();
        for name in ["tokio", "smol", "async-std", "thread"] {
            assert!(tree.contains(&format!("task `outer/inner/{name}`")), "{tree}");
        }
        outer.stop();
        outer.join_all().blocking().unwrap();
        assert!(inner.find("smol").is_none());
    });
}

#[test]
fn f086_f118_bad_names_and_a_limit_of_zero_are_refused() {
    within(LIMIT, || {
        let runner = runner();
        for bad in ["", "a\nb", "a/b", &"x".repeat(256)] {
            let refused = runner.group(bad).open().unwrap_err();
            assert!(matches!(refused, Reason::BadName { .. }), "{refused}");
        }
        let refused = runner.group("none").limit(0).open().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`limit` must be at least 1: a group with room for none runs nothing"
        );
        let group = group(&runner, "none");
        let refused = group.task("a\0b").try_adopt(Tokio, async || ()).unwrap_err();
        assert!(matches!(refused.reason(), Reason::BadName { .. }), "{refused}");
        assert!(group.is_empty());
    });
}

// -- limits

/// A92, A105, A100, A101, A103.
#[test]
fn f056_no_more_members_run_at_once_than_the_limit_says() {
    within(LIMIT, || {
        let runner = runner();
        for limit in [1, 3] {
            let group = Arc::new(runner.group("narrow").limit(limit).open().unwrap());
            let now = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            for _ in 0..20 {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                group.adopt_blocking(Thread, work).unwrap();
            }
            assert_eq!(group.join_all().blocking().unwrap().len(), 20);
            let most = most.load(Ordering::SeqCst);
            assert!((1..=limit).contains(&most), "{most} of {limit}");
        }
    });
}

/// A100, A106: first come, first served, lanes and threads in one queue.
#[test]
fn places_are_given_in_the_order_of_asking() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(runner.group("fair").limit(1).open().unwrap());
        let (go, gone) = channel::<()>();
        group.task("holder").try_adopt(Thread, move || await_go(&gone)).unwrap();
        let mut waits = Vec::new();
        let mut order = Vec::new();
        for index in 0..6 {
            let of_wait = Arc::clone(&group);
            let name: Arc<str> = index.to_string().into();
            order.push(name.to_string());
            let wait = if index % 2 == 0 {
                runner
                    .spawn(Tokio, async move || {
                        of_wait.task(name).adopt(Smol, async || ()).await.unwrap();
                    })
                    .unwrap()
            } else {
                runner
                    .spawn(Thread, move || {
                        of_wait.task(name).adopt_blocking(Thread, || ()).unwrap();
                    })
                    .unwrap()
            };
            while group.waiting() <= index {
                std::thread::yield_now();
            }
            waits.push(wait);
        }
        drop(go);
        for wait in waits {
            wait.join().unwrap();
        }
        let ends = group.join_all().blocking().unwrap();
        let ended: Vec<_> = ends[1..].iter().filter_map(MemberEnd::name).collect();
        assert_eq!(ended, order);
    });
}

#[test]
fn f056_a_full_group_hands_the_payload_back_at_once_when_asked_not_to_wait() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("full").limit(1).open().unwrap();
        let (go, gone) = channel::<()>();
        group.try_adopt(Thread, move || await_go(&gone)).unwrap();
        let refused = group.try_spawn(Thread, || 42).unwrap_err();
        assert_eq!(refused.to_string(), "the group `full` is full: 1 of 1 members are running");
        assert_eq!(refused.into_payload()(), 42);
        drop(go);
        group.join_all().blocking().unwrap();
        assert_eq!(group.try_spawn(Thread, || 42).unwrap().join().unwrap(), 42);
    });
}

/// A102.
#[test]
fn a_wait_for_a_place_that_is_dropped_takes_none() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(runner.group("left").limit(1).open().unwrap());
        let (go, gone) = channel::<()>();
        group.try_adopt(Thread, move || await_go(&gone)).unwrap();
        let of_task = Arc::clone(&group);
        let waiting = runner
            .task("waiting")
            .grace(Duration::ZERO)
            .spawn(Tokio, async move || {
                of_task.adopt(Tokio, async || panic!("it was taken")).await.unwrap();
            })
            .unwrap();
        while group.waiting() == 0 {
            std::thread::yield_now();
        }
        waiting.stop();
        assert!(waiting.join().unwrap_err().is_stopped());
        assert_eq!(group.waiting(), 0);
        drop(go);
        group.adopt_blocking(Thread, || ()).unwrap();
        assert_eq!(group.join_all().blocking().unwrap().len(), 2);
    });
}

#[test]
fn a_stop_ends_the_waits_for_a_place_and_hands_the_payloads_back() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(runner.group("ended").limit(1).open().unwrap());
        let (began, begun) = channel();
        let payload = async move || {
            began.send(()).unwrap();
            Context::current().stopped().await;
        };
        group.try_adopt(Smol, payload).unwrap();
        await_begun(&begun, 1);
        let of_thread = Arc::clone(&group);
        let blocking = std::thread::spawn(move || of_thread.spawn_blocking(Thread, || 1));
        let of_lane = Arc::clone(&group);
        let on_lane = runner
            .spawn(Tokio, async move || {
                of_lane.spawn(Thread, || 2).await.unwrap_err().into_payload()()
            })
            .unwrap();
        while group.waiting() < 2 {
            std::thread::yield_now();
        }
        group.stop();
        assert_eq!(blocking.join().unwrap().unwrap_err().into_payload()(), 1);
        assert_eq!(on_lane.join().unwrap(), 2);
        assert_eq!(group.join_all().blocking().unwrap().len(), 1);
    });
}

#[test]
fn a_member_that_waits_for_its_own_place_is_refused() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(runner.group("self").limit(1).open().unwrap());
        let inner = Arc::clone(&group);
        let handle = group
            .try_spawn(Tokio, async move || {
                inner.spawn(Tokio, async || ()).await.unwrap_err().to_string()
            })
            .unwrap();
        assert!(handle.join().unwrap().contains("is full"));
        // Blocked, the lane could not run what would make room.
        let inner = Arc::clone(&group);
        let handle = group
            .try_spawn(Smol, async move || {
                inner.spawn_blocking(Smol, async || ()).unwrap_err().to_string()
            })
            .unwrap();
        let text = handle.join().unwrap();
        assert!(text.contains("never end"), "{text}");
        group.join_all().blocking().unwrap();
    });
}

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
