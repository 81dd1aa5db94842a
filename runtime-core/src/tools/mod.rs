//! Tools that tasks of all flavours and plain threads share: one object serves them all.

pub(crate) mod interruptible;
pub(crate) mod semaphore;
pub(crate) mod barrier;
pub(crate) mod event;
pub(crate) mod timeout;
pub(crate) mod time_limit;
pub(crate) mod pace;
pub(crate) mod ticks;
pub(crate) mod handles;
pub(crate) mod watch;
pub(crate) mod several;
pub(crate) mod gather;
pub(crate) mod attempt;
