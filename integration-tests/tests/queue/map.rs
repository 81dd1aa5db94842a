//! Many items at once.

use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner, until};
use spumoni::prelude::*;
use spumoni::{AsyncStd, ItemReason};

use crate::{Flavoured, calling, twice, waiting};

const SHORT: Duration = Duration::from_millis(20);

on_each!(
    results_come_in_the_order_of_the_items,
    each_failure_stands_in_the_place_of_its_item,
    when_the_limit_is_over_what_was_not_begun_comes_back,
    a_map_that_is_dropped_takes_its_items_along,
    a_queue_that_stops_gives_back_what_a_map_has_not_brought_in,
);

/// S22.
fn results_come_in_the_order_of_the_items<F: Flavoured>(flavour: F) {
    let runner = runner();
    // Later ones are done first, and there are more than places.
    let queue = runner.queue("map").workers(3).capacity(2).priority(|item: &u32| i64::from(*item));
    let queue = calling(queue, flavour, twice);
    let expected: Vec<_> = (0..30).map(|n| n * 2).collect();
    let all = queue.map_blocking(0..30);
    assert_eq!(all.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), expected);
    let of_lane = queue.clone();
    let all = runner.execute(AsyncStd, async move || of_lane.map(0..30).await).unwrap();
    assert_eq!(all.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), expected);
    let of_lane = queue.clone();
    let all = runner.execute(Smol, async move || of_lane.map_timeout(Duration::MAX, 0..30).await);
    assert_eq!(all.unwrap().into_iter().map(Result::unwrap).collect::<Vec<_>>(), expected);
    let all = queue.map_blocking_timeout(Duration::MAX, 0..30);
    assert_eq!(all.into_iter().map(Result::unwrap).collect::<Vec<_>>(), expected);
    assert!(queue.map_blocking([]).is_empty());
    drop(queue);
    finish(runner);
}

fn each_failure_stands_in_the_place_of_its_item<F: Flavoured>(flavour: F) {
    let runner = runner();
    let queue = calling(runner.queue("map").workers(2), flavour, |item| {
        anyhow::ensure!(**item != 2, "not two");
        Ok(Attempt::Done(**item))
    });
    let all = queue.map_blocking([1, 2, 3]);
    let texts: Vec<_> = all.iter().map(|one| one.as_ref().map_err(|e| e.to_string())).collect();
    assert!(matches!(&texts[..], [Ok(1), Err(text), Ok(3)] if text.ends_with("failed: not two")));
    let first = all.into_iter().collect::<Result<Vec<_>, _>>().unwrap_err();
    assert_eq!(first.into_item(), Some(2));
    drop(queue);
    finish(runner);
}

fn when_the_limit_is_over_what_was_not_begun_comes_back<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("map").capacity(2), flavour, &gate, twice);
    let from_lane = queue.clone();
    let on_lane = runner.spawn(Tokio, async move || from_lane.map_timeout(SHORT, 10..16).await);
    let results = on_lane.unwrap().join().unwrap();
    assert!(results.iter().all(|one| one.as_ref().is_err_and(|error| error.is_timed_out())));
    let back: Vec<_> = results.into_iter().map(|one| one.unwrap_err().into_item()).collect();
    assert_eq!(back[1..], [Some(11), Some(12), Some(13), Some(14), Some(15)]);
    // The first was begun, unless that took longer than the limit: then it goes on.
    let begun = back[0].is_none();
    assert!(begun || back[0] == Some(10));
    let other = queue.submit_blocking(16).unwrap();
    gate.wait_for(1);
    let results = queue.map_blocking_timeout(SHORT, 20..23);
    let back: Vec<_> = results.into_iter().map(|one| one.unwrap_err().into_item()).collect();
    assert_eq!(back, [Some(20), Some(21), Some(22)]);
    assert_eq!(queue.counters().waiting(), usize::from(begun));
    gate.open();
    assert_eq!(other.join().unwrap(), 32);
    queue.idle_blocking().unwrap();
    assert_eq!(queue.counters().done(), 1 + u64::from(begun));
    drop(queue);
    finish(runner);
}

fn a_map_that_is_dropped_takes_its_items_along<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("map"), flavour, &gate, |item| {
        anyhow::ensure!(item.number() != 1, "nobody hears of it");
        Ok(())
    });
    let of_task = queue.clone();
    let task = runner.task("dropped").grace(Duration::ZERO);
    let task = task.spawn(Smol, async move || of_task.map(0..5).await.len()).unwrap();
    until(|| queue.counters().submitted() == 5);
    gate.wait_for(1);
    task.stop();
    assert!(task.join().is_err());
    until(|| queue.counters().cancelled() == 4);
    gate.open();
    queue.idle_blocking().unwrap();
    assert_eq!((queue.counters().failed(), queue.counters().outstanding()), (1, 0));
    drop(queue);
    finish(runner);
}

fn a_queue_that_stops_gives_back_what_a_map_has_not_brought_in<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("map").capacity(1), flavour, &gate, twice);
    let of_thread = queue.clone();
    let map = std::thread::spawn(move || of_thread.map_blocking(0..6));
    until(|| queue.counters().waiting() == 1 && gate.count() == 1);
    queue.stop();
    // Whoever waits for a place is refused before anything is done.
    until(|| queue.counters().refused() > 0);
    gate.open();
    let results = map.join().unwrap();
    let done = results.iter().flatten().count();
    assert_eq!(results.len(), 6);
    let back = results.into_iter().filter_map(Result::err).inspect(|error| {
        assert!(error.is_stopped(), "{error}");
        assert!(!matches!(error.reason(), ItemReason::TimedOut(_)));
    });
    let back: Vec<_> = back.filter_map(|error| error.into_item()).collect();
    assert_eq!(back, ((done as u32)..6).collect::<Vec<_>>());
    drop(queue);
    finish(runner);
}
