//! Who has been polling since when: written by the lane or pool thread, read by anybody.
//!
//! The time is taken once a turn and not once a poll. A turn of polls that come back takes
//! microseconds, so for a poll that does not come back the turn's begin is as good as its own.

use std::panic::Location;
use std::time::{Duration, Instant};

use crate::id::TaskId;
use crate::sync::{AtomicU64, Ordering};
use crate::task::cell::StaticCell;
use crate::task::contract::Header;

/// See the module.
pub(crate) struct Stamp {
    epoch: Instant,
    /// Nanoseconds since the epoch, plus one; zero while the thread has nothing to do.
    since: AtomicU64,
    task: AtomicU64,
    spawned_at: StaticCell<Location<'static>>,
}

/// What a thread is busy with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Busy {
    pub(crate) task: TaskId,
    pub(crate) spawned_at: &'static Location<'static>,
    /// For how long.
    pub(crate) held: Duration,
}

impl Stamp {
    pub(crate) fn new(epoch: Instant) -> Self {
        Stamp {
            epoch,
            since: AtomicU64::new(0),
            task: AtomicU64::new(0),
            spawned_at: StaticCell::empty(),
        }
    }

    /// A turn begins. Gives the milliseconds since the epoch.
    pub(crate) fn begin(&self) -> u32 {
        let age = self.epoch.elapsed();
        let nanos = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX - 1);
        self.task.store(0, Ordering::Relaxed);
        self.since.store(nanos + 1, Ordering::Release);
        millis(age)
    }

    /// The milliseconds since the epoch.
    pub(crate) fn now(&self) -> u32 {
        millis(self.epoch.elapsed())
    }

    /// The task has the thread from now on.
    pub(crate) fn task(&self, header: &Header) {
        self.spawned_at.set(header.spawned_at());
        self.task.store(header.id.as_u64(), Ordering::Relaxed);
    }

    /// No task has the thread any more, though the turn goes on.
    pub(crate) fn no_task(&self) {
        self.task.store(0, Ordering::Relaxed);
    }

    /// The turn is over.
    pub(crate) fn end(&self) {
        self.since.store(0, Ordering::Release);
    }

    pub(crate) fn busy(&self) -> Option<Busy> {
        let since = self.since.load(Ordering::Acquire).checked_sub(1)?;
        let task = self.task.load(Ordering::Relaxed);
        if task == 0 {
            return None;
        }
        let spawned_at = self.spawned_at.get()?;
        let held = self.epoch.elapsed().saturating_sub(Duration::from_nanos(since));
        Some(Busy { task: TaskId::from_u64(task), spawned_at, held })
    }
}

fn millis(age: Duration) -> u32 {
    u32::try_from(age.as_millis()).unwrap_or(u32::MAX)
}
