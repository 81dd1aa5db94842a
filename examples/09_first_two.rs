//! The first two of many: five places are asked, the two fastest answers will do.
//!
//! The others are stopped, each in the way of its flavour, and have ended when the scope is over.
//!
//! It prints
//! ```text
//! first: mars
//! second: venus
//! 3 others were stopped
//! ```
//! Exit code: 0

use std::time::Duration;

use spumoni::prelude::*;

/// Answers when it has come so far. A stop ends the wait.
async fn ask(distance: u64) -> Result<(), Stopping> {
    Context::current().sleep(Duration::from_millis(distance)).await
}

fn ask_blocking(distance: u64) -> Result<(), Stopping> {
    Context::current().sleep_blocking(Duration::from_millis(distance))
}

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();
    let stopped = runner.scope_blocking("places", |group| {
        group.task("saturn").adopt_blocking(Tokio, async || ask(3_600_000).await)?;
        group.task("venus").adopt_blocking(Smol, async || ask(150).await)?;
        group.task("jupiter").adopt_blocking(Thread, || ask_blocking(3_600_000))?;
        group.task("mars").adopt_blocking(Thread, || ask_blocking(20))?;
        group.task("neptune").adopt_blocking(Smol, async || ask(3_600_000).await)?;

        // In the order in which they end, whichever flavour they are.
        let first = group.join_first(2).blocking()?;
        for (place, end) in ["first", "second"].into_iter().zip(&first) {
            println!("{place}: {}", end.name().unwrap_or("nobody"));
        }
        group.stop();
        anyhow::Ok(group.join_all().blocking()?.len())
    })?;
    println!("{stopped} others were stopped");
    Ok(())
}
