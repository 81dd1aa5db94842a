//! What was taken in, what was written, what was turned away: the figures of the last line.
//!
//! # Invariants
//! 1. `accepted` is raised before a record can be written, so `written` is never ahead of it.
//! 2. At the end `accepted - written` is what was lost: every way out of the queue but into the
//!    database either leaves that gap or takes its records back with [`Counters::take_back`].
//!
//! All orderings are relaxed: nothing is published through a counter, and the last reading comes
//! after the runner has ended, whose end is the partner of all of them.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counts of records, kept by everybody and read at the end.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    written: AtomicU64,
    refused: AtomicU64,
    bad_lines: AtomicU64,
}

impl Counters {
    /// The daemon now answers for `n` more records.
    pub(crate) fn accept(&self, n: usize) {
        self.accepted.fetch_add(n as u64, Relaxed);
    }

    /// Their sender was told that these `n` accepted records will not be written.
    pub(crate) fn take_back(&self, n: usize) {
        self.accepted.fetch_sub(n as u64, Relaxed);
        self.refuse(n);
    }

    /// `n` records were turned away, their sender knows it.
    pub(crate) fn refuse(&self, n: usize) {
        self.refused.fetch_add(n as u64, Relaxed);
    }

    /// `n` records are committed.
    pub(crate) fn write(&self, n: usize) {
        self.written.fetch_add(n as u64, Relaxed);
    }

    /// `n` lines were no measurement.
    pub(crate) fn bad_lines(&self, n: usize) {
        self.bad_lines.fetch_add(n as u64, Relaxed);
    }

    /// The figures as they are now.
    pub(crate) fn read(&self) -> Figures {
        // `written` first: read the other way round it could be seen ahead (invariant 1).
        let written = self.written.load(Relaxed);
        Figures {
            accepted: self.accepted.load(Relaxed),
            written,
            refused: self.refused.load(Relaxed),
            bad_lines: self.bad_lines.load(Relaxed),
        }
    }
}

/// The counters at one moment; prints as the last line of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Records the daemon has answered for.
    pub(crate) accepted: u64,
    /// Records that are committed.
    pub(crate) written: u64,
    /// Records that were turned away, with an answer that says so.
    pub(crate) refused: u64,
    /// Lines that were no measurement.
    pub(crate) bad_lines: u64,
}

impl Figures {
    /// Accepted and not written: on their way while the daemon runs, lost once it has ended.
    pub(crate) fn missing(self) -> u64 {
        self.accepted.saturating_sub(self.written)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accepted {}, written {}, lost {}", self.accepted, self.written, self.missing())
    }
}
