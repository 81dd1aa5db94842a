//! A service: what the runner starts, watches and stops.
//!
//! On an `impl` block the attribute makes a service of the type, to be given to a runner with `add`; on a
//! free function it registers one, which `discover` finds. A service that ends unasked stops the runner
//! in good order and is named.
//!
//! It prints
//! ```text
//! registered: pulse
//! sampler: reading 10
//! sampler: reading 20
//! sampler: reading 30
//! ```
//! and on standard error, among other things
//! ```text
//! service `sampler` ended without being asked to
//! ```
//! Exit code: 0

use std::time::Duration;

use spumoni::prelude::*;

/// Takes three readings, on a thread of its own.
struct Sampler {
    step: u32,
}

#[service(flavour = "thread")]
impl Sampler {
    fn run(&self, cx: &Context) -> anyhow::Result<()> {
        for reading in 1..=3 {
            // An error as soon as a stop is asked.
            cx.sleep_blocking(Duration::from_millis(5))?;
            println!("{}: reading {}", cx.name(), reading * self.step);
        }
        Ok(())
    }
}

/// Goes on until it is asked to stop.
#[service(flavour = "tokio")]
async fn pulse(cx: Context) {
    let mut clock = tokio::time::interval(Duration::from_millis(1));
    while cx.run_until_stopped(clock.tick()).await.is_ok() {}
}

fn main() -> anyhow::Result<StopReport> {
    for one in spumoni::registered() {
        println!("registered: {}", one.spec().name());
    }
    let runner = ServiceRunner::discover();
    runner.add(Sampler { step: 10 })?;
    Ok(runner.run())
}
