//! Limits: around a future, and of a task.

mod changed;
mod future;
mod group;
mod task;
