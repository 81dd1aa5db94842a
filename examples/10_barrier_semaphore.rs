//! A barrier with a semaphore: one object each, for plain threads and every lane.
//!
//! Cooks of three flavours begin together and share two stoves; a stop would end every wait with an error.
//!
//! It prints
//! ```text
//! 4 cooks begin together
//! all dishes are done, at most 2 at once: true
//! ```
//! Exit code: 0

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use spumoni::{Barrier, Semaphore, prelude::*};

#[derive(Clone)]
struct Kitchen {
    start: Barrier,
    stoves: Semaphore,
    most: Arc<AtomicUsize>,
}

impl Kitchen {
    async fn cook(self) -> Result<(), Stopping> {
        if self.start.wait().await? {
            println!("4 cooks begin together"); // The last one to come says it.
        }
        let _stove = self.stoves.acquire().await?; // Given back when dropped, in whatever way.
        self.most.fetch_max(self.stoves.held(), Ordering::SeqCst);
        Context::current().sleep(Duration::from_millis(5)).await
    }

    fn cook_blocking(self) -> Result<(), Stopping> {
        if self.start.wait_blocking()? {
            println!("4 cooks begin together");
        }
        let _stove = self.stoves.acquire_blocking()?;
        self.most.fetch_max(self.stoves.held(), Ordering::SeqCst);
        Context::current().sleep_blocking(Duration::from_millis(5))
    }
}

fn main() -> anyhow::Result<()> {
    let runner = ServiceRunner::new();
    let (start, stoves, most) = (Barrier::new(4), Semaphore::new(2), Arc::default());
    let kitchen = Kitchen { start, stoves, most };
    runner.scope_blocking("kitchen", |group| {
        let [ada, bo, cy, di] = std::array::from_fn(|_| kitchen.clone());
        group.adopt_blocking(Tokio, async || ada.cook().await)?;
        group.adopt_blocking(Smol, async || bo.cook().await)?;
        group.adopt_blocking(Thread, || cy.cook_blocking())?;
        group.adopt_blocking(Thread, || di.cook_blocking())?;
        anyhow::Ok(())
    })?;
    let fits = kitchen.most.load(Ordering::SeqCst) <= 2;
    println!("all dishes are done, at most 2 at once: {fits}");
    Ok(())
}
