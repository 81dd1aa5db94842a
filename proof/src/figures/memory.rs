//! What a runner grows by while it runs a million tasks that end.

use std::thread;
use std::time::Duration;

use spumoni::prelude::*;

use super::{Measured, Pace};
use crate::Error;
use crate::child::{self, arg};
use crate::machine;
use crate::way::Way;

const TASKS: u32 = 1_000_000;
/// So many times as many are run after the warm-up: memory comes in steps, and one of them is no growth.
const TIMES: u32 = 8;
/// So many are under way at once at most.
const BATCH: u32 = 1_000;
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn measure(way: Way, pace: &Pace) -> Result<Measured, Error> {
    let tasks = pace.of(TASKS);
    let lines = child::measure(&["memory", way.name(), &tasks.to_string()], PATIENCE)?;
    let [before, after] = lines.as_slice() else { return Err("the child measured nothing".into()) };
    let (before, after): (f64, f64) = (before.parse()?, after.parse()?);
    let grown = (after - before) / 1024.0 / f64::from(TIMES);
    let value = format!(
        "{grown:+.0} KiB, {:+.2} % of {:.1} MiB",
        grown * 102_400.0 / before,
        before / 1_048_576.0
    );
    Ok(Measured { value, tried: format!("{TIMES} times {tasks} tasks, after as many to warm up") })
}

/// The child: the resident bytes after the warm-up, and after the tasks.
pub(crate) fn play(args: &[String]) -> Result<(), Error> {
    let way = Way::named(&arg::<String>(args, 0)?).ok_or("no such way")?;
    let tasks: u32 = arg(args, 1)?;
    // Threads of a pool come and go with the load; here tasks are counted.
    let runner = ServiceRunner::builder().signals(false).pool_size(4).build()?;
    for times in [1, TIMES] {
        adopt(&runner, way, times * tasks)?;
        println!("{}", machine::resident());
    }
    runner.stop();
    let report = runner.run();
    if report.is_clean() { Ok(()) } else { Err(report.to_string().into()) }
}

/// Adopts so many and lets them end, batch by batch.
fn adopt(runner: &Handle, way: Way, tasks: u32) -> Result<(), Error> {
    for number in 0..tasks {
        way.adopt_nothing(runner).map_err(|error| error.to_string())?;
        if number % BATCH == BATCH - 1 {
            while runner.tree().alive() > 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    Ok(())
}
