//! statsd over TCP: lines, from as many connections as there are seats.

mod connection;
mod listener;

pub(crate) use listener::{StatsdTcp, StatsdTcpOptions};
