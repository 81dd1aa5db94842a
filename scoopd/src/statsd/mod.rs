//! The statsd line protocol: bytes in, records out, and nothing that touches a socket.

mod body;
mod error;
mod line;
mod record;
mod splitter;
mod tags;
#[cfg(test)]
mod tests;

pub(crate) use body::parse_body;
pub(crate) use line::parse_line;
pub(crate) use record::{Kind, Record};
pub(crate) use splitter::LineSplitter;
