//! The SQLite file: opened and checked, written by one connection, read by another.

mod error;
mod forget;
mod open;
mod read;
mod rollup;
mod schema;
mod write;

pub(crate) use error::OpenError;
pub(crate) use read::Reader;
pub(crate) use write::{Database, WriteError};

#[cfg(test)]
mod tests;
