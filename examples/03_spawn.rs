//! Spawns across flavours: whoever holds the handle owns the outcome.
//!
//! Handles are awaited on any flavour and joined by plain threads. Here tokio awaits a thread and smol,
//! and `main` joins tokio.
//!
//! It prints
//! ```text
//! tokio: the thread counted 1000000, smol waited 5ms
//! main: 1000005
//! main: the task was stopped before it gave a value
//! ```
//! Exit code: 0

use std::future;
use std::time::Duration;

use spumoni::prelude::*;

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();
    let handle = runner.handle();

    let total = runner.spawn(Tokio, async move || {
        let counted = handle.spawn(Thread, || (0..2_000_000_u64).filter(|n| n % 2 == 0).count())?;
        let waited = handle.spawn(Smol, async || {
            let limit = Duration::from_millis(5);
            smol::Timer::after(limit).await;
            limit
        })?;
        let (counted, waited) = (counted.await?, waited.await?);
        println!("tokio: the thread counted {counted}, smol waited {waited:?}");
        anyhow::Ok(counted as u128 + waited.as_millis())
    })?;
    // Two questions: did the task give a value, and is the value good?
    println!("main: {}", total.join()??);

    // Nobody listens to the stop here, so the task is dropped when its grace is over: at once.
    let idle = runner.task("idle").grace(Duration::ZERO);
    let idle = idle.spawn(Smol, async || future::pending::<()>().await)?;
    idle.stop();
    let outcome = idle.join();
    println!("main: {}", outcome.unwrap_err());
    Ok(())
}
