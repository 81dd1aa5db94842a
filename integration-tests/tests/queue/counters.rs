//! The counters of a queue.

use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{finish, on_each, runner, until};
use spumoni::prelude::*;

use crate::{Flavoured, waiting};

on_each!(every_item_is_counted_in_one_place);

/// What each item is to become.
fn fate(item: &Item<u32>) -> anyhow::Result<Attempt<()>> {
    match **item {
        1 => anyhow::bail!("as it must"),
        2 if item.attempt() == 1 => Ok(Attempt::later(Duration::MAX)),
        _ => Ok(Attempt::Done(())),
    }
}

fn every_item_is_counted_in_one_place<F: Flavoured>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let queue = waiting(runner.queue("all").capacity(4), flavour, &gate, fate);
    let [done, failed, delayed, cancelled] = [0, 1, 2, 3].map(|n| queue.try_submit(n).unwrap());
    gate.wait_for(1);
    let counters = queue.counters();
    assert_eq!((counters.running(), counters.waiting()), (1, 3), "{counters}");
    assert!(cancelled.cancel().is_ok());
    gate.open();
    done.join().unwrap();
    failed.join().unwrap_err();
    until(|| queue.counters().delayed() == 1);
    let last = queue.counters();
    let places = (last.done(), last.failed(), last.cancelled(), last.delayed(), last.outstanding());
    assert_eq!((last.submitted(), places), (4, (1, 1, 1, 1, 1)), "{last}");
    assert_eq!((last.attempts(), last.later()), (3, 1));
    assert!(last.busy() >= last.longest() && last.waited() >= last.longest_wait());
    assert!(last.longest() > Duration::ZERO);
    queue.stop();
    assert_eq!(delayed.join().unwrap_err().into_item(), Some(2));
    assert_eq!((queue.counters().not_done(), queue.counters().outstanding()), (1, 0));
    let text = queue.counters().to_string();
    assert!(text.starts_with("4 submitted: 0 waiting, 0 delayed, 0 running, 1 done, 1 failed, 1 cancelled, 1 not done"), "{text}");
    let json = serde_json::to_value(queue.counters()).unwrap();
    assert_eq!((&json["submitted"], &json["not_done"]), (&4.into(), &1.into()), "{json}");
    assert!(json["longest"].as_f64().is_some_and(|seconds| seconds > 0.0), "{json}");
    drop(queue);
    finish(runner);
}
