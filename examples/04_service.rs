//! A service: what the runner starts, watches and stops.
//!
//! On an `impl` block the attribute makes a service of the type, to be given to a runner with `add`; on a
//! free function it registers one, which `discover` finds. A service that ends unasked stops the runner
//! in good order and is named.
//!
//! It prints
//! ```text
//! reading 1: 10
//! reading 2: 20
//! reading 3: 30
//! the display was asked to stop
//! ```
//! and on standard error, among other things
//! ```text
//! service `sampler` ended without being asked to
//! ```
//! Exit code: 0

use std::sync::mpsc::Sender;
use std::time::Duration;

use spumoni::prelude::*;

/// Takes three readings, on a thread of its own.
struct Sampler {
    readings: Sender<u32>,
    step: u32,
}

#[service(flavour = "thread")]
impl Sampler {
    fn run(&self, cx: &Context) -> anyhow::Result<()> {
        for reading in 1..=3 {
            // An error as soon as a stop is asked.
            cx.sleep_blocking(Duration::from_millis(5))?;
            self.readings.send(reading * self.step)?;
        }
        Ok(())
    }
}

/// Goes on until it is asked to stop.
#[service(flavour = "tokio")]
async fn display(cx: Context) {
    cx.stopped().await;
    println!("the display was asked to stop");
}

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::discover();
    let (readings, taken) = std::sync::mpsc::channel();
    runner.add(Sampler { readings, step: 10 })?;
    let printer = std::thread::spawn(move || {
        taken.iter().enumerate().for_each(|(n, value)| println!("reading {}: {value}", n + 1));
    });
    let report = runner.run();
    printer.join().ok();
    Ok(report)
}
