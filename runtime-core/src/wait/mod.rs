//! Waiting on a plain thread: who blocks on whom, and how a thread sleeps until it is woken.

pub(crate) mod ring;
pub(crate) mod graph;
pub(crate) mod blocking;
pub(crate) mod typical;
pub(crate) mod park;

pub use ring::{Member, Ring};

#[cfg(test)]
mod tests;
