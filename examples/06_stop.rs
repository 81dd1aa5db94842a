//! A stop: everybody is asked, has a grace to clean up, and is given up when the time is over.
//!
//! The deadline holds on the wall clock whatever payloads do: here one of them never looks up. It is
//! named in the report, and the exit code says so.
//!
//! It prints
//! ```text
//! tokio: asked to stop
//! thread: asked to stop
//! in time: true
//! ```
//! and on standard error, among other things
//! ```text
//! asked for at examples/06_stop.rs
//! did not stop in time
//! thread task `stubborn` from examples/06_stop.rs
//! ```
//! Exit code: 3

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use spumoni::prelude::*;

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let (begun, begins) = channel();
    let (tokio_is_done, after_tokio) = channel();

    let begin = begun.clone();
    runner.adopt(Tokio, async move || {
        begin.send(()).ok();
        Context::current().stopped().await;
        println!("tokio: asked to stop");
        tokio_is_done.send(()).ok();
    })?;
    let begin = begun.clone();
    runner.adopt(Thread, move || {
        begin.send(()).ok();
        // Ends as soon as a stop is asked.
        let slept = Context::current().sleep_blocking(Duration::from_secs(3600));
        after_tokio.recv().ok();
        println!("thread: {}", if slept.is_err() { "asked to stop" } else { "slept well" });
    })?;
    runner.task("stubborn").adopt(Thread, move || {
        begun.send(()).ok();
        thread::sleep(Duration::from_secs(3600));
    })?;

    // What has not begun when a stop is asked never begins.
    begins.iter().take(3).for_each(drop);
    let asked = Instant::now();
    runner.stop_within(Duration::from_millis(500));
    let report = runner.run();
    println!("in time: {}", asked.elapsed() < Duration::from_secs(2));
    Ok(report)
}
