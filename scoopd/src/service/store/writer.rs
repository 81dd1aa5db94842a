//! The writer: the one thread that writes to the database, and the last to leave.
//!
//! A stop is not its signal. It goes on until all senders are gone, which is when every source has
//! handed over what it had read; only when its grace runs out does it leave with work undone.

use std::{sync::Arc, time::Duration};

use spumoni::prelude::*;

use crate::{
    counters::Counters,
    queue::{Batch, Inbox, Taken},
    say::complain,
    statsd::Record,
    store::{Store, WriteError},
    totals::Totals,
};

/// How long to wait for work before the clock is looked at again, at most.
const LOOK: Duration = Duration::from_secs(1);
/// How much of a grace is kept for the way out, at most.
const RESERVE: Duration = Duration::from_millis(500);

/// Writes what comes through the queue, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Where the work comes from.
    pub(crate) inbox: Inbox,
    /// Where it goes.
    pub(crate) store: Store,
    /// Told of what is committed.
    pub(crate) counters: Arc<Counters>,
    /// Told of what is committed.
    pub(crate) totals: Arc<Totals>,
    /// How long a stop may take.
    pub(crate) grace: Duration,
}

#[service(flavour = "thread", name = "writer")]
impl Writer {
    fn run(mut self, cx: &Context) -> anyhow::Result<()> {
        self.inbox.open();
        while !out_of_time(cx, self.grace) {
            match self.inbox.take(LOOK.min(self.grace / 8)) {
                Taken::Nothing => {}
                Taken::Work { batches, rollup } => self.work(cx, batches, rollup)?,
                Taken::Closed => {
                    patiently(cx, self.grace, || self.store.roll_up())?;
                    break;
                }
            }
        }
        Ok(())
    }

    fn work(&mut self, cx: &Context, batches: Vec<Batch>, rollup: bool) -> anyhow::Result<()> {
        if !batches.is_empty() {
            // On failure the batches are dropped, and whoever waits for them is told. A batch is
            // claimed when the database is locked for writing: until then its sender may give up.
            let claimed = || batches.iter().filter(|batch| batch.claim()).flat_map(stamped);
            patiently(cx, self.grace, || self.store.insert(claimed()))?;
            self.settle(batches);
        }
        if rollup {
            patiently(cx, self.grace, || self.store.roll_up())?;
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
fn patiently(
    cx: &Context,
    grace: Duration,
    mut write: impl FnMut() -> Result<(), WriteError>,
) -> anyhow::Result<()> {
    let mut told = false;
    loop {
        match write() {
            // Each try has waited for the lock itself; see `store::open`.
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
