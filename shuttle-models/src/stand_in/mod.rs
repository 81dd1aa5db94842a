//! What the core is made of, out of shuttle's parts.

pub(crate) mod time;
pub(crate) mod thread;
pub(crate) mod atomic;
pub(crate) mod lock;
pub(crate) mod sync;
pub(crate) mod local;
pub(crate) mod channel;
pub(crate) mod listener;
