//! What limits cost when the tasks that had them have ended: nothing, by a counting allocator. One test, in a
//! process of its own, since the allocator counts for everybody.

use std::alloc::System;
use std::time::Duration;

use cap::Cap;
use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Tasks of one burst: were eleven bytes of each kept, it would show.
const TASKS: usize = 50_000;
/// What may stay behind, whatever the number of tasks: async-io takes up to 1,000 operations on timers at a
/// time, and what a timer would have woken lives until its own has been taken.
const REST: usize = 512 << 10;

/// Issue 176 of socketry/async: timers of what has ended were kept.
#[test]
fn tasks_that_have_ended_leave_nothing_of_their_long_limits() {
    within(LIMIT, || {
        let runner = runner();
        let burst = || {
            for _ in 0..TASKS {
                let task = runner.task("brief").timeout(Duration::from_secs(3600));
                task.spawn(Smol, async || ()).unwrap().join().unwrap();
            }
        };
        burst();
        let before = HEAP.allocated();
        burst();
        let left = HEAP.allocated().saturating_sub(before);
        assert!(left <= REST, "{left} bytes are left");
    });
}
