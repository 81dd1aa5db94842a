//! Restarts the other services at random, for the soak: built with the feature `gremlin` only.

use std::{
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use spumoni::{ServiceError, prelude::*};

use crate::say::complain;

/// All but the store, which is never restarted: a new process looks at the file anew.
const VICTIMS: [&str; 6] = ["http", "statsd-udp", "statsd-tcp", "rollup", "retention", "probes"];
/// The longest pause between two restarts, in milliseconds.
const PAUSE: u64 = 400;

#[service(flavour = "smol")]
async fn gremlin(cx: Context) -> anyhow::Result<()> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut random = u64::from(clock.subsec_nanos()) << 16 | u64::from(process::id()) | 1;
    loop {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        cx.sleep(Duration::from_millis(random % PAUSE)).await?;
        let victim = VICTIMS[(random >> 32) as usize % VICTIMS.len()];
        match cx.run_until_stopped(cx.handle().restart_service(victim)).await {
            Ok(Ok(_)) => complain(format_args!("gremlin: restarted `{victim}`")),
            Ok(Err(ServiceError::Stopping)) | Err(Stopping) => return Ok(()),
            Ok(Err(error)) => return Err(error.into()),
        }
    }
}
