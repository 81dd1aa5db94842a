//! How long after its deadline a stop returns when a payload never yields.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use spumoni::prelude::*;

use super::{Measured, Pace};
use crate::Error;
use crate::child::{self, arg};
use crate::spread::Spread;
use crate::way::Way;

const STOPS: u32 = 1_000;
const DEADLINE: Duration = Duration::from_millis(20);
/// How long the payload spins before it asks, so that `run` has begun.
const HEAD_START: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(300);

/// In a child, since every one of them leaves a thread behind that is busy.
pub(crate) fn measure(way: Way, pace: &Pace) -> Result<Measured, Error> {
    let stops = pace.of(STOPS).to_string();
    let lines = child::measure(&["overshoot", way.name(), &stops], PATIENCE)?;
    let mut past = Vec::new();
    let mut named = 0;
    for line in &lines {
        let (micros, name) = line.split_once(' ').ok_or("a line of the child has one word")?;
        past.push(Duration::from_micros(micros.parse()?));
        named += usize::from(name == "named");
    }
    let spread = Spread::of(past).ok_or("the child measured nothing")?;
    let value = format!("{spread}; straggler named in {named} of {}", spread.count);
    let tried = format!("{} stops of {} ms", spread.count, DEADLINE.as_millis());
    Ok(Measured { value, tried })
}

/// The child: a line for each stop, with the microseconds past the deadline.
pub(crate) fn play(args: &[String]) -> Result<(), Error> {
    let way = Way::named(&arg::<String>(args, 0)?).ok_or("no such way")?;
    for _ in 0..arg::<u32>(args, 1)? {
        let (past, named) = one(way)?;
        println!("{} {}", past.as_micros(), if named { "named" } else { "unnamed" });
    }
    Ok(())
}

fn one(way: Way) -> Result<(Duration, bool), Error> {
    let runner = ServiceRunner::builder().signals(false).build()?;
    let released = Arc::new(AtomicBool::new(false));
    let (tell, asked) = std::sync::mpsc::channel();
    let hog = {
        let released = Arc::clone(&released);
        move || {
            spin_until(Instant::now() + HEAD_START);
            let _ = tell.send(Instant::now());
            Handle::current().stop_within(DEADLINE);
            while !released.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            Ok::<(), io::Error>(())
        }
    };
    way.adopt(&runner, "hog", hog).map_err(|error| error.to_string())?;
    let report = runner.run();
    let back = Instant::now();
    released.store(true, Ordering::Relaxed);
    let took = back.duration_since(asked.recv()?);
    let named = report.abandoned().iter().any(|straggler| straggler.task().name() == Some("hog"));
    Ok((took.saturating_sub(DEADLINE), named))
}

fn spin_until(then: Instant) {
    while Instant::now() < then {
        std::hint::spin_loop();
    }
}
