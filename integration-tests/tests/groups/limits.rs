//! Groups that take so many members and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::{LIMIT, runner, within};
use spumoni::MemberEnd;
use spumoni::prelude::*;

use crate::{await_begun, await_go};

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
