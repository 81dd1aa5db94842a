//! What running code sees of its task.

pub(crate) mod task;
mod children;
mod stopping;
mod service;
mod time;
