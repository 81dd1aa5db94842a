// The README's examples use these flavours.
#![cfg_attr(
    all(feature = "macros", feature = "smol", feature = "thread", feature = "tokio"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(feature = "macros", feature = "smol", feature = "thread", feature = "tokio")),
    doc = "One runner over several executors and threads. With the feature `full` this page is the README."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use spumoni_core::{
    AddError, AdoptError, Adoptable, Async, Attempt, Attempted, Backoff, Barrier, Blocking,
    BuildError, BusyView, Cause, ChildBuilder, Context, Elapsed, Event, Exclusive, ExecuteError,
    Failure, Flavour, FlavourId, ForkError, GatherError, Group, GroupBuilder, GroupView, Handle,
    Handles, Health, HomeView, Intensity, Item, ItemError, ItemHandle, ItemReason, Join, JoinError,
    JoinGroupError, LaneHealth, Launch, Lent, LimitGone, LocalHandle, Member, MemberBuilder,
    MemberEnd, MemberView, MissedTicks, Mode, OnExit, OnFailure, OnServiceExit, OnStop, Overlap,
    PanicInfo, Payload, PeriodicBuilder, Permit, Probe, Queue, QueueBuilder, QueueCounters, Race,
    RaceError, Reason, Refused, Registration, Reloads, Restart, ResultError, ResultOf, Ring,
    RunCounters, RunError, RunWait, RunnerBuilder, Runs, ScopeError, Semaphore, Service,
    ServiceBuilder, ServiceError, ServiceList, ServiceRunner, ServiceSetBuilder, ServiceSetView,
    ServiceState, ServiceView, ServiceWarning, Signal, Skip, Spec, StopReason, StopReport, Stopped,
    Stopping, Straggler, Strategy, SubmitError, TaskBuilder, TaskError, TaskHandle, TaskId,
    TaskLabel, TaskState, TaskView, Ticks, TimeLimit, TimedOut, Tree, TryLater, Turn, Until,
    WaitError, Waited, Won, Work, ZeroInterval, gather, gather_blocking, registered, select,
    select_blocking, timeout, timeout_blocking, try_gather, try_gather_blocking, wait,
    wait_blocking,
};

pub use spumoni_core::flavour;

/// SIGINT and SIGTERM.
#[cfg(all(unix, feature = "signal"))]
pub use spumoni_core::signal;

#[cfg(feature = "tokio")]
pub use spumoni_tokio::Tokio;

#[cfg(feature = "smol")]
pub use spumoni_smol::Smol;

/// What belongs to the smol and async-std lanes.
#[cfg(any(feature = "smol", feature = "async-std"))]
pub use spumoni_smol as smol;

#[cfg(feature = "async-std")]
pub use spumoni_smol::AsyncStd;

#[cfg(feature = "thread")]
pub use spumoni_thread::Thread;

#[cfg(feature = "macros")]
pub use spumoni_macros::service;

#[cfg(feature = "cli")]
pub mod cli;

#[cfg(all(unix, feature = "systemd"))]
pub mod systemd;

pub mod prelude;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// The examples of a page that is no part of the documentation here, so that they are run.
#[cfg(all(doctest, feature = "macros", feature = "smol", feature = "thread", feature = "tokio"))]
#[doc = include_str!("../docs/services.md")]
mod services {}

/// As above.
#[cfg(all(doctest, feature = "smol", feature = "thread", feature = "tokio"))]
#[doc = include_str!("../docs/groups.md")]
mod groups {}

/// As above.
#[cfg(all(doctest, feature = "smol", feature = "thread", feature = "tokio"))]
#[doc = include_str!("../docs/queues.md")]
mod queues {}

/// As above.
#[cfg(all(
    doctest,
    unix,
    feature = "cli",
    feature = "macros",
    feature = "systemd",
    feature = "tokio"
))]
#[doc = include_str!("../docs/operating.md")]
mod operating {}
