//! The flavour [`Tokio`]: a lane on tokio's `LocalRuntime`.
//!
//! # What payloads may use
//!
//! Everything of tokio that works on a single-threaded runtime: timers, sockets (with tokio's feature
//! `net` in the program), `tokio::spawn`, `tokio::task::spawn_local`, `tokio::task::spawn_blocking`.
//! Tasks that a payload gives to tokio by itself are tokio's: the runner does not track them, and they
//! are dropped with the lane.
//!
//! # What they may not
//!
//! `tokio::task::id()` has no answer in a payload, which is no task of tokio's but of the runner;
//! `block_in_place` needs the multi-threaded runtime. Futures of smol and async-io work here too; they
//! use a thread of their own, `async-io`, which smol's parts start once for the process.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod drive;
mod flavour;

pub use flavour::Tokio;
