//! The names an application needs: `use spumoni::prelude::*;`

pub use crate::{
    Attempt, Context, Flavour, Group, Handle, Item, Queue, Service, ServiceRunner, StopReport,
    Stopping, TaskHandle,
};

#[cfg(feature = "async-std")]
pub use crate::AsyncStd;
#[cfg(feature = "smol")]
pub use crate::Smol;
#[cfg(feature = "thread")]
pub use crate::Thread;
#[cfg(feature = "tokio")]
pub use crate::Tokio;
#[cfg(feature = "macros")]
pub use crate::service;
