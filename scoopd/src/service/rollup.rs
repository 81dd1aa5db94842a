//! The rollup's clock: asks the store to sum up what came.

use std::time::Duration;

use spumoni::prelude::*;

use super::store::Store;
use crate::values;

/// How often.
#[derive(Debug, clap::Args)]
pub(crate) struct RollupOptions {
    /// How often to sum up what came, by second
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = values::pause)]
    every: Duration,
}

/// Ticks on the smol flavour, where a sleep costs no thread.
#[service(flavour = "smol", after = [Store], restart = "on-failure", options = RollupOptions)]
async fn rollup(cx: Context, options: &RollupOptions) -> anyhow::Result<()> {
    // The store does the work: one connection writes.
    let queue = cx.service::<Store>()?.queue();
    while cx.sleep(options.every).await.is_ok() {
        queue.ask_rollup();
    }
    Ok(())
}
