//! A daemon as systemd runs it: what it says, and what it is handed.
#![cfg(unix)]

mod notify;
mod sockets;
mod unit;
