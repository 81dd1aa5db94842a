//! scoopd under load, beside the same collector in bare tokio: whole programs, as child processes.
//!
//! One client drives each in turn, keeps a fixed number of requests in flight, and afterwards looks in
//! the database for every record that it was told is stored.

mod programs;
mod child;
mod folder;
mod load;
mod turn;
mod rounds;

pub(crate) use rounds::measure;
pub(crate) use rounds::{P99, RATE, SCOOPD, SINGLE_P99, SINGLE_RATE};
