//! The contract that a flavour fulfils.
//!
//! A flavour is a `Copy` value that users name where they hand over a payload: `Tokio`, `Thread`. It
//! says, at compile time, whether payloads are async or blocking ([`Flavour::Mode`]), and it brings the
//! engine that runs them. Nothing has to be registered: the first payload of a flavour starts its lane
//! or pool. Anybody can write one; `spumoni` itself has no privilege that this trait does not give.
//!
//! # An async flavour
//!
//! The runner makes a thread and calls [`LaneEngine::drive`] on it. There the flavour sets up its
//! single-threaded executor and polls [`LaneLoop::run`] to its end, on that thread. The loop polls the
//! payloads; the flavour's part is that its runtime's timers, sockets and local spawns work meanwhile.
//!
//! ```
//! use std::{io, time::Instant};
//! use spumoni_core::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};
//!
//! #[derive(Clone, Copy, Debug)]
//! struct Plain;
//!
//! impl Flavour for Plain {
//!     type Mode = spumoni_core::Async;
//!     fn key(self) -> &'static FlavourKey {
//!         static KEY: FlavourKey = FlavourKey::new("plain");
//!         &KEY
//!     }
//!     fn engine(self) -> Engine<Self::Mode> {
//!         Engine::lane(Plain)
//!     }
//! }
//!
//! impl LaneEngine for Plain {
//!     fn drive(&self, lane: LaneLoop) -> io::Result<()> {
//!         async_io::block_on(lane.run(|| true));
//!         Ok(())
//!     }
//!     fn timer(&self, deadline: Instant) -> Timer {
//!         Box::pin(async move { drop(async_io::Timer::at(deadline).await) })
//!     }
//! }
//!
//! let runner = spumoni_core::ServiceRunner::new();
//! let answer = runner.execute(Plain, async || 6 * 7)?;
//! assert_eq!(answer, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A blocking flavour
//!
//! The runner calls [`PoolEngine::open`] once. The [`Pool`] that comes back is given jobs and runs each
//! on a thread that has a [`PoolWorker`].

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::id::FlavourId;
use crate::task::payload::{Async, Blocking, Mode};

pub use crate::lane::drive::LaneLoop;
pub use crate::pool::contract::{Job, Pool};
pub use crate::pool::worker::{PoolSeat, PoolWorker};
pub use crate::task::contract::Timer;

/// A way to execute. See the [module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no flavour that this build can run",
    label = "not a flavour of this build",
    note = "if this is one of spumoni's own, turn on the Cargo feature of its name: `tokio`, `smol`, `async-std` or `thread`",
    note = "spumoni = {{ version = \"…\", features = [\"tokio\", \"smol\", \"thread\"] }}"
)]
#[doc(alias = "Flavor")]
pub trait Flavour: Copy + fmt::Debug + Send + Sync + 'static {
    /// Whether payloads make a future ([`Async`]) or are called ([`Blocking`]).
    type Mode: Mode;

    /// The identity of the flavour: a static of its own.
    fn key(self) -> &'static FlavourKey;

    /// What runs the payloads. Called once for each runner that uses the flavour.
    fn engine(self) -> Engine<Self::Mode>;
}

/// The identity of a flavour. Each flavour has a static one.
#[derive(Debug)]
pub struct FlavourKey {
    id: FlavourId,
    index: OnceLock<usize>,
}

impl FlavourKey {
    /// A flavour of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        FlavourKey { id: FlavourId::new(name), index: OnceLock::new() }
    }

    /// The flavour's name.
    #[must_use]
    pub fn id(&self) -> FlavourId {
        self.id
    }

    /// The flavour's place in every runner of the process.
    pub(crate) fn index(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        *self.index.get_or_init(|| NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What runs the payloads of a flavour.
pub struct Engine<M: Mode> {
    pub(crate) kind: EngineKind,
    mode: std::marker::PhantomData<M>,
}

pub(crate) enum EngineKind {
    Lane(Arc<dyn LaneEngine>),
    Pool(Box<dyn PoolEngine>),
}

impl Engine<Async> {
    /// A lane.
    pub fn lane(engine: impl LaneEngine) -> Self {
        Engine { kind: EngineKind::Lane(Arc::new(engine)), mode: std::marker::PhantomData }
    }
}

impl Engine<Blocking> {
    /// A pool.
    pub fn pool(engine: impl PoolEngine) -> Self {
        Engine { kind: EngineKind::Pool(Box::new(engine)), mode: std::marker::PhantomData }
    }
}

impl<M: Mode> fmt::Debug for Engine<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            EngineKind::Lane(_) => "lane",
            EngineKind::Pool(_) => "pool",
        };
        f.debug_struct("Engine").field("kind", &kind).finish()
    }
}

/// The executor of an async flavour.
pub trait LaneEngine: Send + Sync + 'static {
    /// Runs [`LaneLoop::run`] to its end on the calling thread, inside the flavour's runtime. Whatever
    /// the runtime has left afterwards is dropped here too, without waiting for anybody.
    ///
    /// # Errors
    ///
    /// The runtime could not be set up: too few descriptors, say. All tasks of the lane are stopped.
    fn drive(&self, lane: LaneLoop) -> io::Result<()>;

    /// A future that is ready at `deadline`, on the flavour's own timer. Called and polled on the lane.
    fn timer(&self, deadline: Instant) -> Timer;
}

/// The threads of a blocking flavour.
pub trait PoolEngine: Send + 'static {
    /// Opens the pool, at most `size` threads wide, not counting those that are blocked.
    ///
    /// # Errors
    ///
    /// The first thread could not be made.
    fn open(self: Box<Self>, seat: PoolSeat, size: usize) -> io::Result<Arc<dyn Pool>>;
}
