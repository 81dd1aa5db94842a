//! Adopts: hands payloads to two flavours and runs until nothing is left to do.
//!
//! An adopted payload runs in the background and nobody waits for it. Only the closure crosses threads:
//! the `Rc` in the tokio payload lives across an `.await`, on tokio's lane.
//!
//! It prints
//! ```text
//! 1 from spumoni/tokio
//! 2 from spumoni/tokio
//! 3 from spumoni/tokio
//! ```
//! and on standard error, among other things
//! ```text
//! spumoni: stopped in
//! nothing was left to do
//! ```
//! Exit code: 0

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use spumoni::prelude::*;

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let (sender, receiver) = mpsc::channel();

    // An async payload: tokio's own timer, and state that need not be `Send`.
    runner.adopt(Tokio, async move || {
        let count = Rc::new(Cell::new(0));
        while count.get() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            count.set(count.get() + 1);
            let lane = thread::current().name().unwrap_or("?").to_owned();
            sender.send((count.get(), lane))?;
        }
        anyhow::Ok(())
    })?;

    // A blocking payload: a plain closure on a thread of the pool.
    runner.adopt(Thread, move || {
        for (count, lane) in receiver {
            println!("{count} from {lane}");
        }
    })?;

    Ok(runner.run())
}
