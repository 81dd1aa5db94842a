//! Waits for members: the next, the first of several, all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinGroupError, MemberEnd};

use crate::{add_waiting, await_begun, await_go, group, names};

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
