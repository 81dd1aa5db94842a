//! The same faults for everybody: contestants, cases, and how they are judged.

pub(crate) mod facts;
pub(crate) mod payload;
pub(crate) mod adapter;
pub(crate) mod spumoni;
pub(crate) mod tokio_bare;
pub(crate) mod smol_bare;
pub(crate) mod graceful;
pub(crate) mod taskvisor;
pub(crate) mod verdict;
pub(crate) mod case;
pub(crate) mod contest;

pub(crate) use contest::{about, compare, expectations, list, play};
