//! The rounds, in each of which every program has its turn, and the records that come of them.

use std::error::Error;
use std::time::{Duration, Instant};

use super::load::{BODY, CONNECTIONS};
use super::programs::{self, Program};
use super::turn::{self, Figures};
use crate::measure::entry;
use crate::place::Place;
use crate::record::{RouteRecord, Sense};

pub(crate) use super::programs::SCOOPD;

/// The figure that has the goal of throughput.
pub(crate) const RATE: &str = "scoopd";
/// The figure that has the goal of latency.
pub(crate) const P99: &str = "scoopd-p99";

/// Something that is read off every turn.
struct Figure {
    route: &'static str,
    what: &'static str,
    unit: &'static str,
    sense: Sense,
    read: fn(&Figures) -> f64,
}

const fn latency(route: &'static str, what: &'static str, read: fn(&Figures) -> f64) -> Figure {
    Figure { route, what, unit: "µs a request", sense: Sense::Less, read }
}

const FIGURES: [Figure; 4] = [
    Figure {
        route: RATE,
        what: "records that are committed and answered for",
        unit: "records a second",
        sense: Sense::More,
        read: |turn| turn.rate,
    },
    latency("scoopd-p50", "latency, median", |turn| turn.p50),
    latency(P99, "latency, p99", |turn| turn.p99),
    latency("scoopd-p999", "latency, p99.9", |turn| turn.p999),
];

/// Builds the programs, and measures them in turns; threads are not pinned.
pub(crate) fn measure(quick: bool) -> Result<Vec<RouteRecord>, Box<dyn Error>> {
    let programs = programs::build()?;
    let (rounds, span) = if quick { (3, 1000) } else { (7, 1500) };
    let begun = Instant::now();
    let mut turns = vec![Vec::new(); programs.len()];
    for round in 0..rounds {
        eprintln!(
            "[{:>5.1} s] scoopd, round {} of {rounds}",
            begun.elapsed().as_secs_f64(),
            round + 1
        );
        // Who begins changes, so that nobody always comes after the same one.
        for at in 0..programs.len() {
            let at = (at + round) % programs.len();
            turns[at].push(turn::take(&programs[at], Duration::from_millis(span))?);
        }
    }
    Ok(FIGURES.iter().map(|figure| figure.record(&programs, &turns)).collect())
}

impl Figure {
    fn record(&self, programs: &[Program], turns: &[Vec<Figures>]) -> RouteRecord {
        let Figure { route, what, unit, sense, read } = self;
        let entries = programs.iter().zip(turns).map(|(program, turns)| {
            entry(program.name, program.kind, Place::Free, turns.iter().map(read).collect())
        });
        RouteRecord {
            name: (*route).to_owned(),
            title: format!(
                "scoopd under load, {CONNECTIONS} requests of {BODY} records in flight: {what}"
            ),
            unit: (*unit).to_owned(),
            sense: *sense,
            entries: entries.collect(),
        }
    }
}
