//! A test bench with two drivers: each feeds one input of an adder, a monitor sees what comes out.
//!
//! The drivers are functions on different flavours; their names and results come with them. The adder never
//! ends by itself: what is over is the scope, and with it the adder.
//!
//! It prints
//! ```text
//! drive_left sent 3, drive_right sent 3
//! sums: [11, 22, 33]
//! ```
//! Exit code: 0

use std::time::Duration;

use spumoni::prelude::*;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The device under test: a sum for each pair.
async fn adder(mut left: Receiver<u32>, mut right: Receiver<u32>, out: Sender<u32>) {
    while let (Some(one), Some(other)) = (left.recv().await, right.recv().await) {
        out.send(one + other).await.ok();
    }
    Context::current().stopped().await;
}

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();
    let (left, left_in) = channel(1);
    let (right, right_in) = channel(1);
    let (out, mut sums) = channel(8);

    let seen = runner.scope_blocking("bench", |bench| {
        bench.task("adder").adopt_blocking(Tokio, async || adder(left_in, right_in, out).await)?;
        bench.task("drive_left").fork_blocking(Smol, async move || {
            for value in [1, 2, 3] {
                left.send(value).await?;
            }
            anyhow::Ok(3_usize)
        })?;
        bench.task("drive_right").fork_blocking(Thread, move || {
            for value in [10, 20, 30] {
                Context::current().sleep_blocking(Duration::from_millis(1))?;
                right.blocking_send(value)?;
            }
            anyhow::Ok(3_usize)
        })?;

        // By name, with the type that is asked for: what a driver leaves is a value or its error.
        let left: anyhow::Result<usize> = bench.result("drive_left").blocking()?;
        let right: anyhow::Result<usize> = bench.result("drive_right").blocking()?;
        let (left, right) = (left?, right?);
        println!("drive_left sent {left}, drive_right sent {right}");
        let seen: Vec<u32> = (0..3).map_while(|_| sums.blocking_recv()).collect();
        bench.stop();
        anyhow::Ok(seen)
    })?;
    println!("sums: {seen:?}");
    Ok(())
}
