//! The synchronisation primitives of the core.
//!
//! The protocols (`task/lifecycle.rs`, `task/waiter.rs`, `lane/bell.rs`, `group/gate.rs`,
//! `wait/graph.rs`) take their primitives only from here. The workspace member `loom-models`
//! includes those very files beside a `sync` module made of loom's primitives, so what is
//! model-checked is what ships.

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
