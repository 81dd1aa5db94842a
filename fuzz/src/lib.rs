//! Fuzz targets: functions of bytes, which panic if something is not as it ought to be.
//!
//! The targets are the tests' own properties and their reference model, whose files are copied by the build script
//! (`integration-tests/tests/{properties,model}`): bytes stand for the values that proptest makes up there, so a
//! fuzzer finds its way to what chance does not make. The daemon's parser gets the bytes as they are.
//!
//! `tests/corpus.rs` replays the committed inputs, and some that are made from them, with a stable compiler;
//! `ci/fuzz.sh` lets libFuzzer look for more.
#![forbid(unsafe_code)]

include!(concat!(env!("OUT_DIR"), "/tests.rs"));

// -- what the copied files call
mod bytes;
mod steps;
// -- the targets
mod lines;
mod targets;

pub(crate) use bytes::holds;
pub use targets::{TARGETS, Target, named};
