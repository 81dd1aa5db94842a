//! scoopd as a child process, reached through real sockets only.
//!
//! Every wait in here has a deadline, so that a hang is a failure; see `support::time`.

#![forbid(unsafe_code)]

mod support;

#[cfg(unix)]
mod activated;
mod choice;
mod durability;
mod ingest;
mod load;
mod probes;
mod query;
mod retention;
mod slow;
mod soak;
mod start;
mod statsd;
mod stop;
#[cfg(unix)]
mod supervised;
