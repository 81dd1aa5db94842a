//! The rollup's clock: asks the writer once a second to sum up what came.

use std::time::Duration;

use spumoni::prelude::*;

use crate::queue::QueueHandle;

/// Ticks on the smol flavour, where a sleep costs no thread.
#[derive(Debug)]
pub(crate) struct Rollup {
    /// The writer does the work: one connection writes.
    pub(crate) queue: QueueHandle,
}

#[service(flavour = "smol", name = "rollup")]
impl Rollup {
    async fn run(self, cx: Context) {
        while cx.sleep(Duration::from_secs(1)).await.is_ok() {
            self.queue.ask_rollup();
        }
    }
}
