//! What a pending task costs: a million of them on each lane, by a counting allocator. One test, in a process
//! of its own, since the allocator counts for everybody.
//!
//! The table is `PERFORMANCE.md`, "Memory of a pending task": a bare task of tokio's takes 144 bytes.

use std::alloc::System;
use std::future::pending;
use std::time::Duration;

use cap::Cap;
use integration_tests::each::{Any, Lane};
use integration_tests::fake::Fake;
use integration_tests::{until, within};
use spumoni::prelude::*;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const TASKS: usize = 1_000_000;

/// The most bytes for a task whose future is empty: cell and place in the lane's list together.
const MOST: usize = 144;

/// What may stay behind when all is over, whatever the number of tasks.
const REST: usize = 256 << 10;

#[test]
fn f055_a_million_pending_tasks_take_no_more_than_144_bytes_each_and_give_them_back() {
    within(Duration::from_secs(300), || {
        pend(Tokio);
        pend(Smol);
        pend(AsyncStd);
        pend(Fake);
    });
}

fn pend(flavour: impl Lane) {
    let built = ServiceRunner::builder().signals(false).grace(Duration::ZERO).build();
    let runner = built.unwrap();
    let handle = runner.handle();
    // The lane is up, with all that it has once.
    runner.execute(flavour, async || ()).unwrap();
    let before = HEAP.allocated();
    for _ in 0..TASKS {
        runner.adopt(flavour, pending::<()>).map(drop).unwrap();
    }
    // The last in the row: when it is done, each of those before it has been polled.
    runner.execute(flavour, async || ()).unwrap();
    until(|| runner.tree().alive() == TASKS as u64);
    let each = HEAP.allocated().saturating_sub(before) as f64 / TASKS as f64;
    println!("{}: {each:.1} bytes for a pending task", flavour.name());
    assert!(each <= MOST as f64, "{}: {each} bytes", flavour.name());
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    drop((report, handle));
    let left = HEAP.allocated().saturating_sub(before);
    assert!(left <= REST, "{}: {left} bytes are left", flavour.name());
}
