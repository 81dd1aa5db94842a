//! Barrier, semaphore and event: one object for lanes and threads, fair, safe to leave, ended by a stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::{LIMIT, finish, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Barrier, Event, Semaphore, Stopping};

/// How many are inside, now and at most.
#[derive(Clone, Default)]
struct Inside(Arc<(AtomicUsize, AtomicUsize)>);

impl Inside {
    fn enter(&self) {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A100, A101, A103.
#[test]
fn a_semaphore_lets_no_more_in_than_its_limit_from_lanes_and_threads() {
    within(LIMIT, || {
        for limit in [1, 3] {
            let runner = runner();
            let semaphore = Semaphore::new(limit);
            let inside = Inside::default();
            for _ in 0..20 {
                let (permits, count) = (semaphore.clone(), inside.clone());
                let on_lane = async move || {
                    let _permit = permits.acquire().await?;
                    count.enter();
                    smol::future::yield_now().await;
                    count.leave();
                    Ok::<_, Stopping>(())
                };
                runner.adopt(Tokio, on_lane.clone()).unwrap();
                runner.adopt(Smol, on_lane).unwrap();
                let (permits, count) = (semaphore.clone(), inside.clone());
                let on_thread = move || {
                    let _permit = permits.acquire_blocking()?;
                    count.enter();
                    std::thread::yield_now();
                    count.leave();
                    Ok::<_, Stopping>(())
                };
                runner.adopt(Thread, on_thread).unwrap();
            }
            finish(runner);
            let most = inside.0.1.load(Ordering::SeqCst);
            assert!((1..=limit).contains(&most), "{most} of {limit}");
            assert_eq!((semaphore.held(), semaphore.waiting()), (0, 0));
        }
    });
}

/// A100, T107: first come, first served, also when one of those who wait goes away.
#[test]
fn permits_are_given_in_the_order_of_asking() {
    within(LIMIT, || {
        let runner = runner();
        let semaphore = Semaphore::new(1);
        let held = semaphore.try_acquire().unwrap();
        let (told, order) = channel();
        let mut leaver = None;
        for index in 0..7 {
            let (permits, told) = (semaphore.clone(), told.clone());
            if index == 3 {
                let leaves = async move || permits.acquire().await.map(drop);
                leaver = Some(runner.spawn(Tokio, leaves).unwrap());
            } else if index % 2 == 0 {
                let waits = async move || {
                    let _permit = permits.acquire().await?;
                    told.send(index)?;
                    anyhow::Ok(())
                };
                runner.adopt(Smol, waits).unwrap();
            } else {
                let waits = move || {
                    let _permit = permits.acquire_blocking()?;
                    told.send(index)?;
                    anyhow::Ok(())
                };
                runner.adopt(Thread, waits).unwrap();
            }
            until(|| semaphore.waiting() == index + 1);
        }
        let leaver = leaver.unwrap();
        leaver.stop();
        assert_eq!(leaver.join().unwrap(), Err(Stopping));
        // Whoever comes now may not overtake.
        drop(held);
        let got: Vec<usize> = order.iter().take(6).collect();
        assert_eq!(got, [0, 1, 2, 4, 5, 6]);
        finish(runner);
    });
}

/// A102, A106, A107.
#[test]
fn the_limit_of_a_semaphore_can_be_raised_and_lowered_while_it_is_used() {
    within(LIMIT, || {
        let runner = runner();
        let semaphore = Semaphore::new(0);
        assert!(semaphore.try_acquire().is_none());
        let permits = semaphore.clone();
        let first = runner.spawn(Tokio, async move || permits.acquire().await).unwrap();
        until(|| semaphore.waiting() == 1);
        semaphore.set_limit(2);
        let first = first.join().unwrap().unwrap();
        let second = semaphore.try_acquire().unwrap();
        semaphore.set_limit(1);
        let permits = semaphore.clone();
        let third = runner.spawn(Thread, move || permits.acquire_blocking()).unwrap();
        until(|| semaphore.waiting() == 1);
        drop(first);
        assert_eq!((semaphore.held(), semaphore.waiting()), (1, 1), "one is out still");
        drop(second);
        drop(third.join().unwrap().unwrap());
        finish(runner);
    });
}

/// A102.
#[test]
fn a_wait_for_a_permit_that_is_dropped_leaves_nothing_behind() {
    within(LIMIT, || {
        let semaphore = Semaphore::new(1);
        let held = semaphore.acquire_blocking().unwrap();
        {
            let mut wait = Box::pin(semaphore.acquire());
            let first = async_io::block_on(smol::future::poll_once(&mut wait));
            assert!(first.is_none());
            assert_eq!(semaphore.waiting(), 1);
            // Granted, and dropped before it was looked at: the next one gets it.
            drop(held);
            assert_eq!((semaphore.held(), semaphore.waiting()), (1, 0));
        }
        assert_eq!(semaphore.held(), 0);
        assert!(semaphore.try_acquire().is_some());
    });
}

/// A106 of the barrier kind: rounds follow each other, and one leads each.
#[test]
fn a_barrier_lets_threads_and_tasks_on_together_again_and_again() {
    within(LIMIT, || {
        let runner = runner();
        let barrier = Barrier::new(3);
        let leaders = Arc::new(AtomicUsize::new(0));
        const ROUNDS: usize = 50;
        for flavour in 0..2 {
            let (point, leads) = (barrier.clone(), Arc::clone(&leaders));
            let on_lane = async move || {
                for _ in 0..ROUNDS {
                    leads.fetch_add(usize::from(point.wait().await?), Ordering::SeqCst);
                }
                Ok::<_, Stopping>(())
            };
            match flavour {
                0 => runner.adopt(Tokio, on_lane).unwrap(),
                _ => runner.adopt(Smol, on_lane).unwrap(),
            };
        }
        for round in 1..=ROUNDS {
            let last = barrier.wait_blocking().unwrap();
            leaders.fetch_add(usize::from(last), Ordering::SeqCst);
            assert!(leaders.load(Ordering::SeqCst) + 1 >= round);
        }
        finish(runner);
        assert_eq!(leaders.load(Ordering::SeqCst), ROUNDS);
        assert_eq!(barrier.waiting(), 0);
    });
}

#[test]
fn who_leaves_a_barrier_counts_no_longer() {
    within(LIMIT, || {
        let runner = runner();
        let barrier = Barrier::new(2);
        {
            let mut wait = Box::pin(barrier.wait());
            assert!(async_io::block_on(smol::future::poll_once(&mut wait)).is_none());
            assert_eq!(barrier.waiting(), 1);
        }
        assert_eq!(barrier.waiting(), 0);
        let point = barrier.clone();
        let stopped = runner.spawn(Thread, move || point.wait_blocking()).unwrap();
        until(|| barrier.waiting() == 1);
        stopped.stop();
        assert_eq!(stopped.join().unwrap(), Err(Stopping));
        assert_eq!(barrier.waiting(), 0);
        let point = barrier.clone();
        let other = runner.spawn(Tokio, async move || point.wait().await).unwrap();
        let last = barrier.wait_blocking().unwrap();
        assert_ne!(other.join().unwrap().unwrap(), last, "one of the two is the last");
        finish(runner);
    });
}

#[test]
fn a_barrier_for_one_or_none_holds_nobody() {
    within(LIMIT, || {
        for size in [0, 1] {
            let barrier = Barrier::new(size);
            assert_eq!(barrier.wait_blocking(), Ok(true));
            assert_eq!(barrier.waiting(), 0);
        }
    });
}

/// A146, T102, T108.
#[test]
fn an_event_lets_on_those_who_wait_and_those_who_come_later() {
    within(LIMIT, || {
        let runner = runner();
        let event = Event::new();
        let mut waits = Vec::new();
        for _ in 0..5 {
            let of_lane = event.clone();
            waits.push(runner.spawn(Smol, async move || of_lane.wait().await).unwrap());
            let of_thread = event.clone();
            waits.push(runner.spawn(Thread, move || of_thread.wait_blocking()).unwrap());
        }
        assert!(!event.is_set());
        event.set();
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Ok(()));
        }
        assert_eq!(event.wait_blocking(), Ok(()));
        event.clear();
        let again = event.clone();
        let wait = runner.spawn(Tokio, async move || again.wait().await).unwrap();
        assert!(wait.join_timeout(Duration::from_millis(20)).is_err());
        event.set();
        finish(runner);
    });
}

/// A stop ends every wait with an error instead of a hang.
#[test]
fn a_stop_ends_the_waits_of_lanes_and_threads() {
    within(LIMIT, || {
        let runner = runner();
        let (event, barrier, semaphore) = (Event::new(), Barrier::new(9), Semaphore::new(0));
        let mut waits = Vec::new();
        for _ in 0..2 {
            let (e, b, s) = (event.clone(), barrier.clone(), semaphore.clone());
            waits.push(runner.spawn(Tokio, async move || e.wait().await).unwrap());
            waits.push(runner.spawn(Smol, async move || b.wait().await.map(drop)).unwrap());
            let on_lane = async move || s.acquire().await.map(drop);
            waits.push(runner.spawn(AsyncStd, on_lane).unwrap());
            let (e, b, s) = (event.clone(), barrier.clone(), semaphore.clone());
            waits.push(runner.spawn(Thread, move || e.wait_blocking()).unwrap());
            waits.push(runner.spawn(Thread, move || b.wait_blocking().map(drop)).unwrap());
            waits.push(runner.spawn(Thread, move || s.acquire_blocking().map(drop)).unwrap());
        }
        until(|| barrier.waiting() == 4 && semaphore.waiting() == 4);
        runner.stop();
        for wait in waits {
            // One that had not begun never begins.
            match wait.join() {
                Ok(ended) => assert_eq!(ended, Err(Stopping)),
                Err(error) => assert!(error.is_stopped(), "{error}"),
            }
        }
        assert_eq!((barrier.waiting(), semaphore.waiting()), (0, 0));
        finish(runner);
    });
}
