//! A cache with a transient refresher: it keeps nobody waiting, and is made anew when it is needed again.
//!
//! The runner ends when only transient tasks are left. They are asked once, and their cleanup is awaited.
//!
//! It prints
//! ```text
//! price 1
//! the refresher cleans up
//! price 2
//! the refresher cleans up
//! ```
//! and on standard error, among other things
//! ```text
//! nothing was left to do
//! ```
//! Exit code: 0

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use spumoni::Event;
use spumoni::prelude::*;

#[derive(Clone, Default)]
struct Cache {
    price: Arc<AtomicU32>,
    fresh: Event,
}

impl Cache {
    /// Makes a refresher, on the lane where waiting costs no thread.
    fn refresh(&self, runner: &Handle) -> anyhow::Result<TaskHandle<()>> {
        let cache = self.clone();
        self.fresh.clear();
        Ok(runner.task("refresher").transient().spawn(Smol, async move || {
            cache.price.fetch_add(1, Ordering::SeqCst);
            cache.fresh.set();
            Context::current().stopped().await;
            println!("the refresher cleans up");
        })?)
    }
}

fn main() -> anyhow::Result<StopReport> {
    let runner = ServiceRunner::new();
    let cache = Cache::default();
    // Nobody asks for prices any more: the refresher may go, and come back later.
    let refresher = cache.refresh(&runner)?;
    cache.fresh.wait_blocking()?;
    println!("price {}", cache.price.load(Ordering::SeqCst));
    refresher.stop();
    refresher.join()?;

    let _refresher = cache.refresh(&runner)?;
    cache.fresh.wait_blocking()?;
    println!("price {}", cache.price.load(Ordering::SeqCst));
    Ok(runner.run())
}
