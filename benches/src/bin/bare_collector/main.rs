//! scoopd as one would write it with bare tokio: what its benchmark compares it with.
//!
//! Whatever no runtime has a say in is scoopd's own source: lines, queue with its batches and receipts,
//! database, totals. What scoopd leaves to its runner is written by hand here: two runtimes to choose
//! from, tasks, the stop and its deadline, and the writer on a thread of `spawn_blocking`.

#![forbid(unsafe_code)]

// -- scoopd's own sources
#[path = "../../../../scoopd/src/statsd/mod.rs"]
mod statsd;
#[path = "../../../../scoopd/src/say.rs"]
mod say;
#[path = "../../../../scoopd/src/values.rs"]
#[allow(dead_code, reason = "scoopd has more options")]
mod values;
#[path = "../../../../scoopd/src/counters.rs"]
mod counters;
#[path = "../../../../scoopd/src/queue/mod.rs"]
#[allow(dead_code, unused_imports, reason = "scoopd forgets old records, and closes its queue")]
mod queue;
#[path = "../../../../scoopd/src/database/mod.rs"]
#[allow(dead_code, reason = "scoopd forgets old records")]
mod database;
#[path = "../../../../scoopd/src/totals.rs"]
mod totals;
#[path = "../../../../scoopd/src/prometheus/mod.rs"]
mod prometheus;
#[path = "../../../../scoopd/src/listen.rs"]
mod listen;
#[path = "../../../../scoopd/src/seats.rs"]
mod seats;
#[path = "../../../../scoopd/src/service/take_line.rs"]
mod take_line;
// -- what a runner does for scoopd
mod flags;
mod stop;
mod http;
mod statsd_udp;
mod statsd_tcp;
mod rollup;
mod writer;
mod daemon;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    daemon::run(&flags::Flags::parse())
}
