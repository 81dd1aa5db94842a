//! What systemd wants to hear, and the sockets that it hands over.
//!
//! [`run`] runs a runner as a unit of `Type=notify`: systemd hears `READY=1` when every service is ready,
//! `STATUS=` whenever a service changes, `RELOADING=1` around a reload, `STOPPING=1` as soon as a stop is asked, and, where the unit has a
//! `WatchdogSec=`, `WATCHDOG=1` only while every lane answers. [`Sockets`] are those of socket activation.
//!
//! Not run by systemd, it is all there and does nothing.

mod wait;
mod status;
mod notifier;
mod sockets;

pub use notifier::{Notifier, attach, run};
pub use sockets::{SocketError, Sockets};
