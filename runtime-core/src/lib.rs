//! The core of spumoni: lanes, tasks, supervision and stopping, with no runtime of its own.
//!
//! Applications name the façade, `spumoni`; this crate is for those who write a flavour
//! ([`flavour`]). The modules below stand in layers: each uses only those above it.
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// -- words everybody uses
mod sync;
mod id;
mod time;
mod unwind;
mod log;
mod wait;
mod failure;
mod threads;
// -- one task
mod task;
// -- why and how things end
mod reason;
mod error;
mod inspect;
mod event;
// -- where tasks run
mod lane;
mod pool;
pub mod flavour;
// -- who owns tasks
mod group;
mod tools;
mod homes;
mod submit;
mod service;
mod report;
mod reload;
// -- who decides
mod controller;
#[cfg(all(unix, feature = "signal"))]
pub mod signal;
#[cfg(not(all(unix, feature = "signal")))]
#[path = "no_signal.rs"]
mod signal;
// -- the public face
mod runner;
mod queue;
mod context;
#[cfg(feature = "serde")]
mod serial;

pub use context::task::Context;
pub use error::{
    AddError, AdoptError, BuildError, ExecuteError, ForkError, Reason, Refused, SpawnError,
    SubmitError, ZeroInterval,
};
pub use failure::{Cause, Failure, TaskError, TaskLabel};
pub use flavour::Flavour;
pub use group::end::MemberEnd;
pub use group::join::{Join, JoinGroupError};
pub use group::policy::{OnExit, OnFailure};
pub use group::result::{ResultError, ResultOf};
pub use group::view::MemberView;
pub use id::{FlavourId, TaskId};
pub use inspect::{BusyView, GroupView, HomeView, TaskView, Tree};
pub use queue::{
    Item, ItemError, ItemHandle, ItemReason, OnStop, Queue, QueueBuilder, QueueCounters, Work,
};
pub use reason::{Signal, StopReason};
pub use reload::Reloads;
pub use report::{StopReport, Straggler};
pub use runner::builder::RunnerBuilder;
pub use runner::child::ChildBuilder;
pub use runner::group::{Group, GroupBuilder};
pub use runner::handle::Handle;
pub use runner::health::{Health, LaneHealth, Probe};
pub use runner::local::LocalHandle;
pub use runner::member::MemberBuilder;
pub use runner::periodic::{Overlap, PeriodicBuilder};
pub use runner::race::{Race, RaceError, Won};
pub use runner::runs::{RunCounters, RunError, RunWait, Runs};
pub use runner::scope::ScopeError;
pub use runner::service_runner::ServiceRunner;
pub use runner::service_set::ServiceSetBuilder;
pub use runner::services::ServiceBuilder;
pub use runner::task_builder::TaskBuilder;
pub use service::error::{ServiceError, Skip};
pub use service::exclusive::{Exclusive, Turn};
pub use service::launch::{Launch, Service};
pub use service::policy::{Backoff, Intensity, OnServiceExit, Restart, Strategy};
pub use service::registry::{Registration, registered};
pub use service::set_view::ServiceSetView;
pub use service::spec::Spec;
pub use service::state::ServiceState;
pub use service::view::{ServiceList, ServiceView};
pub use service::warning::ServiceWarning;
pub use task::handle::TaskHandle;
pub use task::limit::TimedOut;
pub use task::outcome::JoinError;
pub use task::payload::{Adoptable, Async, Blocking, Mode, Payload};
pub use task::state::TaskState;
pub use task::stop::{Stopped, Stopping};
pub use tools::attempt::{Attempt, Attempted, TryLater};
pub use tools::barrier::Barrier;
pub use tools::event::Event;
pub use tools::gather::{gather, gather_blocking, try_gather, try_gather_blocking};
pub use tools::handles::{GatherError, Handles, Lent};
pub use tools::pace::MissedTicks;
pub use tools::semaphore::{Permit, Semaphore};
pub use tools::several::{WaitError, Waited, select, select_blocking, wait, wait_blocking};
pub use tools::ticks::Ticks;
pub use tools::time_limit::{LimitGone, TimeLimit};
pub use tools::timeout::{Elapsed, timeout, timeout_blocking};
pub use tools::watch::Until;
pub use unwind::PanicInfo;
pub use wait::{Member, Ring};

#[doc(hidden)]
pub use anyhow;
#[doc(hidden)]
pub use group::names::nearest;
#[doc(hidden)]
pub use inventory;
#[doc(hidden)]
pub use task::payload::Call;
