//! Limits: around a future, and of a task.

mod future;
mod group;
mod task;
