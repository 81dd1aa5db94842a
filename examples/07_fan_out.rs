//! Fan-out and reduce: one text, a part of it for each thread, and the sum on tokio.
//!
//! The scope ends when all members have ended. The first failure would stop the others and interrupt the
//! body's wait, and the scope would give that error.
//!
//! It prints
//! ```text
//! part 1: 5 words
//! part 2: 4 words
//! part 3: 6 words
//! together: 15 words
//! ```
//! Exit code: 0

use spumoni::prelude::*;

const PARTS: [&str; 3] =
    ["three colours in one block", "each on its own", "and nobody is lost between them"];

/// As long as it takes: it may block, it has a thread.
fn count(part: &str) -> usize {
    part.split_whitespace().count()
}

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();
    let handle = runner.handle();
    let total = runner.execute(Tokio, async move || {
        let sum = handle.scope("count", async |group| {
            // Out …
            let mut counts = Vec::new();
            for part in PARTS {
                counts.push(group.spawn(Thread, move || count(part)).await?);
            }
            // … and in again, in the order of the parts, whoever was first.
            let mut sum = 0;
            for (number, counted) in (1..).zip(counts) {
                let words = counted.await?;
                println!("part {number}: {words} words");
                sum += words;
            }
            anyhow::Ok(sum)
        });
        sum.await
    })??;
    println!("together: {total} words");
    Ok(())
}
