//! A small metrics collector, and the example of a whole daemon on spumoni.
//!
//! statsd lines come in over HTTP (tokio), UDP and TCP (smol), go through one bounded queue, and
//! are written to SQLite in batches (a thread). The modules below, lowest layer first; each uses
//! only those above it.

#![forbid(unsafe_code)]

// -- words everybody uses
mod statsd;
mod say;
mod values;
mod options;
mod counters;
// -- where records wait, stay, and are summed up
mod queue;
mod database;
mod totals;
mod prometheus;
// -- who comes in
mod listen;
mod doors;
mod seats;
// -- the services, and what puts them together
mod service;
mod daemon;

use std::process::ExitCode;

fn main() -> ExitCode {
    daemon::run()
}
