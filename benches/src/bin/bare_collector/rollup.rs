//! The rollup's clock: asks the writer once a second to sum up what came.

use std::time::Duration;

use tokio::time::sleep;

use crate::{queue::QueueHandle, stop::Stop};

pub(crate) async fn run(queue: QueueHandle, stop: Stop) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = sleep(Duration::from_secs(1)) => queue.ask_rollup(),
            () = stop.asked() => return Ok(()),
        }
    }
}
