//! The loop that writes: batches, sums, and what is to be forgotten.
//!
//! It goes on until the queue is closed and empty, which is when every source has handed over what it had read;
//! only when its grace runs out does it leave with work undone.

use std::{sync::Arc, time::Duration};

use spumoni::prelude::*;

use crate::{
    counters::Counters,
    database::{Database, WriteError},
    queue::{Batch, Forgotten, Inbox, Taken, Work},
    say::complain,
    statsd::Record,
    totals::Totals,
};

/// How long to wait for work before the clock is looked at again, at most.
const LOOK: Duration = Duration::from_secs(1);
/// How much of a grace is kept for the way out, at most.
const RESERVE: Duration = Duration::from_millis(500);

/// What one run of the store works with.
#[derive(Debug)]
pub(super) struct Writer {
    /// Where the work comes from.
    pub(super) inbox: Inbox,
    /// Where it goes.
    pub(super) database: Database,
    /// Told of what is committed.
    pub(super) counters: Arc<Counters>,
    /// Told of what is committed.
    pub(super) totals: Arc<Totals>,
    /// How long a stop may take.
    pub(super) grace: Duration,
}

impl Writer {
    /// Writes until the queue is closed and empty.
    ///
    /// # Errors
    ///
    /// The database refuses to be written, for another reason than a lock that may go away.
    pub(super) fn run(mut self, cx: &Context) -> anyhow::Result<()> {
        while !out_of_time(cx, self.grace) {
            match self.inbox.take(LOOK.min(self.grace / 8)) {
                Taken::Nothing => {}
                Taken::Work(work) => self.work(cx, work)?,
                Taken::Closed => {
                    patiently(cx, self.grace, || self.database.roll_up())?;
                    break;
                }
            }
        }
        Ok(())
    }

    fn work(&mut self, cx: &Context, work: Work) -> anyhow::Result<()> {
        let Work { batches, rollup, forget } = work;
        if !batches.is_empty() {
            // On failure the batches are dropped, and whoever waits for them is told. A batch is
            // claimed when the database is locked for writing: until then its sender may give up.
            let claimed = || batches.iter().filter(|batch| batch.claim()).flat_map(stamped);
            patiently(cx, self.grace, || self.database.insert(claimed()))?;
            self.settle(batches);
        }
        if rollup {
            patiently(cx, self.grace, || self.database.roll_up())?;
        }
        for one in forget {
            let database = &mut self.database;
            let (records, more) = patiently(cx, self.grace, || database.forget(one.before()))?;
            one.done(Forgotten { records, more });
        }
        Ok(())
    }

    /// Everybody is told, in an order that lets whoever got a 200 find it in the figures.
    fn settle(&self, mut batches: Vec<Batch>) {
        batches.retain(Batch::claim);
        self.totals.add(batches.iter().flat_map(Batch::records));
        self.counters.write(batches.iter().map(|batch| batch.records().len()).sum());
        batches.into_iter().for_each(Batch::commit);
    }
}

fn stamped(batch: &Batch) -> impl Iterator<Item = (i64, &Record)> {
    batch.records().iter().map(|record| (batch.at(), record))
}

fn out_of_time(cx: &Context, grace: Duration) -> bool {
    cx.time_left().is_some_and(|left| left < RESERVE.min(grace / 4))
}

/// Tries again while another program holds the database's lock, for as long as there is time.
fn patiently<T>(
    cx: &Context,
    grace: Duration,
    mut write: impl FnMut() -> Result<T, WriteError>,
) -> anyhow::Result<T> {
    let mut told = false;
    loop {
        match write() {
            // Each try has waited for the lock itself; see `database::open`.
            Err(error) if error.is_busy() && !out_of_time(cx, grace) => {
                if !told {
                    complain(format_args!("{error}: another program has locked it; trying on"));
                    told = true;
                }
            }
            outcome => return Ok(outcome?),
        }
    }
}
