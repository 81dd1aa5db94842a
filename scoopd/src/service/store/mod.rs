//! The store: the database, and the one thread that writes to it.

mod unit;
mod writer;

pub(crate) use unit::{Store, StoreOptions};
