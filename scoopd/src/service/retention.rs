//! Retention: has the store delete records that are older than somebody wants to keep.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spumoni::prelude::*;

use super::store::Store;
use crate::{queue::QueueHandle, values};

/// How long records stay.
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
#[derive(Debug)]
pub(crate) struct Retention(pub(crate) RetentionOptions);

#[service(flavour = "smol", name = "retention", after = [Store], restart = "on-failure")]
impl Retention {
    async fn run(&self, cx: Context) -> anyhow::Result<()> {
        let queue = cx.service::<Store>()?.queue();
        let Some(keep) = self.0.keep else {
            cx.stopped().await;
            return Ok(());
        };
        loop {
            // Some at a time, with what else is to be written in between.
            while !cx.is_stopping() && forget(&cx, &queue, keep).await {}
            if cx.sleep(self.0.every).await.is_err() {
                return Ok(());
            }
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
