//! A failure: an adopted payload fails, everything else stops in good order, the report names the cause.
//!
//! It prints
//! ```text
//! the other one cleans up
//! root cause: cannot read /no/such/file
//! ```
//! and on standard error, among other things
//! ```text
//! spumoni: stopped in
//! a task failed
//! root cause
//! smol task `reader`: cannot read /no/such/file: No such file or directory
//! ```
//! Exit code: 1

use anyhow::Context as _;
use spumoni::prelude::*;

async fn read(path: &str) -> anyhow::Result<String> {
    smol::fs::read_to_string(path).await.with_context(|| format!("cannot read {path}"))
}

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let (ready, other) = std::sync::mpsc::channel();

    // Runs until it is asked to stop, then has its grace to clean up.
    runner.adopt(Tokio, async move || {
        let cx = spumoni::Context::current();
        ready.send(()).ok();
        cx.stopped().await;
        println!("the other one cleans up");
    })?;
    other.recv()?;

    runner.task("reader").adopt(Smol, async || {
        let text = read("/no/such/file").await?;
        println!("{text}");
        anyhow::Ok(())
    })?;

    let report = runner.run();
    if let Some(error) = report.root_cause().and_then(|failure| failure.cause().as_error()) {
        println!("root cause: {error}");
    }
    Ok(report)
}
