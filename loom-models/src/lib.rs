//! Loom models of the core's protocols, on the core's own source files.
//!
//! Each file of `runtime-core` that is a protocol takes its primitives from `crate::sync` and nothing
//! else of the core. Here those very files stand beside a `sync` made of loom's primitives, so what is
//! model-checked is what ships, and no `cfg` is needed in the core.
//!
//! ```text
//! cargo test -p loom-models --release -- --nocapture
//! ```
//!
//! Every model says how many interleavings it has explored. Models of two threads are exhaustive; those
//! of three leave out interleavings with more than three preemptions. Loom regards `SeqCst` accesses as
//! `AcqRel` ones (fences it takes as they are), so a model that relied on their total order would fail
//! here without being wrong; and it does not explore load buffering.
//!
//! Data that a protocol guards is a `Guarded`: it is read and written without any ordering, so that an
//! ordering which the protocol lacks shows as a stale value.
#![cfg(test)]
#![forbid(unsafe_code)]

// -- the core's files, and what they are made of here
mod sync;
mod task;
mod group;
mod lane;
mod wait;
// -- what the models share
mod explore;
mod sleep;
mod guarded;
mod cell;
// -- the models
mod models;
