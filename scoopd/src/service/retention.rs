//! Retention: has the store delete records that are older than somebody wants to keep.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_lite::future::or;
use spumoni::{cli, prelude::*};

use super::store::Store;
use crate::{queue::QueueHandle, values};

/// How long records stay. Followed while the daemon runs.
#[derive(Debug, clap::Args)]
pub(crate) struct RetentionOptions {
    /// How long to keep records, such as 12h or 30d; sums by second stay. Without it, all are kept
    #[arg(long, value_name = "DURATION", value_parser = values::age)]
    keep: Option<Duration>,

    /// How often to look for older ones
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = values::pause)]
    every: Duration,
}

/// Ticks on the smol flavour, where a sleep costs no thread.
#[service(flavour = "smol", after = [Store], restart = "on-failure", options = RetentionOptions)]
async fn retention(cx: Context) -> anyhow::Result<()> {
    let queue = cx.service::<Store>()?.queue();
    let mut changes = cli::changes::<RetentionOptions>()?;
    let mut options = changes.now()?;
    loop {
        if let Some(keep) = options.keep {
            // Some at a time, with what else is to be written in between.
            while !cx.is_stopping() && forget(&cx, &queue, keep).await {}
        }
        let tick = async { cx.sleep(options.every).await.map(|()| Arc::clone(&options)) };
        match or(changes.next(), tick).await {
            Ok(those) => options = those,
            Err(Stopping) => return Ok(()),
        }
    }
}

/// Whether there is more to forget. A queue that is full has its own troubles: the next tick is early enough.
async fn forget(cx: &Context, queue: &QueueHandle, keep: Duration) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let before = now.saturating_sub(keep).as_millis();
    let Ok(asked) = queue.ask_forget(i64::try_from(before).unwrap_or(i64::MAX)) else {
        return false;
    };
    let forgotten = cx.run_until_stopped(asked).await;
    forgotten.is_ok_and(|answer| answer.is_ok_and(|forgotten| forgotten.more))
}
