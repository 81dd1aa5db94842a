//! Threads and descriptors that are still there after many runners.

use std::thread;
use std::time::{Duration, Instant};

use spumoni::prelude::*;

use super::{Measured, Pace};
use crate::Error;
use crate::child::{self, arg};
use crate::machine;
use crate::way;

const RUNNERS: u32 = 1_000;
const PATIENCE: Duration = Duration::from_secs(120);
/// What threads that have said their last may take to be gone.
const SETTLE: Duration = Duration::from_secs(5);

pub(crate) fn measure(pace: &Pace) -> Result<Measured, Error> {
    let runners = pace.of(RUNNERS);
    let lines = child::measure(&["leftovers", &runners.to_string()], PATIENCE)?;
    let value = lines.into_iter().next().ok_or("the child measured nothing")?;
    Ok(Measured { value, tried: format!("{runners} runners with a lane of each kind and a pool") })
}

/// The child: what is more than after the first runner, which brings what belongs to the process.
pub(crate) fn play(args: &[String]) -> Result<(), Error> {
    one()?;
    // The threads of the first one end after it has told its end.
    thread::sleep(Duration::from_millis(100));
    let (threads, descriptors) = (machine::threads(), machine::descriptors());
    for _ in 0..arg::<u32>(args, 0)? {
        one()?;
    }
    let begun = Instant::now();
    while begun.elapsed() < SETTLE && machine::threads() > threads {
        thread::sleep(Duration::from_millis(1));
    }
    let more = (
        machine::threads().saturating_sub(threads),
        machine::descriptors().saturating_sub(descriptors),
    );
    println!("{} threads, {} descriptors", more.0, more.1);
    Ok(())
}

fn one() -> Result<(), Error> {
    let runner = ServiceRunner::builder().signals(false).build()?;
    for way in way::ALL {
        way.adopt_nothing(&runner).map_err(|error| error.to_string())?;
    }
    let report = runner.run();
    if report.is_clean() { Ok(()) } else { Err(report.to_string().into()) }
}
