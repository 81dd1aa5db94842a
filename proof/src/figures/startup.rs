//! SIGTERMs that a program never sees, because they come while it starts.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use spumoni::prelude::*;

use super::{Measured, Pace};
use crate::Error;
use crate::child::{Child, Output, arg};

const SPAWNS: u32 = 200;
/// The signal comes within so many microseconds after the spawn.
const WINDOW: u64 = 12_000;
const PATIENCE: Duration = Duration::from_secs(5);
const SIGTERM: i32 = 15;

/// When the signal is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At a random moment of the window, the same ones for everybody.
    WhileItStarts,
    /// When the child has said that its guard is up.
    AfterTheGuard,
}

pub(crate) fn measure(program: &str, when: When, pace: &Pace) -> Result<Measured, Error> {
    let spawns = pace.of(SPAWNS);
    let mut random = Random(0x5eed_0f57_a127_ab1e);
    let (mut lost, mut other) = (0, 0);
    for _ in 0..spawns {
        let mut child = Child::start(&["startup", program], Output::Read)?;
        match when {
            When::WhileItStarts => {
                let at = child.begun() + Duration::from_micros(random.below(WINDOW));
                thread::sleep(at.saturating_duration_since(std::time::Instant::now()));
            }
            When::AfterTheGuard => drop(child.line()?),
        }
        child.signal(Signal::TERM);
        let end = child.end(PATIENCE)?;
        match (end.code, end.signal) {
            (Some(0), _) => {}
            (_, Some(SIGTERM)) => lost += 1,
            _ => other += 1,
        }
    }
    if other > 0 {
        return Err(
            format!("{other} children of {spawns} ended neither well nor by SIGTERM").into()
        );
    }
    Ok(Measured { value: format!("{lost} of {spawns}"), tried: format!("{spawns} spawns") })
}

/// The child: a daemon in the way that its documentation shows.
pub(crate) fn play(args: &[String]) -> Result<(), Error> {
    match arg::<String>(args, 0)?.as_str() {
        "spumoni" => {
            spumoni::signal::hold()?;
            say_ready();
            let runner = ServiceRunner::new();
            runner.adopt(Tokio, async || Context::current().stopped().await)?;
            let report = runner.run();
            if report.is_clean() { Ok(()) } else { Err(report.to_string().into()) }
        }
        // The soonest that can be: what it loses came before `main`.
        "handler" => {
            let asked = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(SIGTERM, Arc::clone(&asked))?;
            say_ready();
            while !asked.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        }
        "tokio" => tokio::runtime::Runtime::new()?.block_on(async {
            let mut term =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            say_ready();
            term.recv().await;
            Ok(())
        }),
        other => Err(format!("no program `{other}`").into()),
    }
}

fn say_ready() {
    // Nobody may be there to hear it any more.
    let _ = writeln!(std::io::stdout(), "ready");
}

/// A generator that is good enough to spread moments (xorshift), always with the same numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
