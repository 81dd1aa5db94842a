//! A work queue: three workers, retries, a failure that comes back with its item, and counters.
//!
//! ```text
//! all pages: [11, 12, 9]
//! `/gone` is back: failed: 404
//! 4 items in 5 attempts, 1 of them to be tried later
//! done: true
//! ```
//! Exit code: 0
use std::time::Duration;

use spumoni::OnStop;
use spumoni::prelude::*;

/// Fetches a page; the second site is busy at first.
async fn fetch(page: &Item<String>) -> anyhow::Result<Attempt<usize>> {
    if page.ends_with("busy") && page.attempt() == 1 {
        // No failure: it goes to the tail, and is tried again then.
        return Ok(Attempt::later(Duration::from_millis(2)));
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    anyhow::ensure!(!page.ends_with("gone"), "404");
    Ok(Attempt::Done(page.len()))
}

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();
    let pages = runner.queue("pages").workers(3).capacity(100).attempts(5);
    let pages = pages.on_stop(OnStop::Drain).open(Tokio, fetch)?;

    // Results come in the order of the items, whichever is done first.
    let all = pages.map_blocking(["/index.html", "/latest/busy", "/about.rs"].map(String::from));
    let all: Vec<usize> = all.into_iter().collect::<Result<_, _>>()?;
    println!("all pages: {all:?}");

    // A handle to one item, joined by this plain thread. Its failure is ours, and the queue goes on.
    if let Err(error) = pages.submit_blocking("/gone".into())?.join() {
        let why = error.reason().to_string();
        println!("`{}` is back: {why}", error.into_item().unwrap_or_default());
    }
    let counters = pages.counters();
    let (items, attempts) = (counters.submitted(), counters.attempts());
    println!(
        "{items} items in {attempts} attempts, {} of them to be tried later",
        counters.later()
    );

    // Nobody can submit any more: the workers end, and so does the runner.
    drop(pages);
    println!("done: {}", runner.run().is_clean());
    Ok(())
}
