//! What is left of tasks that have ended: nothing, however many there were. One test, in a process of its
//! own, since the allocator counts for everybody.
//!
//! BEHAVIOURS C45; FAULTS 116; PEERS test list 2.

use std::alloc::System;
use std::time::Duration;

use cap::Cap;
use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::fake::Fake;
use integration_tests::{finish, until, within};
use spumoni::prelude::*;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const TASKS: usize = 1_000_000;
/// So many are under way at once at most, which bounds the queues.
const BATCH: usize = 10_000;
/// What a runner may grow by after a million tasks: the room of a thread or two that came later.
const MOST: usize = 64 << 10;

#[test]
fn f116_a_runner_is_no_bigger_after_a_million_tasks_than_after_the_first() {
    within(Duration::from_secs(540), || {
        for_good(Tokio);
        for_good(Smol);
        for_good(AsyncStd);
        for_good(Thread);
        for_good(Fake);
    });
}

fn for_good<F: Any>(flavour: F) {
    // A thread costs something too; here tasks are counted.
    let runner = ServiceRunner::builder().signals(false).pool_size(4).build().unwrap();
    grows_not(&runner, flavour, "adopted", TASKS, |_| {
        runner.adopt(flavour, <F::Mode>::payload(|| ())).map(drop).unwrap();
    });
    grows_not(&runner, flavour, "named", TASKS / 10, |number| {
        let task = runner.task(format!("task {number}"));
        task.adopt(flavour, <F::Mode>::payload(|| ())).map(drop).unwrap();
    });
    grows_not(&runner, flavour, "left by their handle", TASKS / 10, |number| {
        drop(runner.spawn(flavour, <F::Mode>::payload(move || number)).unwrap());
    });
    grows_not(&runner, flavour, "joined", TASKS / 50, |number| {
        let handle = runner.spawn(flavour, <F::Mode>::payload(move || Box::new(number))).unwrap();
        assert_eq!(*handle.join().unwrap(), number);
    });
    grows_not(&runner, flavour, "executed", TASKS / 50, |number| {
        let value = runner.execute(flavour, <F::Mode>::payload(move || Box::new(number)));
        assert_eq!(*value.unwrap(), number);
    });
    finish(runner);
}

/// Hands over so many tasks, and compares what the process holds with what it held after the first of them.
fn grows_not(runner: &Handle, flavour: impl Any, kind: &str, tasks: usize, one: impl Fn(usize)) {
    let mut begin = None;
    for number in 0..tasks {
        one(number);
        if number % BATCH == BATCH - 1 {
            until(|| runner.tree().alive() == 0);
            begin.get_or_insert_with(|| HEAP.allocated());
        }
    }
    let growth = HEAP.allocated().saturating_sub(begin.unwrap());
    println!("{}, {tasks} {kind}: grown by {growth} bytes", flavour.name());
    assert!(growth <= MOST, "{}, {tasks} {kind}: grown by {growth} bytes", flavour.name());
}
