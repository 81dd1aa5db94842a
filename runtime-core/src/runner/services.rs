//! Services in the hands of their user: added with other settings, stopped, started and restarted one by
//! one, and looked at.

use std::any::TypeId;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{AddError, Refused};
use crate::group::policy::OnFailure;
use crate::runner::handle::Handle;
use crate::service::error::ServiceError;
use crate::service::launch::Service;
use crate::service::policy::{Backoff, Intensity, OnServiceExit, Restart, Strategy};
use crate::service::roster::Roster;
use crate::service::spec::{Settings, Terms, settings};
use crate::service::state::ServiceState;
use crate::service::unit::Unit;
use crate::service::view::ServiceList;
use crate::service::wish::Wanted;
use crate::time::Deadline;
use crate::wait::park;

impl Handle {
    /// A service that is to be added with other settings than those that its type says.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Launch, Service, ServiceRunner, Spec};
    ///
    /// struct Mirror(&'static str);
    ///
    /// impl Service for Mirror {
    ///     const SPEC: Spec = Spec::new("mirror", file!(), line!()).oneshot();
    ///     fn launch(self) -> Launch {
    ///         Launch::new(Plain, async move || println!("{}", self.0))
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// runner.service(Mirror("north")).name("mirror-north").add()?;
    /// runner.service(Mirror("south")).name("mirror-south").after(["mirror-north"]).add()?;
    /// assert_eq!(runner.check().unwrap().join(", "), "mirror-north, mirror-south");
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service<S: Service>(&self, service: S) -> ServiceBuilder<'_, S> {
        let settings = S::SPEC.settings();
        let terms = settings.terms;
        ServiceBuilder { handle: self, service, settings, terms }
    }

    /// The services as they are now.
    #[must_use]
    pub fn services(&self) -> ServiceList {
        self.core().services.list()
    }

    /// Waits until the services are as `wanted` says, which is asked at once and whenever the state of one
    /// has changed. Gives them as they were then.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait loses nothing.
    pub async fn services_until(&self, wanted: impl FnMut(&ServiceList) -> bool) -> ServiceList {
        self.core().services.until(wanted).await
    }

    /// The twin of [`services_until`](Handle::services_until) for plain threads, for `limit` at most: `None`
    /// if that is over first.
    pub fn services_until_blocking(
        &self,
        limit: Duration,
        wanted: impl FnMut(&ServiceList) -> bool,
    ) -> Option<ServiceList> {
        park::block_on(self.services_until(wanted), Deadline::after(limit))
    }

    /// Stops one service, and before it those that depend on it, in reverse order. The others go on, and the
    /// runner too. On purpose: no restart follows, and one that is pending is dropped. Gives the state when
    /// nothing more is to come: `Terminated`, or `Failed` if it did not stop in good order.
    ///
    /// A service that is stopped before the runner runs is not started by it.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unknown`] with the nearest name.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the stop, once it was polled.
    pub async fn stop_service(&self, name: &str) -> Result<ServiceState, ServiceError> {
        let wanted = Wanted::service(name, "stop_service");
        self.core().services.stop(wanted)?;
        self.core().services.settled(wanted, Roster::state).await
    }

    /// The twin of [`stop_service`](Handle::stop_service) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn stop_service_blocking(&self, name: &str) -> Result<ServiceState, ServiceError> {
        park::to_the_end(self.stop_service(name))
    }

    /// Starts one service that has stopped, failed or was skipped, and before it what it depends on. Gives
    /// the state when nothing more is to come: `Running`, if all is well. One that runs is left as it is.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unknown`] with the nearest name; [`ServiceError::RunsOnce`] if its body, or that of
    /// one that it depends on, was used up; [`ServiceError::Stopping`].
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the start, once it was polled.
    pub async fn start_service(&self, name: &str) -> Result<ServiceState, ServiceError> {
        let wanted = Wanted::service(name, "start_service");
        self.core().services.start(wanted)?;
        self.core().services.settled(wanted, Roster::state).await
    }

    /// The twin of [`start_service`](Handle::start_service) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn start_service_blocking(&self, name: &str) -> Result<ServiceState, ServiceError> {
        park::to_the_end(self.start_service(name))
    }

    /// Stops one service and starts it again, with those that depend on it: they stop before it and start
    /// after it. The old run is wholly gone before the new one begins. It does not count as a restart of the
    /// [`Intensity`]; a pending backoff is cut short.
    ///
    /// # Errors
    ///
    /// As [`start_service`](Handle::start_service).
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the restart, once it was polled.
    pub async fn restart_service(&self, name: &str) -> Result<ServiceState, ServiceError> {
        let wanted = Wanted::service(name, "restart_service");
        self.core().services.restart(wanted)?;
        self.core().services.settled(wanted, Roster::state).await
    }

    /// The twin of [`restart_service`](Handle::restart_service) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restart_service_blocking(&self, name: &str) -> Result<ServiceState, ServiceError> {
        park::to_the_end(self.restart_service(name))
    }

    /// What a service shares, for anybody: see [`Context::service`](crate::Context::service).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn instance<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, ServiceError> {
        self.instance_for(None, None)
    }

    pub(crate) fn instance_for<T: Send + Sync + 'static>(
        &self,
        name: Option<&str>,
        by: Option<&Unit>,
    ) -> Result<Arc<T>, ServiceError> {
        let of = std::any::type_name::<T>();
        let any = self.core().services.instance(TypeId::of::<T>(), of, name, by)?;
        any.downcast().map_err(|_| ServiceError::NoInstance { of })
    }
}

/// A service on its way to the runner, with settings of its own: from [`Handle::service`].
#[must_use = "a service is there when it is added"]
pub struct ServiceBuilder<'a, S> {
    handle: &'a Handle,
    service: S,
    settings: Settings,
    terms: Terms,
}

impl<S: Service> ServiceBuilder<'_, S> {
    /// Its name: several services of one type need one each.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// It starts when these services are ready, and stops before them; instead of those that its type
    /// names.
    pub fn after<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.settings.after = names.into_iter().map(Into::into).collect();
        self
    }

    /// The [set](Handle::service_set) that it is a member of; instead of that which its type names.
    pub fn set(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.set = Some(name.into());
        self
    }

    settings!();

    /// Gives the service to the runner: see [`Handle::add`].
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::BadSetting`](crate::Reason::BadSetting) for settings that make no sense
    /// together.
    #[track_caller]
    pub fn add(self) -> Result<(), AddError<S>> {
        let here = Location::caller();
        if let Err(reason) = self.handle.check_open() {
            return Err(Refused::new(reason, self.service));
        }
        let settings = Settings { terms: self.terms, ..self.settings };
        self.handle.add_with(settings, self.service, here)
    }
}

impl<S> fmt::Debug for ServiceBuilder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("settings", &self.settings)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}
