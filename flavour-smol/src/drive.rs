//! The lane's thread: a `LocalExecutor` on `async-io`, which polls the lane's loop.

use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use async_executor::LocalExecutor;
use async_io::Timer as IoTimer;
use spumoni_core::flavour::{LaneEngine, LaneLoop, Timer};

use crate::context::Inside;
use crate::room::start_async_io;

/// See the module.
pub(crate) struct Drive;

impl LaneEngine for Drive {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        start_async_io()?;
        async_io::block_on(with_executor(lane.run(|| true)));
        Ok(())
    }

    fn timer(&self, deadline: Instant) -> Timer {
        timer(deadline)
    }
}

/// Runs the loop beside what payloads spawn on the lane's local executor.
pub(crate) async fn with_executor(lane: impl Future<Output = ()>) {
    let executor = Rc::new(LocalExecutor::new());
    let _inside = Inside::of(&executor);
    executor.run(lane).await;
}

pub(crate) fn timer(deadline: Instant) -> Timer {
    Box::pin(async move {
        IoTimer::at(deadline).await;
    })
}
