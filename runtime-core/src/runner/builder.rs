//! The settings of a runner.

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use crate::controller::limits::Limits;
use crate::error::BuildError;
use crate::runner::core::{Provided, Settings};
use crate::service::roster::Choice;

/// Builds a [`ServiceRunner`](crate::ServiceRunner) with other settings than the usual ones.
///
/// ```
/// use std::time::Duration;
/// use spumoni_core::ServiceRunner;
///
/// let runner = ServiceRunner::builder()
///     .name("gateway")
///     .grace(Duration::from_secs(2))
///     .stop_timeout(Duration::from_secs(5))
///     .build()?;
/// # drop(runner);
/// # Ok::<(), spumoni_core::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder builds nothing until `build`"]
pub struct RunnerBuilder {
    name: String,
    limits: Limits,
    stack_size: Option<usize>,
    pool_size: usize,
    busy_wait: Duration,
    signals: bool,
    discover: bool,
    choice: Choice,
    provided: Provided,
}

impl RunnerBuilder {
    pub(crate) fn new() -> Self {
        RunnerBuilder {
            name: "spumoni".to_owned(),
            limits: Limits {
                grace: Duration::from_secs(10),
                group_grace: Duration::from_secs(15),
                whole: Duration::from_secs(25),
                stall: Duration::from_secs(1),
            },
            stack_size: None,
            pool_size: 512,
            busy_wait: Duration::ZERO,
            signals: true,
            discover: false,
            choice: Choice::default(),
            provided: Provided::new(),
        }
    }

    /// What the runner is called in reports and in the names of its threads. Default: `spumoni`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How long a task may take to clean up, from being asked to stop to being cancelled. Default: 10 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// How long all tasks together may take, destructors included, before those that are left are given
    /// up. Default: 15 s.
    pub fn group_grace(mut self, grace: Duration) -> Self {
        self.limits.group_grace = grace;
        self
    }

    /// How long a stop may take as a whole, from the first asking to the report. It holds on the wall
    /// clock whatever payloads do. Default: 25 s.
    pub fn stop_timeout(mut self, limit: Duration) -> Self {
        self.limits.whole = limit;
        self
    }

    /// How long a lane may take to come back from its tasks before a warning tells who holds it, by `tracing` under
    /// the target `spumoni`, while it happens. Looked at by the runner's own thread, which is there once the
    /// runner runs, and twice within the limit. Default: 1 s. `Duration::MAX`: never.
    pub fn stall_limit(mut self, limit: Duration) -> Self {
        self.limits.stall = limit;
        self
    }

    /// Fits a stop into the time that a supervisor gives before it kills: `terminationGracePeriodSeconds` of
    /// Kubernetes, `TimeoutStopSec` of systemd, less what a `preStop` hook takes. Sets
    /// [`stop_timeout`](RunnerBuilder::stop_timeout) to five sixths of it, [`group_grace`](RunnerBuilder::group_grace)
    /// to a half and [`grace`](RunnerBuilder::grace) to a third, as the defaults are for 30 s. The drain of a
    /// service ([`Spec::drain`](crate::Spec::drain)) and its grace together should be no more than the half.
    ///
    /// ```
    /// use std::time::Duration;
    /// use spumoni_core::ServiceRunner;
    ///
    /// let runner = ServiceRunner::builder().termination_period(Duration::from_secs(60)).build()?;
    /// # drop(runner);
    /// # Ok::<(), spumoni_core::BuildError>(())
    /// ```
    pub fn termination_period(mut self, period: Duration) -> Self {
        let sixth = period / 6;
        self.limits.grace = sixth * 2;
        self.limits.group_grace = sixth * 3;
        self.limits.whole = sixth * 5;
        self
    }

    /// The stack of every thread that runs payloads, in bytes. Default: that of std, 2 MiB. A future
    /// with large arrays in it needs more.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How many threads the pool of a blocking flavour may have, not counting those that block on
    /// another task. It starts with none and grows as needed. Default: 512.
    pub fn pool_size(mut self, threads: usize) -> Self {
        self.pool_size = threads;
        self
    }

    /// How long a lane looks for new work before it sleeps. It costs a core for that time and makes calls
    /// that follow each other closely many times faster. Default: zero, sleep at once.
    pub fn busy_wait(mut self, limit: Duration) -> Self {
        self.busy_wait = limit;
        self
    }

    /// Whether SIGINT and SIGTERM end `run` in good order (with the feature `signal`, on unix). Default:
    /// yes.
    pub fn signals(mut self, handled: bool) -> Self {
        self.signals = handled;
        self
    }

    /// Whether to take every registered service, as
    /// [`ServiceRunner::discover`](crate::ServiceRunner::discover) does. Default: no.
    pub fn discover(mut self, discover: bool) -> Self {
        self.discover = discover;
        self
    }

    /// Of the services that are added or discovered, only these, and what they depend on. A name that no
    /// service has is a failure of [`run`](crate::ServiceRunner::run). Default: all.
    pub fn only<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.choice.only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Of the services that are added or discovered, all but these. One on which another depends cannot be
    /// left out alone, which is a failure of [`run`](crate::ServiceRunner::run). Default: none is left out.
    pub fn without<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.choice.without = names.into_iter().map(Into::into).collect();
        self
    }

    /// These services have to be there. One that is not, since its crate is named nowhere and was not
    /// linked, is a failure of [`run`](crate::ServiceRunner::run) before anything starts. Default: none.
    pub fn expect<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.choice.expected = names.into_iter().map(Into::into).collect();
        self
    }

    /// Gives the payloads of the runner a value that they find by its type, with
    /// [`Handle::provided`](crate::Handle::provided): settings, a client, a clock. A later one of the same type
    /// replaces it. Default: none.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use spumoni_core::ServiceRunner;
    ///
    /// struct Region(&'static str);
    ///
    /// let runner = ServiceRunner::builder().provide(Arc::new(Region("north"))).build()?;
    /// assert_eq!(runner.provided::<Region>().map(|region| region.0), Some("north"));
    /// # Ok::<(), spumoni_core::BuildError>(())
    /// ```
    pub fn provide<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.provided.insert(TypeId::of::<T>(), value);
        self
    }

    /// The settings, checked, and whether to take every registered service.
    pub(crate) fn finish(self) -> Result<(Settings, bool), BuildError> {
        let bad = |setting, why| Err(BuildError::BadConfig { setting, why });
        if crate::group::names::check(&self.name).is_err() {
            return bad(
                "name",
                "must not be empty, longer than 255 bytes, or have control characters",
            );
        }
        if self.pool_size == 0 {
            return bad("pool_size", "must be at least 1: a pool without threads runs nothing");
        }
        if self.limits.stall.is_zero() {
            return bad(
                "stall_limit",
                "must not be zero, or every lane is late; `Duration::MAX` turns the warning off",
            );
        }
        let settings = Settings {
            name: self.name,
            limits: self.limits,
            stack_size: self.stack_size.filter(|size| *size > 0),
            pool_size: self.pool_size,
            busy_wait: self.busy_wait,
            signals: self.signals,
            choice: self.choice,
            provided: self.provided,
        };
        Ok((settings, self.discover))
    }
}
