//! The whole core under shuttle: its own source files, on shuttle's threads and locks.
//!
//! Loom looks at one protocol at a time (`loom-models`); shuttle runs whole runners, with controller, lanes, pool and
//! callers, in random schedules. The build script copies `runtime-core/src` and the pool of the `thread` flavour and
//! replaces names: what comes from std's threads, atomics and clock, from parking_lot, crossbeam's channels and
//! event-listener comes from `stand_in` here. Nothing else is changed, so no `cfg` is needed in the core.
//!
//! ```text
//! cargo test -p shuttle-models --release -- --nocapture
//! ```
//!
//! What this does not see: shuttle regards all atomics as sequentially consistent (weak orderings are loom's part),
//! and the clock is one of our own, which moves only when it is looked at. Waits of a second and more never end by
//! themselves: what waits so long for an event that never comes is a deadlock here, and shuttle tells it.
#![cfg(test)]
#![deny(unsafe_code)]
// The copy is looked at where it was copied from.
#![allow(dead_code, unused, unreachable_pub, missing_docs, missing_debug_implementations)]
#![allow(unnameable_types, clippy::all)]

// -- what the core is made of here
mod stand_in;
// -- the core
include!(concat!(env!("OUT_DIR"), "/core/root.rs"));
// -- what the scenarios share
mod flavours;
mod explore;
// -- the scenarios
mod scenarios;
