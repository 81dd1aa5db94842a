//! The owner of a runner.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use crate::error::BuildError;
use crate::event::{Event, StopRequest};
use crate::reason::StopReason;
use crate::report::StopReport;
use crate::runner::builder::RunnerBuilder;
use crate::runner::core::{Core, here};
use crate::runner::handle::Handle;
use crate::service::error::ServiceError;
use crate::service::registry::{Registration, registered};
use crate::signal;

/// One runner over several executors and threads: the owner. Everything it can do beside running it does
/// as a [`Handle`], to which it dereferences.
///
/// Payloads may be handed over before [`run`](ServiceRunner::run), which starts the services, waits for
/// the end and gives the report. A runner that is dropped without it asks its tasks to stop and does not
/// wait for them.
pub struct ServiceRunner {
    handle: Handle,
}

impl ServiceRunner {
    /// A runner without services. It starts no thread yet.
    #[must_use]
    pub fn new() -> Self {
        match Self::builder().build() {
            Ok(runner) => runner,
            Err(error) => unreachable!("the defaults are good: {error}"),
        }
    }

    /// A runner with every service that is registered: every free function with `#[service(…)]` in a
    /// crate that is linked. A crate that is never named in the program is not linked; `use it as _;`
    /// names it.
    #[must_use]
    pub fn discover() -> Self {
        match Self::builder().discover(true).build() {
            Ok(runner) => runner,
            Err(error) => unreachable!("the defaults are good: {error}"),
        }
    }

    /// A runner with other settings.
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder::new()
    }

    fn with(core: Arc<Core>) -> Self {
        ServiceRunner { handle: Handle::new(core) }
    }

    fn add_registered(&self, one: &'static Registration) {
        let here = Location::caller();
        let core = self.handle.core();
        let added = core.services.add(one.spec().settings(), || one.launch(), here);
        if let Err(reason) = added {
            let spec = one.spec();
            let twin = registered().into_iter().map(Registration::spec);
            let twin = twin.take_while(|other| *other != spec).find(|o| o.name() == spec.name());
            let why = match twin {
                // No code of the user's has added them: they stand where they were registered.
                Some(twin) => format!("{spec} has the name of {twin}"),
                None => reason.to_string(),
            };
            core.services.add_flaw(spec.name(), why, here);
        }
    }

    /// Checks the services without starting any: whether what each depends on is there, and in no ring.
    /// Gives their names in the order of their start.
    ///
    /// # Errors
    ///
    /// Everything that is wrong. [`run`](ServiceRunner::run) reports the same, and starts nothing then.
    pub fn check(&self) -> Result<Vec<Arc<str>>, Vec<ServiceError>> {
        self.handle.core().services.plan()
    }

    /// A handle to the runner, to be taken anywhere.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Starts the services and blocks until the end: until a stop is asked, something fails, or nothing
    /// is left to do. With the feature `signal`, SIGINT and SIGTERM ask for a stop, a second one forces
    /// it, and a third ends the process.
    ///
    /// # Panics
    ///
    /// Called by a payload of this very runner: the wait could never end.
    #[track_caller]
    pub fn run(self) -> StopReport {
        self.run_to_end(true)
    }

    /// As [`run`](ServiceRunner::run), but having nothing to do is no reason to stop: for daemons that
    /// take on work later, by a handle.
    ///
    /// # Panics
    ///
    /// As [`run`](ServiceRunner::run).
    #[track_caller]
    pub fn run_until_stopped(self) -> StopReport {
        self.run_to_end(false)
    }

    #[track_caller]
    fn run_to_end(self, until_idle: bool) -> StopReport {
        let core = self.handle.core();
        let inside = here().is_some_and(|inside| Arc::ptr_eq(&inside, core));
        assert!(
            !inside,
            "a payload called `run` of the runner that runs it, which could never end; call it on another thread"
        );
        let _signals = core.signals.then(|| signal::subscribe(Arc::clone(core.root())));
        let controller = core.take_control();
        core.root().tell(Event::Run { until_idle });
        if let Some(controller) = controller {
            controller.run();
        }
        core.ending.wait_blocking()
    }
}

impl RunnerBuilder {
    /// Builds the runner. It starts no thread yet.
    ///
    /// # Errors
    ///
    /// [`BuildError::BadConfig`] for a setting that makes no sense.
    pub fn build(self) -> Result<ServiceRunner, BuildError> {
        let (settings, discover) = self.finish()?;
        let runner = ServiceRunner::with(Core::new(settings));
        if discover {
            for one in registered() {
                runner.add_registered(one);
            }
        }
        Ok(runner)
    }
}

impl Default for ServiceRunner {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for ServiceRunner {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for ServiceRunner {
    fn drop(&mut self) {
        let core = self.handle.core();
        if core.ending.report().is_some() {
            return;
        }
        // Where no lane and no pool has started, nobody is left to wait for: the report is made at once.
        let idle = core.homes.all().is_empty();
        let mut controller = if idle { core.take_control() } else { None };
        let reason = StopReason::Dropped;
        core.root().tell(Event::Stop(StopRequest { reason, budget: None, force: false }));
        core.root().begin_stop();
        core.services.forget_here();
        if core.start().is_err() {
            controller = core.take_control();
        }
        if let Some(controller) = controller {
            controller.run();
        }
    }
}

impl fmt::Debug for ServiceRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceRunner").field("handle", &self.handle).finish()
    }
}
