//! The rounds, in each of which every program has its turn, and the records that come of them.

use std::error::Error;
use std::time::{Duration, Instant};

use super::load::{CONNECTIONS, Load};
use super::programs::{self, Program};
use super::turn::{self, Figures};
use crate::measure::entry;
use crate::place::Place;
use crate::record::{RouteRecord, Sense};

pub(crate) use super::programs::SCOOPD;

/// The figures that have the goals.
pub(crate) const RATE: &str = "scoopd";
pub(crate) const P99: &str = "scoopd-p99";
/// The same with one record a request, where the way of a request weighs more than the database.
pub(crate) const SINGLE_RATE: &str = "scoopd-single";
pub(crate) const SINGLE_P99: &str = "scoopd-single-p99";

/// Something that is read off every turn.
struct Figure {
    routes: [&'static str; LOADS],
    what: &'static str,
    unit: &'static str,
    sense: Sense,
    read: fn(&Figures) -> f64,
}

const LOADS: usize = 2;
/// Records of a request.
const BODIES: [u64; LOADS] = [10, 1];
/// How long a collector is driven before anything counts.
const WARM: Duration = Duration::from_millis(300);

const fn latency(
    routes: [&'static str; LOADS],
    what: &'static str,
    read: fn(&Figures) -> f64,
) -> Figure {
    Figure { routes, what, unit: "µs a request", sense: Sense::Less, read }
}

const FIGURES: [Figure; 4] = [
    Figure {
        routes: [RATE, SINGLE_RATE],
        what: "records committed and answered for",
        unit: "records a second",
        sense: Sense::More,
        read: |turn| turn.rate,
    },
    latency(["scoopd-p50", "scoopd-single-p50"], "latency, median", |turn| turn.p50),
    latency([P99, SINGLE_P99], "latency, p99", |turn| turn.p99),
    latency(["scoopd-p999", "scoopd-single-p999"], "latency, p99.9", |turn| turn.p999),
];

/// Builds the programs, and measures them in turns; threads are not pinned.
pub(crate) fn measure(quick: bool) -> Result<Vec<RouteRecord>, Box<dyn Error>> {
    let programs = programs::build()?;
    let (rounds, span) = if quick { (3, 700) } else { (5, 1000) };
    let span = Duration::from_millis(span);
    let begun = Instant::now();
    let mut turns = BODIES.map(|_| vec![Vec::new(); programs.len()]);
    for round in 0..rounds {
        let seconds = begun.elapsed().as_secs_f64();
        eprintln!("[{seconds:>5.1} s] scoopd, round {} of {rounds}", round + 1);
        for (body, turns) in BODIES.into_iter().zip(&mut turns) {
            // Who begins changes, so that nobody always comes after the same one.
            for at in 0..programs.len() {
                let at = (at + round) % programs.len();
                turns[at].push(turn::take(&programs[at], Load { body, warm: WARM, span })?);
            }
        }
    }
    let loads = BODIES.iter().zip(&turns).enumerate();
    let records = loads.flat_map(|(load, (body, turns))| {
        let programs = &programs;
        FIGURES.iter().map(move |figure| figure.record(load, *body, programs, turns))
    });
    Ok(records.collect())
}

impl Figure {
    fn record(
        &self,
        load: usize,
        body: u64,
        programs: &[Program],
        turns: &[Vec<Figures>],
    ) -> RouteRecord {
        let Figure { routes, what, unit, sense, read } = self;
        let entries = programs.iter().zip(turns).map(|(program, turns)| {
            entry(program.name, program.kind, Place::Free, turns.iter().map(read).collect())
        });
        let records = if body == 1 { "record" } else { "records" };
        RouteRecord {
            name: routes[load].to_owned(),
            title: format!("{CONNECTIONS} requests of {body} {records} in flight: {what}"),
            unit: (*unit).to_owned(),
            sense: *sense,
            entries: entries.collect(),
        }
    }
}
