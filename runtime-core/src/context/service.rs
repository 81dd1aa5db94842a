//! What the body of a service says of it, and has from others.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::context::task::Context;
use crate::event::Happened;
use crate::log;
use crate::reload::Reloads;
use crate::service::error::ServiceError;
use crate::service::unit::Unit;

impl Context {
    /// Says that this service is ready: those that depend on it start now. For services with
    /// [`notify`](crate::Spec::notify), of several workers each has to. Otherwise, and outside of a service's
    /// own body, it does nothing; saying it twice does nothing more.
    pub fn ready(&self) {
        if let Some(unit) = self.unit() {
            unit.tell(Happened::Ready(self.task.header().id));
        }
    }

    /// Says a standing warning of this service: something that people should know and that is no failure, such as a
    /// disk that is nearly full. It stands in the list of services, on the health page and in the report until
    /// [`clear_warning`](Context::clear_warning) or the next run of the service, and changes nothing else. The same key again
    /// changes the text. The log has it once, when it comes or changes.
    ///
    /// Outside of a service's own body it is only logged.
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, Launch, Service, ServiceRunner, Spec};
    ///
    /// struct Store;
    ///
    /// impl Service for Store {
    ///     const SPEC: Spec = Spec::new("store", file!(), line!());
    ///     fn launch(self) -> Launch {
    ///         Launch::repeat(Plain, async || {
    ///             let cx = Context::current();
    ///             cx.warn("disk", "the disk is 93 % full");
    ///             cx.warn("cache", "the cache is cold");
    ///             assert!(cx.clear_warning("cache"));
    ///         })
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// runner.add(Store)?;
    /// let report = runner.run();
    /// let store = report.services().get("store").expect("it was added");
    /// assert_eq!(store.warnings()[0].text(), "the disk is 93 % full");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warn(&self, key: &str, text: impl fmt::Display) {
        let text = text.to_string();
        let new = match self.unit() {
            Some(unit) => self.handle.core().services.warn(unit, Some(key), Some(&text)),
            None => true,
        };
        if new {
            log::warn(format_args!("{}: {text}", self.name));
        }
    }

    /// Takes a standing warning of this service back. Gives whether there was one of this key.
    pub fn clear_warning(&self, key: &str) -> bool {
        self.unit().is_some_and(|unit| self.handle.core().services.warn(unit, Some(key), None))
    }

    /// Takes all standing warnings of this service back. Gives whether there were any.
    pub fn clear_warnings(&self) -> bool {
        self.unit().is_some_and(|unit| self.handle.core().services.warn(unit, None, None))
    }

    /// What a service on which this one depends shares: its instance, if its `run` takes `&self`. It is
    /// there and ready, since a service begins when what it depends on is.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotDeclared`] if this is a service that does not name it in its `after`, so that it
    /// may not be there; [`ServiceError::NoInstance`] and [`ServiceError::Ambiguous`] if not exactly one
    /// service shares this type; [`ServiceError::NotReady`] if it is asked for by a task that depends on
    /// nothing, or the service was skipped.
    pub fn service<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, ServiceError> {
        self.handle.instance_for(None, self.unit())
    }

    /// As [`service`](Context::service), of several that share this type the one of this name.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn service_named<T: Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, ServiceError> {
        self.handle.instance_for(Some(name), self.unit())
    }

    /// The run of a service that this task belongs to.
    fn unit(&self) -> Option<&Unit> {
        self.task.header().owner().as_unit().and_then(|unit| unit.downcast_ref())
    }

    /// Hears of requests to load settings anew, until this task is asked to stop: see
    /// [`Handle::reloads`](crate::Handle::reloads).
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.adopt(Plain, async || {
    ///     let mut reloads = Context::current().reloads()?;
    ///     Context::current().handle().reload();
    ///     while reloads.next().await.is_ok() {
    ///         // … read the settings, and put them in place …
    ///         Context::current().handle().stop();
    ///     }
    ///     anyhow::Ok(())
    /// })?;
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reloads(&self) -> io::Result<Reloads> {
        self.handle.reloads_until(self.task.header().stop())
    }

    /// As `Handle::reloads_of_others`, until this task is asked to stop.
    #[doc(hidden)]
    #[must_use]
    pub fn reloads_of_others(&self) -> Reloads {
        Reloads::new(&self.handle.core().reloads, self.task.header().stop())
    }
}
