//! The writer, on a thread of `spawn_blocking`; step by step what scoopd's does.

use std::{sync::Arc, time::Duration};

use crate::{
    counters::Counters,
    database::{Database, WriteError},
    queue::{Batch, Inbox, Taken, Work},
    say::complain,
    statsd::Record,
    stop::Stop,
    totals::Totals,
};

/// How long to wait for work before the clock is looked at again, at most.
const LOOK: Duration = Duration::from_secs(1);
/// How much of a grace is kept for the way out, at most.
const RESERVE: Duration = Duration::from_millis(500);

/// Writes what comes through the queue.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) inbox: Inbox,
    pub(crate) database: Database,
    pub(crate) counters: Arc<Counters>,
    pub(crate) totals: Arc<Totals>,
    pub(crate) stop: Stop,
}

impl Writer {
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        while !out_of_time(&self.stop) {
            match self.inbox.take(LOOK.min(self.stop.grace() / 8)) {
                Taken::Nothing => {}
                Taken::Work(Work { batches, rollup, .. }) => self.work(batches, rollup)?,
                Taken::Closed => {
                    patiently(&self.stop, || self.database.roll_up())?;
                    break;
                }
            }
        }
        Ok(())
    }

    fn work(&mut self, batches: Vec<Batch>, rollup: bool) -> anyhow::Result<()> {
        if !batches.is_empty() {
            let claimed = || batches.iter().filter(|batch| batch.claim()).flat_map(stamped);
            patiently(&self.stop, || self.database.insert(claimed()))?;
            self.settle(batches);
        }
        if rollup {
            patiently(&self.stop, || self.database.roll_up())?;
        }
        Ok(())
    }

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

fn out_of_time(stop: &Stop) -> bool {
    stop.time_left().is_some_and(|left| left < RESERVE.min(stop.grace() / 4))
}

fn patiently(stop: &Stop, mut write: impl FnMut() -> Result<(), WriteError>) -> anyhow::Result<()> {
    let mut told = false;
    loop {
        match write() {
            Err(error) if error.is_busy() && !out_of_time(stop) => {
                if !told {
                    complain(format_args!("{error}: another program has locked it; trying on"));
                    told = true;
                }
            }
            outcome => return Ok(outcome?),
        }
    }
}
