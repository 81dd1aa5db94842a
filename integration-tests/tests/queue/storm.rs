//! Many items from many sides, with failures, retries, cancels and a stop in between: nothing is lost, and
//! nothing is done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use integration_tests::{on_each, runner};
use spumoni::prelude::*;
use spumoni::{ItemError, OnStop, TryLater};

use crate::{Flavoured, calling};

on_each!(nothing_is_lost_and_nothing_done_twice, a_stop_in_the_midst_accounts_for_every_item,);

const PRODUCERS: u32 = 3;
const EACH: u32 = 300;

/// How often each item was done.
type Done = Arc<Vec<AtomicU32>>;

fn noting(
    done: &Done,
) -> impl Fn(&Item<u32>) -> anyhow::Result<Attempt<u32>> + Clone + Send + 'static {
    let done = Arc::clone(done);
    move |item| {
        if **item % 7 == 3 && item.attempt() < 3 {
            return Ok(TryLater::now().into());
        }
        anyhow::ensure!(**item % 11 != 5, "as it must");
        done[**item as usize].fetch_add(1, Ordering::SeqCst);
        Ok(Attempt::Done(**item))
    }
}

/// Submits a share of the items, and tells what became of each.
fn produce(queue: &Queue<u32, u32>, producer: u32) -> Vec<(u32, Result<u32, ItemError<u32>>)> {
    let mut handles = Vec::new();
    let mut over = Vec::new();
    for item in (0..EACH).map(|n| n * PRODUCERS + producer) {
        match queue.submit_blocking(item) {
            Ok(handle) if item % 13 == 0 => match handle.cancel() {
                Ok(back) => assert_eq!(back, item),
                Err(handle) => handles.push((item, handle)),
            },
            Ok(handle) => handles.push((item, handle)),
            Err(refused) => {
                assert!(refused.is_stopping(), "{refused}");
                assert_eq!(refused.into_payload(), item);
            }
        }
    }
    over.extend(handles.into_iter().map(|(item, handle)| (item, handle.join())));
    over
}

fn run<F: Flavoured>(flavour: F, on_stop: OnStop, stops: bool) {
    let runner = runner();
    let done: Done = Arc::new((0..PRODUCERS * EACH).map(|_| AtomicU32::new(0)).collect());
    let queue = runner.queue("storm").workers(4).capacity(16).on_stop(on_stop);
    let queue = calling(queue.unique(|item: &u32| *item), flavour, noting(&done));
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let queue = queue.clone();
            thread::spawn(move || produce(&queue, producer))
        })
        .collect();
    if stops {
        integration_tests::until(|| queue.counters().done() > 50);
        queue.stop();
    }
    let outcomes = producers.into_iter().flat_map(|producer| producer.join().unwrap());
    let mut seen = 0_u32;
    for (item, outcome) in outcomes {
        let times = done[item as usize].swap(0, Ordering::SeqCst);
        match outcome {
            Ok(value) => assert_eq!((value, times), (item, 1)),
            Err(error) => {
                assert!(error.cause().is_some() || stops && error.is_stopped(), "{error}");
                assert_eq!((error.into_item(), times), (Some(item), 0));
            }
        }
        seen += 1;
    }
    // What was cancelled or refused was not done either.
    assert!(done.iter().all(|times| times.load(Ordering::SeqCst) == 0));
    let counters = queue.counters();
    assert_eq!(counters.submitted(), u64::from(seen) + counters.cancelled(), "{counters}");
    assert_eq!(counters.outstanding(), 0, "{counters}");
    let over = counters.done() + counters.failed() + counters.cancelled() + counters.not_done();
    assert_eq!(over, counters.submitted(), "{counters}");
    assert!(stops || seen as u64 + counters.cancelled() == u64::from(PRODUCERS * EACH));
    queue.stop();
    drop(queue);
    integration_tests::finish(runner);
}

fn nothing_is_lost_and_nothing_done_twice<F: Flavoured>(flavour: F) {
    run(flavour, OnStop::Drain, false);
}

fn a_stop_in_the_midst_accounts_for_every_item<F: Flavoured>(flavour: F) {
    run(flavour, OnStop::HandBack, true);
    run(flavour, OnStop::Drain, true);
}
