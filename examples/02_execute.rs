//! Executes: blocks a plain thread on code of any flavour and brings the value back.
//!
//! A failure is the caller's, and the runner goes on. A wait that could never end is refused at once,
//! with the ring that it would have closed.
//!
//! It prints
//! ```text
//! tokio says 42
//! smol says 7
//! a thread says main
//! smol panicked: three is too many
//! waiting for the payload would never end: tokio task `outer` waits for the tokio lane
//! ```
//! Exit code: 0

use std::rc::Rc;
use std::thread;
use std::time::Duration;

use spumoni::prelude::*;

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();

    let answer = runner.execute(Tokio, async || {
        let half = Rc::new(21);
        tokio::time::sleep(Duration::from_millis(1)).await;
        *half * 2
    })?;
    println!("tokio says {answer}");

    let days = runner.execute(Smol, async || {
        smol::Timer::after(Duration::from_millis(1)).await;
        7
    })?;
    println!("smol says {days}");

    // On the `Thread` flavour it is a call: the caller's own thread runs it.
    let name = runner.execute(Thread, || thread::current().name().map(str::to_owned))?;
    println!("a thread says {}", name.unwrap_or_default());

    let failed = runner.execute(Smol, async || panic!("three is too many"));
    if let Some(panic) = failed.unwrap_err().as_panic() {
        println!("smol panicked: {}", panic.text());
    }

    // A lane that would block on itself.
    let ring = runner.task("outer").execute(Tokio, async || {
        let inner = Handle::current().execute(Tokio, async || 1);
        inner.unwrap_err().to_string()
    })?;
    println!("{ring}");
    Ok(())
}
