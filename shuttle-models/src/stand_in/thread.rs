//! Shuttle's threads, with waits that have a limit.

use std::io;
use std::num::NonZero;
use std::time::Duration;

pub(crate) use shuttle::thread::{Builder, Thread, current, park, yield_now};

use super::time;

/// Gives way a few times, and then its time is over; or waits, if the limit is long.
pub(crate) fn park_timeout(limit: Duration) {
    match time::patience(limit) {
        None => park(),
        Some(turns) => {
            // A wake-up that comes meanwhile is kept for the next wait: whoever parks looks before.
            for _ in 0..turns {
                yield_now();
            }
            time::pass(limit);
        }
    }
}

/// On one core nobody looks for work before it sleeps.
pub(crate) fn available_parallelism() -> io::Result<NonZero<usize>> {
    Ok(NonZero::<usize>::MIN)
}

/// So that a pool has two threads without a watcher.
pub(crate) fn cores_of_a_pool() -> io::Result<NonZero<usize>> {
    Ok(NonZero::<usize>::MIN.saturating_add(1))
}

/// Whether it unwinds is the process's to know.
pub(crate) fn panicking() -> bool {
    std::thread::panicking()
}
