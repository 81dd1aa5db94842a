//! One turn: a collector's whole life, and the look into its database afterwards.

use std::error::Error;

use super::child::Collector;
use super::folder::{Folder, Stored};
use super::load::{self, Driven, Load};
use super::programs::Program;

/// The figures of one turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Records in a second.
    pub(super) rate: f64,
    /// Of a request, in microseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
}

/// Drives the program.
///
/// # Errors
///
/// If a request is refused, the program does not end well, or a record that it said was stored is not
/// in its database.
pub(super) fn take(program: &Program, load: Load) -> Result<Figures, Box<dyn Error>> {
    let folder = Folder::new()?;
    let collector = Collector::start(program, &folder)?;
    let driven = load::drive(collector.http, load)?;
    let written = collector.stop()?;
    verify(&folder, &driven.stored, written)?;
    Ok(figures(&driven))
}

fn verify(folder: &Folder, told: &[Stored], written: u64) -> Result<(), Box<dyn Error>> {
    let records: u64 = told.iter().map(|told| told.records).sum();
    if written != records {
        return Err(format!("{records} records told to be stored, {written} written").into());
    }
    for (number, told) in (0..).zip(told) {
        let (name, found) = (load::name(number), folder.stored(&load::name(number))?);
        if found != *told {
            return Err(format!("{name}: told {told:?}, found {found:?}").into());
        }
    }
    Ok(())
}

fn figures(driven: &Driven) -> Figures {
    Figures {
        rate: driven.rate,
        p50: percentile(&driven.latencies, 0.5),
        p99: percentile(&driven.latencies, 0.99),
        p999: percentile(&driven.latencies, 0.999),
    }
}

/// The smallest latency that so many did not exceed, in microseconds.
fn percentile(sorted: &[u64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let found = sorted.get(rank.saturating_sub(1)).or(sorted.last());
    found.map_or(0.0, |nanoseconds| *nanoseconds as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_a_latency_that_was_measured() {
        let sorted: Vec<u64> = (1..=1000).map(|us| us * 1000).collect();
        let table = [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1000.0)];
        for (share, latency) in table {
            assert_eq!(percentile(&sorted, share), latency);
        }
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
