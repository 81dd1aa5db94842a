//! The ways to run a payload that are measured: two lanes and threads.

use std::error::Error;
use std::fmt;

use spumoni::prelude::*;

/// A flavour that can be chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Tokio,
    Smol,
    Thread,
}

/// What payloads of ours end with.
pub(crate) type End = Result<(), std::io::Error>;

pub(crate) const ALL: [Way; 3] = [Way::Tokio, Way::Smol, Way::Thread];

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Tokio => "tokio",
            Way::Smol => "smol",
            Way::Thread => "thread",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|way| way.name() == name)
    }

    /// Adopts a call; on a lane it is a future that never yields.
    pub(crate) fn adopt(
        self,
        runner: &Handle,
        name: &'static str,
        call: impl FnOnce() -> End + Send + 'static,
    ) -> Result<(), Box<dyn Error>> {
        let task = runner.task(name);
        match self {
            Way::Tokio => told(task.adopt(Tokio, move || async move { call() })),
            Way::Smol => told(task.adopt(Smol, move || async move { call() })),
            Way::Thread => told(task.adopt(Thread, call)),
        }
    }

    /// Adopts a task that does nothing at all, and has no name.
    pub(crate) fn adopt_nothing(self, runner: &Handle) -> Result<(), Box<dyn Error>> {
        match self {
            Way::Tokio => told(runner.adopt(Tokio, async || ())),
            Way::Smol => told(runner.adopt(Smol, async || ())),
            Way::Thread => told(runner.adopt(Thread, || ())),
        }
    }

    /// Adopts a task that ends when it is asked to stop.
    pub(crate) fn adopt_listener(self, runner: &Handle) -> Result<(), Box<dyn Error>> {
        match self {
            Way::Tokio => told(runner.adopt(Tokio, async || Context::current().stopped().await)),
            Way::Smol => told(runner.adopt(Smol, async || Context::current().stopped().await)),
            Way::Thread => told(runner.adopt(Thread, || Context::current().stopped_blocking())),
        }
    }
}

/// Without the payload, which is of no use here.
fn told<T, E: fmt::Display>(answer: Result<T, E>) -> Result<(), Box<dyn Error>> {
    answer.map(drop).map_err(|error| error.to_string().into())
}
