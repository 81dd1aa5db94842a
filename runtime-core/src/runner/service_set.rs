//! Sets of services in the hands of their user.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::group::policy::OnFailure;
use crate::runner::handle::Handle;
use crate::service::error::ServiceError;
use crate::service::policy::{Backoff, Intensity, Strategy};
use crate::service::roster::Roster;
use crate::service::set::{Set, SetTerms};
use crate::service::view::ServiceList;
use crate::service::wish::Wanted;
use crate::wait::park;

impl Handle {
    /// A set of services that stand and fall together, to which more can be said before it is
    /// [added](ServiceSetBuilder::add). Services are its members by [`Spec::set`](crate::Spec::set) or
    /// [`ServiceBuilder::set`](crate::ServiceBuilder::set).
    ///
    /// A failure that a member does not deal with itself, because it is not restarted, or too often, and its
    /// [`on_failure`](crate::Spec::on_failure) is to stop, is the failure of its set. The set is then restarted whole: all its
    /// services are stopped in reverse order, and when they are wholly gone and the set's backoff is over, they
    /// start in their order. A oneshot runs again, and so does one that had ended or failed by itself; one that was
    /// stopped on purpose stays so, and no initialisation is repeated. Restarts of members before do not count any more.
    /// When the set's own [`Intensity`] is used up, the failure goes to the set in which it stands, by
    /// [`within`](ServiceSetBuilder::within), which is restarted whole in turn, and in the end to the runner, which
    /// stops.
    ///
    /// So a set is in its surroundings what a service is: restarted after a backoff, so often and no more, alone or
    /// with others. A member that does not end within its grace is left behind, and no set restarts what may still
    /// run: that failure is the runner's.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::Duration;
    /// use spumoni_core::{Backoff, Context, Launch, Service, ServiceRunner, Spec};
    ///
    /// static RUNS: AtomicUsize = AtomicUsize::new(0);
    ///
    /// struct Reader;
    ///
    /// impl Service for Reader {
    ///     const SPEC: Spec = Spec::new("reader", file!(), line!()).set("ingest");
    ///     fn launch(self) -> Launch {
    ///         Launch::repeat(Plain, async || {
    ///             anyhow::ensure!(RUNS.fetch_add(1, Ordering::SeqCst) == 1, "the first run fails");
    ///             Context::current().handle().stop();
    ///             anyhow::Ok(())
    ///         })
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// let pause = Duration::from_millis(1);
    /// runner.service_set("ingest").backoff(Backoff::new(pause, pause)).add()?;
    /// runner.add(Reader)?;
    /// let report = runner.run();
    /// assert!(report.is_clean());
    /// assert_eq!(report.services().set("ingest").map(|set| set.restarts()), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service_set(&self, name: impl Into<Arc<str>>) -> ServiceSetBuilder<'_> {
        ServiceSetBuilder {
            handle: self,
            name: name.into(),
            within: None,
            terms: SetTerms::DEFAULT,
        }
    }

    /// Stops all services of a set, and of those within it, and before them those that depend on them, in reverse
    /// order. The others go on, and the runner too. On purpose: no restart follows, and one that is pending is dropped.
    /// Gives the services and the sets as they are when nothing more is to come.
    ///
    /// # Errors
    ///
    /// [`ServiceError::UnknownSet`] with the nearest name. Before `run`, also what is wrong with the sets, as in
    /// [`ServiceRunner::check`](crate::ServiceRunner::check).
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the stop, once it was polled.
    pub async fn stop_service_set(&self, name: &str) -> Result<ServiceList, ServiceError> {
        let wanted = Wanted::set(name, "stop_service_set");
        self.core().services.stop(wanted)?;
        self.core().services.settled(wanted, Roster::part).await
    }

    /// The twin of [`stop_service_set`](Handle::stop_service_set) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn stop_service_set_blocking(&self, name: &str) -> Result<ServiceList, ServiceError> {
        park::to_the_end(self.stop_service_set(name))
    }

    /// Starts all services of a set, and of those within it, that have stopped, failed or were skipped, and before them
    /// what they depend on. The pause before a pending restart is cut short, and restarts before do not count any more.
    /// Gives the services and the sets as they are when nothing more is to come: all `Running`, if all is well.
    ///
    /// # Errors
    ///
    /// As [`stop_service_set`](Handle::stop_service_set); [`ServiceError::RunsOnce`] if the body of one that it depends on
    /// was used up, and then nothing is started; [`ServiceError::Stopping`].
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the start, once it was polled.
    pub async fn start_service_set(&self, name: &str) -> Result<ServiceList, ServiceError> {
        let wanted = Wanted::set(name, "start_service_set");
        self.core().services.start(wanted)?;
        self.core().services.settled(wanted, Roster::part).await
    }

    /// The twin of [`start_service_set`](Handle::start_service_set) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn start_service_set_blocking(&self, name: &str) -> Result<ServiceList, ServiceError> {
        park::to_the_end(self.start_service_set(name))
    }

    /// Restarts a set whole: all services of it, and of those within it, stop in reverse order, with those that depend on
    /// them, and when they are wholly gone they start in their order. Those that had stopped start too. It does not
    /// count as a restart of the [`Intensity`]; a pending backoff is cut short.
    ///
    /// # Errors
    ///
    /// As [`start_service_set`](Handle::start_service_set).
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the restart, once it was polled.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, Launch, Service, ServiceRunner, ServiceState, Spec};
    ///
    /// struct Part;
    ///
    /// impl Service for Part {
    ///     const SPEC: Spec = Spec::new("part", file!(), line!()).set("ingest");
    ///     fn launch(self) -> Launch {
    ///         Launch::repeat(Plain, async || Context::current().stopped().await)
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// runner.service_set("ingest").add()?;
    /// runner.service(Part).name("parse").add()?;
    /// runner.service(Part).name("store").add()?;
    /// let handle = runner.handle();
    /// let other = std::thread::spawn(move || {
    ///     let set = handle.restart_service_set_blocking("ingest");
    ///     handle.stop();
    ///     set
    /// });
    /// let report = runner.run();
    /// let set = other.join().expect("no panic")?;
    /// assert!(set.all().iter().all(|service| service.state() == ServiceState::Running));
    /// assert!(report.is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn restart_service_set(&self, name: &str) -> Result<ServiceList, ServiceError> {
        let wanted = Wanted::set(name, "restart_service_set");
        self.core().services.restart(wanted)?;
        self.core().services.settled(wanted, Roster::part).await
    }

    /// The twin of [`restart_service_set`](Handle::restart_service_set) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restart_service_set_blocking(&self, name: &str) -> Result<ServiceList, ServiceError> {
        park::to_the_end(self.restart_service_set(name))
    }
}

/// A set of services on its way to the runner: from [`Handle::service_set`].
#[must_use = "a set is there when it is added"]
pub struct ServiceSetBuilder<'a> {
    handle: &'a Handle,
    name: Arc<str>,
    within: Option<Arc<str>>,
    terms: SetTerms,
}

impl ServiceSetBuilder<'_> {
    /// The set in which it stands, which hears of its failure and restarts it with all others that are in there.
    /// Default: none, so that the runner hears of it.
    pub fn within(mut self, set: impl Into<Arc<str>>) -> Self {
        self.within = Some(set.into());
        self
    }

    /// The pause before it is restarted. Default: from 100 ms to 30 s, doubling.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.terms.backoff = backoff;
        self
    }

    /// How many restarts are too many, within which time in which all its services run. Default: 5 within a
    /// minute. None at all: `Intensity::new(0, …)`.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.terms.intensity = intensity;
        self
    }

    /// Which others are restarted with it: those that depend on one of its services, or all that are in the set in
    /// which it stands, or in the runner. Default: none; those that depend on it go on meanwhile.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.terms.strategy = strategy;
        self
    }

    /// What it means that it has failed, when no restart follows. Default: the set in which it stands is
    /// restarted, or the runner stops. With `Continue` its services are stopped and stay so, and the others go on; the
    /// failure is told in the log and in the list of services. [`Handle::start_service_set`] starts them again.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.terms.on_failure = on_failure;
        self
    }

    /// Gives the set to the runner. Before `run` services may name it before it is there; afterwards it has to be there
    /// first.
    ///
    /// # Errors
    ///
    /// [`ServiceError::SetTwice`] if there is one of this name, [`ServiceError::BadSet`] if that is no name, and, while
    /// the runner runs, [`ServiceError::NoSet`] if the one in which it is to stand is not there.
    #[track_caller]
    pub fn add(self) -> Result<(), ServiceError> {
        let here = Location::caller();
        let set = Set::new(self.name, self.within, self.terms, here);
        self.handle.core().services.add_set(set)
    }
}

impl fmt::Debug for ServiceSetBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceSetBuilder")
            .field("name", &self.name)
            .field("within", &self.within)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}
