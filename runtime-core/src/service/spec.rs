//! What is known of a service before it runs: what stands in the parentheses of `#[service(…)]`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Reason;
use crate::group::policy::OnFailure;
use crate::service::policy::{Backoff, Intensity, OnServiceExit, Restart, Strategy};

/// What a service is called, where it stands, what it depends on and how it is to be treated. Built by the
/// attribute, or by hand.
///
/// ```
/// use std::time::Duration;
/// use spumoni_core::{Restart, Spec};
///
/// const SPEC: Spec = Spec::new("http", file!(), line!())
///     .after(&["store", "cache"])
///     .restart(Restart::OnFailure)
///     .grace(Duration::from_secs(5));
/// assert_eq!(SPEC.dependencies(), ["store", "cache"]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use = "a spec says nothing to anybody by itself"]
pub struct Spec {
    name: &'static str,
    file: &'static str,
    line: u32,
    after: &'static [&'static str],
    set: Option<&'static str>,
    pub(crate) terms: Terms,
}

/// How a service is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) restart: Restart,
    pub(crate) backoff: Backoff,
    pub(crate) intensity: Intensity,
    pub(crate) strategy: Strategy,
    pub(crate) on_exit: OnServiceExit,
    pub(crate) on_failure: OnFailure,
    pub(crate) oneshot: bool,
    pub(crate) transient: bool,
    pub(crate) notify: bool,
    pub(crate) workers: usize,
    pub(crate) grace: Option<Duration>,
    pub(crate) init_timeout: Duration,
    pub(crate) start_timeout: Duration,
    pub(crate) drain: Duration,
    pub(crate) health_every: Duration,
    pub(crate) health_timeout: Duration,
    pub(crate) health_failures: u32,
    pub(crate) phase: i32,
}

/// How long an initialisation, and a start up to readiness, may take.
const START: Duration = Duration::from_secs(90);

impl Terms {
    const DEFAULT: Terms = Terms {
        restart: Restart::Never,
        backoff: Backoff::DEFAULT,
        intensity: Intensity::DEFAULT,
        strategy: Strategy::One,
        on_exit: OnServiceExit::Stop,
        on_failure: OnFailure::Stop,
        oneshot: false,
        transient: false,
        notify: false,
        workers: 1,
        grace: None,
        init_timeout: START,
        start_timeout: START,
        drain: Duration::ZERO,
        health_every: Duration::from_secs(10),
        health_timeout: Duration::from_secs(1),
        health_failures: 3,
        phase: 0,
    };

    /// What makes no sense together.
    fn check(&self, repeats: bool, idle: bool, checked: bool) -> Result<(), Reason> {
        let bad = |setting, why| Err(Reason::BadSetting { setting, why });
        if self.workers == 0 {
            return bad("workers", "must be at least 1: nobody would do the work");
        }
        if self.oneshot && self.restart == Restart::Always {
            return bad(
                "restart",
                "is `Always`, but a oneshot is done when it has ended: take `OnFailure`",
            );
        }
        if self.oneshot && self.notify {
            return bad("notify", "makes no sense for a oneshot, which is ready when it is done");
        }
        if idle && (self.workers > 1 || self.oneshot || self.notify) {
            return bad(
                "workers, oneshot or notify",
                "makes no sense for a service that runs nothing",
            );
        }
        if checked && (idle || self.oneshot) {
            return bad(
                "health",
                "makes no sense for a service that does not stay: a check is for one that runs",
            );
        }
        if self.health_every.is_zero() || self.health_timeout.is_zero() {
            return bad("health_every or health_timeout", "must be longer than zero");
        }
        if self.health_failures == 0 {
            return bad("health_failures", "must be at least 1: no check could be good enough");
        }
        if !repeats && !idle && self.restart != Restart::Never {
            return bad(
                "restart",
                "needs a body that can run again: `Launch::repeat`, or a `run` that takes `&self` or `&mut self`",
            );
        }
        if !repeats && !idle && self.workers > 1 {
            return bad(
                "workers",
                "needs a body that several can run: `Launch::repeat`, or a `run` that takes `&self`",
            );
        }
        Ok(())
    }
}

/// The settings, for the constant and for the builder.
macro_rules! settings {
    ($($const:ident)?) => {
        /// Which ends are followed by another run. Default: none.
        pub $($const)? fn restart(mut self, restart: Restart) -> Self {
            self.terms.restart = restart;
            self
        }

        /// The pause before a restart. Default: from 100 ms to 30 s, doubling.
        pub $($const)? fn backoff(mut self, backoff: Backoff) -> Self {
            self.terms.backoff = backoff;
            self
        }

        /// How many restarts are too many. Default: 5 within a minute.
        pub $($const)? fn intensity(mut self, intensity: Intensity) -> Self {
            self.terms.intensity = intensity;
            self
        }

        /// Which others are restarted with it. Default: none.
        pub $($const)? fn strategy(mut self, strategy: Strategy) -> Self {
            self.terms.strategy = strategy;
            self
        }

        /// What it means that it ends unasked and in good order. Default: the runner stops.
        pub $($const)? fn on_exit(mut self, on_exit: OnServiceExit) -> Self {
            self.terms.on_exit = on_exit;
            self
        }

        /// What a failure means, when no restart follows. Default: the [set](crate::Handle::service_set) that it is in
        /// is restarted whole; without one the runner stops. With
        /// `Continue` the others go on; the failure is told in the log and in the list of services.
        pub $($const)? fn on_failure(mut self, on_failure: OnFailure) -> Self {
            self.terms.on_failure = on_failure;
            self
        }

        /// It does its work and ends: that stops nobody, and it is ready when it is done.
        pub $($const)? fn oneshot(mut self) -> Self {
            self.terms.oneshot = true;
            self
        }

        /// It keeps the runner not alive, and is asked to stop when nobody else is left.
        pub $($const)? fn transient(mut self) -> Self {
            self.terms.transient = true;
            self
        }

        /// It says itself when it is ready, by `Context::ready`. Default: it is when its body has begun.
        pub $($const)? fn notify(mut self) -> Self {
            self.terms.notify = true;
            self
        }

        /// How many run its body at the same time: as many named threads, or tasks of its lane. Default: 1.
        pub $($const)? fn workers(mut self, workers: usize) -> Self {
            self.terms.workers = workers;
            self
        }

        /// Its time between being asked to stop and being cancelled. Default: the runner's.
        pub $($const)? fn grace(mut self, grace: Duration) -> Self {
            self.terms.grace = Some(grace);
            self
        }

        /// How long its initialisation may take. Default: 90 s.
        pub $($const)? fn init_timeout(mut self, limit: Duration) -> Self {
            self.terms.init_timeout = limit;
            self
        }

        /// How long it may take from its start to being ready. Default: 90 s.
        pub $($const)? fn start_timeout(mut self, limit: Duration) -> Self {
            self.terms.start_timeout = limit;
            self
        }

        /// How long it stands as not ready before it is asked to stop, so that nothing new is sent to it.
        /// It counts from the stop of the runner, so several drain at once. Default: zero.
        pub $($const)? fn drain(mut self, drain: Duration) -> Self {
            self.terms.drain = drain;
            self
        }

        /// The time from the start of one [health check](crate::Launch::health) to that of the next. Default:
        /// 10 s. Kubernetes calls it `periodSeconds`.
        pub $($const)? fn health_every(mut self, period: Duration) -> Self {
            self.terms.health_every = period;
            self
        }

        /// How long one [health check](crate::Launch::health) may take; apart from
        /// [`start_timeout`](Self::start_timeout), so that a slow start is no bad health. Default: 1 s.
        /// Kubernetes calls it `timeoutSeconds`.
        pub $($const)? fn health_timeout(mut self, limit: Duration) -> Self {
            self.terms.health_timeout = limit;
            self
        }

        /// How many [health checks](crate::Launch::health) in a row have to fail until that is the failure of
        /// the run. Default: 3. Kubernetes calls it `failureThreshold`.
        pub $($const)? fn health_failures(mut self, failures: u32) -> Self {
            self.terms.health_failures = failures;
            self
        }

        /// The phase in which it starts: after every service of a lower one is ready. Stops go the other
        /// way. Default: 0.
        pub $($const)? fn phase(mut self, phase: i32) -> Self {
            self.terms.phase = phase;
            self
        }
    };
}
pub(crate) use settings;

impl Spec {
    /// A service of this name, defined there: `Spec::new("sampler", file!(), line!())`.
    pub const fn new(name: &'static str, file: &'static str, line: u32) -> Self {
        Spec { name, file, line, after: &[], set: None, terms: Terms::DEFAULT }
    }

    /// It starts when these services are ready, and stops before them. Another type's name is
    /// `<Store as Service>::SPEC.name()`.
    pub const fn after(mut self, names: &'static [&'static str]) -> Self {
        self.after = names;
        self
    }

    /// It is a member of the set of this name, which the program adds by
    /// [`Handle::service_set`](crate::Handle::service_set). Default: of none.
    pub const fn set(mut self, name: &'static str) -> Self {
        self.set = Some(name);
        self
    }

    settings!(const);

    /// The service's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The file in which it stands.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line at which it stands.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The names of the services on which it depends.
    #[must_use]
    pub const fn dependencies(&self) -> &'static [&'static str] {
        self.after
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            name: self.name.into(),
            place: *self,
            after: self.after.iter().map(|name| Arc::from(*name)).collect(),
            set: self.set.map(Arc::from),
            terms: self.terms,
        }
    }
}

/// What one instance was given in the end.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) name: Arc<str>,
    /// Where its type stands.
    pub(crate) place: Spec,
    pub(crate) after: Vec<Arc<str>>,
    pub(crate) set: Option<Arc<str>>,
    pub(crate) terms: Terms,
}

impl Settings {
    /// What makes no sense together, once it is known how it is launched.
    pub(crate) fn check(&self, repeats: bool, idle: bool, checked: bool) -> Result<(), Reason> {
        if self.set.is_some() && !repeats && !idle {
            let why = "needs a body that can run again, since sets are restarted whole: `Launch::repeat`, or a `run` that takes `&self` or `&mut self`";
            return Err(Reason::BadSetting { setting: "set", why });
        }
        self.terms.check(repeats, idle, checked)
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service `{}` at {}:{}", self.name, self.file, self.line)
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spec({} at {}:{})", self.name, self.file, self.line)
    }
}
