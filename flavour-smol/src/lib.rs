//! The flavour [`Smol`]: a lane built from smol's own parts, `async-executor` and `async-io`.
//!
//! # What payloads may use
//!
//! Everything of the `smol` crate and of the crates that it is made of: timers, sockets, `smol::fs`,
//! `smol::unblock`, channels and locks. [`spawn_local`] gives a future that need not be `Send` to the
//! lane itself. `smol::spawn` gives one to smol's global executor, which has a thread of its own.
//! Tasks that a payload spawns by itself are not tracked by the runner; those of the lane are dropped
//! with it.
//!
//! # What they may not
//!
//! Timers and sockets of tokio panic here with tokio's own message, "there is no reactor running": they
//! belong on the tokio flavour. What tokio has that needs no runtime, its channels and locks, works.
//!
//! A destructor that panics inside a task given to `async-executor` ends the process: that crate's task
//! type does so. Payloads of the runner are not affected; they are never handed to it.
#![cfg_attr(feature = "async-std", doc = "")]
#![cfg_attr(
    feature = "async-std",
    doc = "The flavour [`AsyncStd`] is here too, with the feature `async-std`."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod context;
mod room;
mod drive;
mod flavour;
#[cfg(feature = "async-std")]
mod async_std_lane;

/// The handle that [`spawn_local`] gives: that of smol. Dropped, it cancels its task; `detach` it to let
/// the task go on.
pub use async_executor::Task;
#[cfg(feature = "async-std")]
pub use async_std_lane::AsyncStd;
pub use context::spawn_local;
pub use flavour::Smol;
