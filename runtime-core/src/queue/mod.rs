//! Work queues: items wait, workers of one flavour take them, and handles get what comes of them.
//!
//! ```text
//! submit ─▶ waiting ──a worker takes it──▶ running ──done, failed──▶ over, its handle knows
//!              ▲  │                           │
//!              │  └─cancelled, handed back─▶ over
//!              └───────delayed ◀──try later───┘
//! ```

mod unique;
mod item;
mod error;
mod counters;
mod work;
mod entry;
mod state;
mod settings;
mod core;
mod admit;
mod worker;
mod handle;
mod owner;
mod map;
mod builder;

pub use builder::QueueBuilder;
pub use counters::QueueCounters;
pub use error::{ItemError, ItemReason};
pub use handle::ItemHandle;
pub use item::Item;
pub use owner::Queue;
pub use settings::OnStop;
pub use work::Work;
