//! The lane's thread: a `LocalRuntime` that polls the lane's loop.

use std::io;
use std::time::{Duration, Instant};

use spumoni_core::flavour::{LaneEngine, LaneLoop, Timer};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::coop;

/// See the module.
pub(crate) struct Drive;

impl LaneEngine for Drive {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        // What the program's features give: timers always, sockets with `net`.
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
        // The loop is one task of tokio's, with one cooperative budget for all that it polls; when that
        // is used up, tokio's resources say "not ready" until the runtime has had its turn.
        runtime.block_on(lane.run(coop::has_budget_remaining));
        // Blocking jobs that payloads gave to tokio are not waited for: nobody here can end them.
        runtime.shutdown_timeout(Duration::ZERO);
        Ok(())
    }

    fn timer(&self, deadline: Instant) -> Timer {
        Box::pin(tokio::time::sleep_until(deadline.into()))
    }
}
