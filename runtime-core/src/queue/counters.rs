//! The counters of a queue, as they are at one moment.

use std::fmt;
use std::time::Duration;

/// What has become of a queue's items so far. Each item that was ever taken is in exactly one of
/// [`waiting`](QueueCounters::waiting), [`delayed`](QueueCounters::delayed),
/// [`running`](QueueCounters::running), [`done`](QueueCounters::done), [`failed`](QueueCounters::failed),
/// [`cancelled`](QueueCounters::cancelled) and [`not_done`](QueueCounters::not_done).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounters {
    pub(super) submitted: u64,
    pub(super) waiting: usize,
    pub(super) delayed: usize,
    pub(super) running: usize,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) not_done: u64,
    pub(super) attempts: u64,
    pub(super) later: u64,
    pub(super) refused: u64,
    pub(super) busy: Duration,
    pub(super) longest: Duration,
    pub(super) waited: Duration,
    pub(super) longest_wait: Duration,
}

impl QueueCounters {
    /// Items that were taken.
    #[must_use]
    pub fn submitted(&self) -> u64 {
        self.submitted
    }

    /// Items that wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Items that wait for the time of their next attempt.
    #[must_use]
    pub fn delayed(&self) -> usize {
        self.delayed
    }

    /// Items that are being worked on.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running
    }

    /// Items that are done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Items whose work failed, or that were tried too often.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Items that were cancelled before their turn.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.cancelled
    }

    /// Items that a stop left undone: handed back, interrupted or abandoned.
    #[must_use]
    pub fn not_done(&self) -> u64 {
        self.not_done
    }

    /// Attempts that were begun.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Attempts that ended in "try later".
    #[must_use]
    pub fn later(&self) -> u64 {
        self.later
    }

    /// Items that were not taken: the queue was full, had the same already, or had stopped.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The time of all attempts that have ended, together.
    #[must_use]
    pub fn busy(&self) -> Duration {
        self.busy
    }

    /// The time of the longest attempt that has ended.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The time that items have waited for their first attempt, together.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The longest time that an item has waited for its first attempt.
    #[must_use]
    pub fn longest_wait(&self) -> Duration {
        self.longest_wait
    }

    /// Items that are not over: that wait, are delayed or are being worked on.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.waiting + self.delayed + self.running
    }

    pub(super) fn begun(&mut self, waited: Option<Duration>) {
        self.running += 1;
        self.attempts += 1;
        if let Some(waited) = waited {
            self.waited = self.waited.saturating_add(waited);
            self.longest_wait = self.longest_wait.max(waited);
        }
    }

    pub(super) fn took(&mut self, time: Duration) {
        self.busy = self.busy.saturating_add(time);
        self.longest = self.longest.max(time);
    }
}

impl fmt::Display for QueueCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} submitted: {} waiting, {} delayed, {} running, {} done, {} failed, {} cancelled, {} not done; {} refused",
            self.submitted,
            self.waiting,
            self.delayed,
            self.running,
            self.done,
            self.failed,
            self.cancelled,
            self.not_done,
            self.refused,
        )?;
        write!(
            f,
            "; {} attempts in {:.1?}, the longest {:.1?}, {} to be tried later; the longest wait {:.1?}",
            self.attempts, self.busy, self.longest, self.later, self.longest_wait,
        )
    }
}
