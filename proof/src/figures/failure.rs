//! How long it takes from a failure until `run` has given the report.

use std::io;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use spumoni::prelude::*;

use super::{Measured, Pace};
use crate::Error;
use crate::child::{self, arg};
use crate::spread::Spread;
use crate::way::{self, Way};

const FAILURES: u32 = 1_000;
/// How long the payload waits before it fails, so that `run` has begun.
const HEAD_START: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn measure(way: Way, pace: &Pace) -> Result<Measured, Error> {
    let failures = pace.of(FAILURES).to_string();
    let lines = child::measure(&["failure", way.name(), &failures], PATIENCE)?;
    let took = lines.iter().map(|line| line.parse().map(Duration::from_micros));
    let took: Vec<Duration> = took.collect::<Result<_, _>>()?;
    let spread = Spread::of(took).ok_or("the child measured nothing")?;
    Ok(Measured { value: spread.to_string(), tried: format!("{} failures", spread.count) })
}

/// The child: a line for each run, in microseconds.
pub(crate) fn play(args: &[String]) -> Result<(), Error> {
    let way = Way::named(&arg::<String>(args, 0)?).ok_or("no such way")?;
    for _ in 0..arg::<u32>(args, 1)? {
        println!("{}", one(way)?.as_micros());
    }
    Ok(())
}

/// One that fails, beside one of every flavour that has to be stopped.
fn one(way: Way) -> Result<Duration, Error> {
    let runner = ServiceRunner::builder().signals(false).build()?;
    for other in way::ALL {
        other.adopt_listener(&runner).map_err(|error| error.to_string())?;
    }
    let (tell, failed) = mpsc::channel();
    let failing = move || {
        std::thread::sleep(HEAD_START);
        let _ = tell.send(Instant::now());
        Err(io::Error::other("meant to fail"))
    };
    way.adopt(&runner, "failing", failing).map_err(|error| error.to_string())?;
    let report = runner.run();
    let back = Instant::now();
    if report.root_cause().is_none() || !report.abandoned().is_empty() {
        return Err(format!("the run ended otherwise: {report}").into());
    }
    Ok(back.duration_since(failed.recv()?))
}
