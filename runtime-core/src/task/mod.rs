//! One task: its state, its payload, its outcome, and the handle to it.

pub(crate) mod state;
pub(crate) mod lifecycle;
pub(crate) mod stop;
pub(crate) mod stopper;
pub(crate) mod limit;
pub(crate) mod payload;
pub(crate) mod outcome;
pub(crate) mod contract;
pub(crate) mod awaited;
pub(crate) mod cell;
pub(crate) mod stamp;
pub(crate) mod handle;

#[cfg(test)]
mod tests;
