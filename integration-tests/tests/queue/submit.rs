//! Items on their way in, and their results.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::thread;

use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use spumoni::prelude::*;
use spumoni::{ItemReason, Reason};

use crate::{Flavoured, calling, twice, waiting};

on_each!(
    each_handle_gets_its_own_result,
    items_that_nobody_waits_for_are_all_done,
    workers_are_tasks_of_a_group_of_the_queues_name,
    f056_a_full_queue_refuses_and_gives_the_item_back,
    a_submitter_waits_for_a_place_and_gets_it,
    submitters_get_their_places_in_the_order_in_which_they_came,
    a_submitter_that_goes_away_takes_no_place,
    a_closed_queue_takes_nothing_new_and_works_on_what_waits,
    a_queue_that_nobody_can_reach_ends_and_so_does_the_runner,
    a_result_is_given_once,
    a_value_of_a_dropped_handle_is_dropped,
);

/// S21.
fn each_handle_gets_its_own_result<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("twice").workers(2), flavour, twice);
    let handles: Vec<_> = (0..20).map(|n| queue.submit_blocking(n).unwrap()).collect();
    for (n, handle) in (0..).zip(handles) {
        assert_eq!(handle.number(), u64::from(n) + 1);
        assert_eq!(handle.join().unwrap(), n * 2);
    }
    drop(queue);
    finish(runner);
}

/// S18.
fn items_that_nobody_waits_for_are_all_done<F: Flavoured>(flavour: F) {
    let runner = runner();
    let done = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&done);
    let queue =
        calling(runner.queue("list"), flavour, move |item| list.lock().unwrap().push(**item));
    for n in [1, 2, 3] {
        queue.adopt_blocking(n).unwrap();
    }
    queue.idle_blocking().unwrap();
    assert_eq!(*done.lock().unwrap(), [1, 2, 3]);
    drop(queue);
    finish(runner);
}

/// S20, and for threads S16.
fn workers_are_tasks_of_a_group_of_the_queues_name<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&seen);
    let queue = waiting(runner.queue("team").workers(5), flavour, &gate, move |_| {
        let path = Context::current().label().path();
        list.lock().unwrap().push((path, thread::current().id()));
    });
    let handles: Vec<_> = (0..5).map(|n| queue.submit_blocking(n).unwrap()).collect();
    gate.wait_for(5);
    let tree = runner.tree();
    assert_eq!(tree.group("team").map(|team| team.alive()), Some(5), "{tree}");
    gate.open();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
    let mut seen = seen.lock().unwrap();
    seen.sort_by(|(one, _), (other, _)| one.cmp(other));
    let paths: Vec<_> = seen.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["team/1", "team/2", "team/3", "team/4", "team/5"]);
    let threads: HashSet<_> = seen.iter().map(|(_, thread)| thread).collect();
    assert_eq!(threads.len(), if flavour.name() == "thread" { 5 } else { 1 });
    drop((queue, tree));
    finish(runner);
}

/// S90 and T104: no wait where none is asked for.
fn f056_a_full_queue_refuses_and_gives_the_item_back<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("small").capacity(2), flavour, &gate, twice);
    let first = queue.try_submit(1).unwrap();
    gate.wait_for(1);
    let others = [queue.try_submit(2).unwrap(), queue.try_submit(3).unwrap()];
    let refused = queue.try_submit(4).unwrap_err();
    let Reason::QueueFull { capacity, .. } = refused.reason() else { panic!("{refused}") };
    assert_eq!((*capacity, queue.capacity(), queue.counters().refused()), (2, 2, 1));
    assert_eq!(refused.to_string(), "the queue `small` is full: 2 of 2 items wait");
    assert_eq!(refused.into_payload(), 4);
    gate.open();
    assert_eq!(first.join().unwrap(), 2);
    assert_eq!(others.map(|other| other.join().unwrap()), [4, 6]);
    drop(queue);
    finish(runner);
}

/// A151.
fn a_submitter_waits_for_a_place_and_gets_it<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("small").capacity(1), flavour, &gate, twice);
    let first = queue.submit_blocking(1).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(2).unwrap();
    let of_thread = queue.clone();
    let plain = thread::spawn(move || of_thread.submit_blocking(3).unwrap().join().unwrap());
    let of_lane = queue.clone();
    let awaits = async move || of_lane.submit(4).await.unwrap().await.unwrap();
    // Where the workers are on that very lane, they have their turns meanwhile.
    let lane = runner.spawn(Tokio, awaits).unwrap();
    until(|| queue.counters().submitted() == 2 && !lane.is_finished() && !plain.is_finished());
    gate.open();
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (2, 4));
    assert_eq!((plain.join().unwrap(), lane.join().unwrap()), (6, 8));
    drop(queue);
    finish(runner);
}

/// T106.
fn submitters_get_their_places_in_the_order_in_which_they_came<F: Flavoured>(flavour: F) {
    let runner = runner();
    let (gate, order) = (Gate::default(), Arc::new(Mutex::new(Vec::new())));
    let list = Arc::clone(&order);
    let queue = waiting(runner.queue("fair").capacity(1), flavour, &gate, move |item| {
        list.lock().unwrap().push(**item);
    });
    queue.adopt_blocking(0).unwrap();
    gate.wait_for(1);
    queue.adopt_blocking(1).unwrap();
    // Polled once each, in their order, on a lane or off them all.
    let mut submitters: Vec<_> = (2..8).map(|n| Box::pin(queue.adopt(n))).collect();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for submitter in &mut submitters {
        assert!(submitter.as_mut().poll(&mut cx).is_pending());
    }
    gate.open();
    for submitter in submitters {
        spumoni::timeout_blocking(LIMIT, submitter).unwrap().unwrap();
    }
    queue.idle_blocking().unwrap();
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    drop(queue);
    finish(runner);
}

/// A153.
fn a_submitter_that_goes_away_takes_no_place<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue =
        waiting(runner.queue("left").capacity(1).unique(|n: &u32| *n), flavour, &gate, twice);
    let first = queue.submit_blocking(0).unwrap();
    gate.wait_for(1);
    let second = queue.submit_blocking(1).unwrap();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut gone = Box::pin(queue.submit(2));
    let mut stays = Box::pin(queue.submit(3));
    assert!(gone.as_mut().poll(&mut cx).is_pending() && stays.as_mut().poll(&mut cx).is_pending());
    drop(gone);
    gate.open();
    let stays = spumoni::timeout_blocking(LIMIT, stays).unwrap().unwrap();
    // Its key is free too.
    let again = queue.submit_blocking(2).unwrap();
    let all = [first, second, stays, again].map(|handle| handle.join().unwrap());
    assert_eq!((all, queue.counters().submitted()), ([0, 2, 6, 4], 4));
    drop(queue);
    finish(runner);
}

/// A149 in sense: what waits is served, then nothing is.
fn a_closed_queue_takes_nothing_new_and_works_on_what_waits<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("till").workers(2).capacity(3), flavour, &gate, twice);
    let handles: Vec<_> = (0..2).map(|n| queue.submit_blocking(n).unwrap()).collect();
    gate.wait_for(2);
    let later: Vec<_> = (2..5).map(|n| queue.submit_blocking(n).unwrap()).collect();
    let of_thread = queue.clone();
    let waits = thread::spawn(move || of_thread.submit_blocking(9).map(drop));
    assert!(!queue.is_closed());
    queue.close();
    let refused = waits.join().unwrap().unwrap_err();
    assert!(refused.is_stopping() && queue.is_closed(), "{refused}");
    let refused = queue.try_submit(7).unwrap_err();
    assert!(matches!(refused.reason(), Reason::QueueClosed { .. }), "{refused}");
    gate.open();
    let results: Vec<_> = handles.into_iter().chain(later).map(|h| h.join().unwrap()).collect();
    assert_eq!(results, [0, 2, 4, 6, 8]);
    queue.ended().blocking().unwrap();
    drop(queue);
    finish(runner);
}

fn a_queue_that_nobody_can_reach_ends_and_so_does_the_runner<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("short").workers(3), flavour, twice);
    let handle = queue.submit_blocking(4).unwrap();
    drop(queue);
    finish(runner);
    assert_eq!(handle.join().unwrap(), 8);
}

fn a_result_is_given_once<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("once"), flavour, twice);
    let mut handle = queue.submit_blocking(4).unwrap();
    let both = runner.execute(Smol, async move || ((&mut handle).await, handle.await)).unwrap();
    assert_eq!(both.0.unwrap(), 8);
    let again = both.1.unwrap_err();
    assert!(matches!(again.reason(), ItemReason::Taken), "{again}");
    drop(queue);
    finish(runner);
}

fn a_value_of_a_dropped_handle_is_dropped<F: Flavoured>(flavour: F) {
    let runner = runner();
    let (told, tells) = witness();
    let told = Arc::new(Mutex::new(Some(told)));
    let queue =
        calling(runner.queue("drop"), flavour, move |_| Attempt::Done(told.lock().unwrap().take()));
    drop(queue.submit_blocking(1).unwrap());
    queue.idle_blocking().unwrap();
    tells.recv().unwrap();
    drop(queue);
    finish(runner);
}

#[test]
fn a_worker_on_a_thread_has_its_path_for_a_name() {
    within(LIMIT, || {
        let runner = runner();
        let queue = runner.queue("mill").open(Thread, |_: &Item<()>| {
            Attempt::Done(thread::current().name().map(str::to_owned))
        });
        let queue = queue.unwrap();
        let name = queue.submit_blocking(()).unwrap().join().unwrap();
        assert!(name.as_ref().is_some_and(|name| name.ends_with("mill/1")), "{name:?}");
        drop(queue);
        finish(runner);
    });
}

/// Workers wait on threads of their own: the pool is for others.
#[test]
fn idle_workers_use_up_no_pool() {
    within(LIMIT, || {
        let built = ServiceRunner::builder().signals(false).pool_size(1).build();
        let runner = built.unwrap();
        let queue = runner.queue("idle").workers(8).open(Thread, |_: &Item<u32>| ()).unwrap();
        assert_eq!(runner.spawn(Thread, || 1).unwrap().join(), Ok(1));
        queue.adopt_blocking(1).unwrap();
        drop(queue);
        finish(runner);
    });
}

#[test]
fn a_queue_below_a_group_stops_with_it() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("site").open().unwrap();
        let queue = group.queue("mail").open(Smol, async |_: &Item<u32>| ()).unwrap();
        queue.submit_blocking(1).unwrap().join().unwrap();
        let tree = runner.tree();
        assert!(tree.group("site/mail").is_some() || tree.to_string().contains("site/mail"));
        group.stop();
        queue.ended().blocking().unwrap();
        assert!(queue.try_submit(2).unwrap_err().is_stopping());
        drop((group, queue));
        finish(runner);
    });
}

#[test]
fn f118_queue_settings_that_make_no_sense_are_refused_with_the_reason() {
    within(LIMIT, || {
        let runner = runner();
        let open = |queue: spumoni::QueueBuilder<u32>| {
            queue.open(Thread, |_: &Item<u32>| ()).unwrap_err().to_string()
        };
        assert!(open(runner.queue("q").workers(0)).contains("`workers` must be at least 1"));
        assert!(open(runner.queue("q").workers(99_999)).contains("`workers` must be at most"));
        assert!(open(runner.queue("q").capacity(0)).contains("`capacity` must be at least 1"));
        assert!(open(runner.queue("q").attempts(0)).contains("`attempts` must be at least 1"));
        assert!(open(runner.queue("a/b")).contains("has a slash"));
        let queue = runner.queue("q").open(Thread, |_: &Item<u32>| ()).unwrap();
        assert!(open(runner.queue("q")).contains("the name `q`"));
        drop(queue);
        finish(runner);
    });
}

/// Queues of different flavours feed each other, and items come from every side.
#[test]
fn queues_of_mixed_flavours_feed_each_other() {
    within(LIMIT, || {
        let runner = runner();
        let write = runner
            .queue("write")
            .workers(2)
            .open(Thread, |item: &Item<String>| Attempt::Done(item.len()));
        let write = write.unwrap();
        let next = write.clone();
        let parse = runner.queue("parse").workers(3).open(Smol, async move |item: &Item<u32>| {
            let length = next.submit("x".repeat(**item as usize)).await?.await?;
            anyhow::Ok(Attempt::Done(length))
        });
        let parse = parse.unwrap();
        let from_thread = parse.clone();
        let plain = thread::spawn(move || from_thread.submit_blocking(3).unwrap().join().unwrap());
        let from_lane = parse.clone();
        let lane = runner.spawn(Tokio, async move || from_lane.submit(5).await.unwrap().await);
        assert_eq!(plain.join().unwrap(), 3);
        assert_eq!(lane.unwrap().join().unwrap().unwrap(), 5);
        drop((parse, write));
        finish(runner);
    });
}
