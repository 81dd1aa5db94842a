//! Waits that block, and those that could never end.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{ItemReason, JoinGroupError, Reason};

use crate::{Flavoured, Works, calling, twice, waiting};

on_each!(
    a_wait_with_a_limit_gives_the_handle_back,
    a_blocking_wait_of_another_flavour_ends_with_the_item,
    a_queue_without_work_is_idle_at_once,
    workers_that_would_all_wait_for_their_own_queue_are_refused,
);

on_each_lane!(
    a_blocking_wait_on_the_workers_own_lane_is_refused_with_the_ring,
    a_blocking_submit_to_a_full_queue_on_its_own_lane_is_refused,
);

fn a_wait_with_a_limit_gives_the_handle_back<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("slow"), flavour, &gate, twice);
    let handle = queue.submit_blocking(2).unwrap();
    let handle = handle.join_timeout(Duration::from_millis(5)).unwrap_err();
    gate.open();
    assert_eq!(handle.join_timeout(LIMIT).unwrap().unwrap(), 4);
    drop(queue);
    finish(runner);
}

fn a_blocking_wait_of_another_flavour_ends_with_the_item<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("twice"), flavour, twice);
    let of_thread = queue.clone();
    let pool = runner.spawn(Thread, move || of_thread.submit_blocking(1).unwrap().join().unwrap());
    assert_eq!(pool.unwrap().join(), Ok(2));
    if flavour.name() != "tokio" {
        let of_lane = queue.clone();
        let blocks = async move || of_lane.submit_blocking(2).unwrap().join().unwrap();
        assert_eq!(runner.execute(Tokio, blocks).unwrap(), 4);
    }
    drop(queue);
    finish(runner);
}

fn a_queue_without_work_is_idle_at_once<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("idle"), flavour, twice);
    queue.idle_blocking().unwrap();
    let of_lane = queue.clone();
    assert!(runner.execute(Smol, async move || of_lane.idle().await).unwrap().is_ok());
    queue.stop();
    queue.ended().blocking().unwrap();
    queue.idle_blocking().unwrap();
    drop(queue);
    finish(runner);
}

/// S90.
fn workers_that_would_all_wait_for_their_own_queue_are_refused<F: Flavoured>(flavour: F) {
    let runner = runner();
    let (gate, own) = (Gate::default(), Arc::new(OnceLock::<Queue<u32, bool>>::new()));
    let (inside, refused) = (Arc::clone(&own), Arc::new(Mutex::new(Vec::new())));
    let list = Arc::clone(&refused);
    let work = <F::Mode as Works>::at(&gate, move |item| {
        let queue = inside.get().unwrap();
        if **item > 0 {
            return Attempt::Done(false);
        }
        // The only worker: whatever it waits for would be its own doing.
        let error = queue.submit_blocking(7).unwrap_err();
        assert!(matches!(error.reason(), Reason::WouldDeadlock { .. }), "{error}");
        assert_eq!(error.into_payload(), 7);
        let idle = queue.idle_blocking();
        assert!(matches!(idle, Err(JoinGroupError::WouldDeadlock(_))));
        list.lock().unwrap().push(**item);
        Attempt::Done(true)
    });
    let queue = runner.queue("own").capacity(1).open(flavour, work).unwrap();
    own.set(queue.clone()).unwrap();
    let first = queue.submit_blocking(0).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(1).unwrap();
    gate.open();
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (true, false));
    assert_eq!(*refused.lock().unwrap(), [0]);
    // Its work holds the queue: nobody but a close ends it.
    queue.close();
    drop(queue);
    finish(runner);
}

/// The same by awaiting.
#[test]
fn an_awaiting_worker_that_would_wait_for_its_own_queue_is_refused() {
    within(LIMIT, || {
        let runner = runner();
        let own = Arc::new(OnceLock::<Queue<u32, String>>::new());
        let (gate, inside) = (Gate::default(), Arc::clone(&own));
        let at = gate.clone();
        let queue = runner.queue("own").capacity(1).open(Tokio, async move |item: &Item<u32>| {
            at.pass().await;
            let queue = inside.get().unwrap();
            match **item {
                0 => Attempt::Done(queue.submit(2).await.unwrap_err().to_string()),
                _ => Attempt::Done(queue.idle().await.unwrap_err().to_string()),
            }
        });
        let queue = queue.unwrap();
        own.set(queue.clone()).unwrap();
        let first = queue.submit_blocking(0).unwrap();
        gate.wait_for(1);
        let second = queue.submit_blocking(1).unwrap();
        gate.open();
        for handle in [first, second] {
            let text = handle.join().unwrap();
            assert!(text.contains("tokio task `own/1` waits for group `own`"), "{text}");
        }
        queue.close();
        drop(queue);
        finish(runner);
    });
}

fn a_blocking_wait_on_the_workers_own_lane_is_refused_with_the_ring<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("twice"), flavour, twice);
    let of_lane = queue.clone();
    let blocks = <F::Mode as integration_tests::calls::Calls>::payload(move || {
        let handle = of_lane.submit_blocking(1).unwrap();
        let error = handle.join().unwrap_err();
        assert!(matches!(error.reason(), ItemReason::WouldDeadlock(_)), "{error}");
        let idle = of_lane.idle_blocking();
        assert!(matches!(idle, Ok(()) | Err(JoinGroupError::WouldDeadlock(_))));
        error.to_string()
    });
    let text = runner.task("blocks").spawn(flavour, blocks).unwrap().join().unwrap();
    assert!(text.contains("`blocks` waits for item 1 of the queue `twice`"), "{text}");
    drop(queue);
    finish(runner);
}

fn a_blocking_submit_to_a_full_queue_on_its_own_lane_is_refused<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("full").capacity(1), flavour, &gate, twice);
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(2).unwrap();
    let of_lane = queue.clone();
    let blocks = <F::Mode as integration_tests::calls::Calls>::payload(move || {
        let error = of_lane.submit_blocking(3).unwrap_err();
        assert!(matches!(error.reason(), Reason::WouldDeadlock { .. }), "{error}");
        error.into_payload()
    });
    assert_eq!(runner.spawn(flavour, blocks).unwrap().join(), Ok(3));
    gate.open();
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (2, 4));
    drop(queue);
    finish(runner);
}

/// Two queues whose only workers wait for each other's items.
#[test]
fn workers_of_two_queues_that_wait_for_each_other_are_refused() {
    within(LIMIT, || {
        let runner = runner();
        let (here, there) =
            (Arc::new(OnceLock::new()), Arc::new(OnceLock::<Queue<u32, u32>>::new()));
        let gate = Gate::default();
        let work = |other: &Arc<OnceLock<Queue<u32, u32>>>, gate: &Gate| {
            let (other, gate) = (Arc::clone(other), gate.clone());
            move |item: &Item<u32>| {
                if **item > 0 {
                    return anyhow::Ok(Attempt::Done(**item));
                }
                gate.pass_blocking();
                let mine = other.get().unwrap().submit_blocking(1)?;
                Ok(Attempt::Done(mine.join()?))
            }
        };
        let left = runner.queue("left").open(Thread, work(&there, &gate)).unwrap();
        let right = runner.queue("right").open(Thread, work(&here, &gate)).unwrap();
        here.set(left.clone()).unwrap();
        there.set(right.clone()).unwrap();
        let both = [left.submit_blocking(0).unwrap(), right.submit_blocking(0).unwrap()];
        gate.wait_for(2);
        gate.open();
        let outcomes = both.map(|handle| handle.join());
        // The second to wait sees the ring; the first gets its item then.
        let failed: Vec<_> = outcomes.iter().filter_map(|one| one.as_ref().err()).collect();
        assert_eq!(failed.len(), 1, "{outcomes:?}");
        let text = failed[0].to_string();
        assert!(
            text.contains("`left/1` waits for item") && text.contains("`right/1` waits"),
            "{text}"
        );
        left.close();
        right.close();
        drop((left, right));
        finish(runner);
    });
}
