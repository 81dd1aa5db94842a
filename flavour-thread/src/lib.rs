//! The flavour [`Thread`]: a pool for blocking payloads.
//!
//! # What payloads may use
//!
//! Everything that blocks: files, databases, serial ports, foreign functions, long computations. A
//! payload may block on async ones with `execute` or `join`; while it does, the pool may be wider by
//! one.
//!
//! # What they may not
//!
//! Nobody can stop a thread from outside. A payload that wants to stop in time looks at its context
//! (`Context::is_stopping`, `Context::sleep_blocking`); one that does not is given up at the end of the
//! stop and named in the report.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod watch;
mod pool;
mod flavour;

pub use flavour::Thread;
