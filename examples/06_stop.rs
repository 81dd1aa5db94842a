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

use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{sync::Arc, thread};

use spumoni::prelude::*;

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let (tokio_is_done, after_tokio) = std::sync::mpsc::channel();
    let ready = Arc::new(Barrier::new(3));
    let (one, two) = (Arc::clone(&ready), Arc::clone(&ready));

    runner.adopt(Tokio, async move || {
        let cx = Context::current();
        cx.stopped().await;
        println!("tokio: asked to stop");
        tokio_is_done.send(()).ok();
    })?;
    runner.adopt(Thread, move || {
        let cx = Context::current();
        one.wait();
        // Ends as soon as a stop is asked.
        let slept = cx.sleep_blocking(Duration::from_secs(3600));
        after_tokio.recv().ok();
        println!("thread: {}", if slept.is_err() { "asked to stop" } else { "slept well" });
    })?;
    runner.task("stubborn").adopt(Thread, move || {
        two.wait();
        thread::sleep(Duration::from_secs(3600));
    })?;

    ready.wait();
    let begun = Instant::now();
    runner.stop_within(Duration::from_millis(500));
    let report = runner.run();
    println!("in time: {}", begun.elapsed() < Duration::from_secs(2));
    Ok(report)
}
