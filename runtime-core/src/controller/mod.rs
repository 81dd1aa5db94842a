//! The runner's own plain thread: it keeps the deadlines and decides the end.
//!
//! No payload ever runs on it, and it never waits for one without a deadline, so no payload can block
//! it. It hears of everything through one channel, whose order is the order of the report.

pub(crate) mod ending;
pub(crate) mod limits;
mod stalls;
pub(crate) mod serve;
mod overdue;
pub(crate) mod stop;
