//! A service that is ready to be started: its flavour and its body, of any type.

use std::any::{Any, TypeId};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::error::Reason;
use crate::flavour::{Flavour, FlavourKey};
use crate::homes::Homes;
use crate::id::FlavourId;
use crate::service::body::{Again, Announced, Begun};
use crate::service::spec::Spec;
use crate::submit::{self, Options};
use crate::task::contract::AnyTask;
use crate::task::payload::{Adoptable, Adopted, Payload};

/// A type whose instances are services. `#[service(…)]` on an `impl` block implements it; this is how
/// it is done by hand:
///
/// ```
/// # use std::{io, time::Instant};
/// # use spumoni_core::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};
/// # #[derive(Clone, Copy, Debug)]
/// # struct Plain;
/// # impl Flavour for Plain {
/// #     type Mode = spumoni_core::Async;
/// #     fn key(self) -> &'static FlavourKey {
/// #         static KEY: FlavourKey = FlavourKey::new("plain");
/// #         &KEY
/// #     }
/// #     fn engine(self) -> Engine<Self::Mode> { Engine::lane(Plain) }
/// # }
/// # impl LaneEngine for Plain {
/// #     fn drive(&self, lane: LaneLoop) -> io::Result<()> { async_io::block_on(lane.run(|| true)); Ok(()) }
/// #     fn timer(&self, at: Instant) -> Timer { Box::pin(async move { drop(async_io::Timer::at(at).await) }) }
/// # }
/// use spumoni_core::{Context, Launch, Service, ServiceRunner, Spec};
///
/// struct Greeter {
///     greeting: String,
/// }
///
/// impl Service for Greeter {
///     const SPEC: Spec = Spec::new("greeter", file!(), line!());
///
///     fn launch(self) -> Launch {
///         Launch::new(Plain, async move || {
///             let cx = Context::current();
///             println!("{}, I am {}", self.greeting, cx.name());
///         })
///     }
/// }
///
/// let runner = ServiceRunner::new();
/// runner.add(Greeter { greeting: "good day".into() })?;
/// let report = runner.run();
/// assert_eq!(report.to_string().lines().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Service: Sized + Send + 'static {
    /// What is known of it before it runs.
    const SPEC: Spec;

    /// Its flavour and its body.
    fn launch(self) -> Launch;
}

/// Starts one task of a service.
pub(crate) type Step = Box<
    dyn FnMut(&Homes, Box<Options>, &'static Location<'static>, Option<Begun>) -> Started + Send,
>;
pub(crate) type Started = Result<Arc<dyn AnyTask>, Reason>;
/// Told when the service is to stop.
pub(crate) type Hook = Arc<dyn Fn() -> Result<(), anyhow::Error> + Send + Sync>;

/// A service that is ready to be started: what it does at each step of its life.
#[must_use = "a launch starts nothing by itself"]
pub struct Launch {
    flavour: FlavourId,
    pub(crate) body: Option<Step>,
    /// The body can run more than once.
    pub(crate) repeats: bool,
    pub(crate) init: Option<Step>,
    pub(crate) hook: Option<Hook>,
    pub(crate) health: Option<Step>,
    pub(crate) instance: Option<Instance>,
}

/// What a service shares with those that depend on it.
pub(crate) struct Instance {
    pub(crate) id: TypeId,
    pub(crate) value: Arc<dyn Any + Send + Sync>,
}

impl Launch {
    /// A service of this flavour whose body is `payload`, which runs once: it cannot be restarted. On a
    /// blocking flavour it gets a thread of its own, with the service's name.
    pub fn new<F, P>(flavour: F, payload: P) -> Self
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let mut payload = Some(payload);
        let step: Step = Box::new(move |homes, options, here, begun| match payload.take() {
            Some(payload) => start(homes, flavour, Announced { payload, begun }, options, here),
            None => Err(RUNS_ONCE),
        });
        Launch { body: Some(step), ..Self::empty(flavour) }
    }

    /// As [`new`](Launch::new), with a body that can run again and several times at once: each run and
    /// each worker gets a clone of `payload`, made where it runs.
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::sync::Arc;
    /// use spumoni_core::{Context, Launch, Restart, Service, ServiceRunner, Spec};
    ///
    /// struct Store { path: String }
    ///
    /// impl Service for Store {
    ///     const SPEC: Spec = Spec::new("store", file!(), line!()).restart(Restart::OnFailure);
    ///
    ///     fn launch(self) -> Launch {
    ///         let store = Arc::new(self);
    ///         let serve = {
    ///             let store = Arc::clone(&store);
    ///             move || {
    ///                 let store = Arc::clone(&store);
    ///                 async move { assert_eq!(store.path, "/var/lib/store") }
    ///             }
    ///         };
    ///         Launch::repeat(Plain, serve).share(store)
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// runner.add(Store { path: "/var/lib/store".into() })?;
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repeat<F, P>(flavour: F, payload: P) -> Self
    where
        F: Flavour,
        P: Payload<F::Mode> + Clone,
        P::Output: Adoptable,
    {
        Launch { body: Some(repeated(flavour, payload)), repeats: true, ..Self::empty(flavour) }
    }

    /// A service that runs nothing: it takes part in initialisation and stop, in its place in the order, and
    /// keeps nothing alive. The flavour is that of its [`init`](Launch::init).
    pub fn idle<F: Flavour>(flavour: F) -> Self {
        Self::empty(flavour)
    }

    fn empty<F: Flavour>(flavour: F) -> Self {
        let key: &'static FlavourKey = flavour.key();
        Launch {
            flavour: key.id(),
            body: None,
            repeats: false,
            init: None,
            hook: None,
            health: None,
            instance: None,
        }
    }

    /// What is done once before the service starts. No service starts before all initialisations are over,
    /// and none if one has failed; all that failed are told. It may decline by the error
    /// [`Skip`](crate::Skip).
    pub fn init<F, P>(mut self, flavour: F, payload: P) -> Self
    where
        F: Flavour,
        P: Payload<F::Mode> + Clone,
        P::Output: Adoptable,
    {
        self.init = Some(repeated(flavour, payload));
        self
    }

    /// What is called when the service is asked to stop: once for each stop, on a thread where it can hold up
    /// nobody. The service's context is asked as well, so this is only for what hears of no context.
    pub fn on_stop<R: Adoptable>(mut self, hook: impl Fn() -> R + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(move || hook().settle()));
        self
    }

    /// How it is found out whether the service is well while it is ready: called again and again, on this
    /// flavour, at once when it is ready and then every [`health_every`](crate::Spec::health_every) from start to
    /// start, never twice at the same time. A return in good order says that all is well.
    ///
    /// An error, a panic, or no return within [`health_timeout`](crate::Spec::health_timeout) makes the service
    /// *unhealthy*: it is not ready, in the list of services and for [`Health::is_ready`](crate::Health::is_ready),
    /// and nobody who depends on it starts; who runs goes on. One good check makes it healthy again;
    /// [`health_failures`](crate::Spec::health_failures) bad ones in a row are the failure of the run, and
    /// [`restart`](crate::Spec::restart) says what follows.
    ///
    /// On an async flavour the check is a task of the lane, dropped at its await point when it takes too long:
    /// so it tells as well that the lane answers. On a blocking flavour it has a thread of its own. One that
    /// hangs there holds that thread and nothing else: each period counts as one more failure until it returns, and no
    /// second one is begun beside it. Its context is asked to stop when it has taken too long. A check that hangs
    /// still when the service is asked to stop is left behind, and named in the report.
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Context, Launch, Restart, Service, ServiceRunner, Spec};
    ///
    /// struct Store;
    ///
    /// impl Service for Store {
    ///     const SPEC: Spec = Spec::new("store", file!(), line!())
    ///         .health_every(Duration::from_millis(1))
    ///         .health_failures(2);
    ///     fn launch(self) -> Launch {
    ///         Launch::repeat(Plain, async || Context::current().stopped().await)
    ///             .health(Plain, async || anyhow::bail!("the disk is full"))
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// runner.add(Store)?;
    /// let report = runner.run();
    /// let cause = report.root_cause().expect("it failed").cause().to_string();
    /// assert!(cause.contains("its health check failed 2 times in a row"), "{cause}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn health<F, P>(mut self, flavour: F, payload: P) -> Self
    where
        F: Flavour,
        P: Payload<F::Mode> + Clone,
        P::Output: Adoptable,
    {
        self.health = Some(repeated(flavour, payload));
        self
    }

    /// What those that depend on the service get by [`Context::service`](crate::Context::service).
    pub fn share<T: Send + Sync + 'static>(mut self, instance: Arc<T>) -> Self {
        self.instance = Some(Instance { id: TypeId::of::<T>(), value: instance });
        self
    }

    /// The flavour that will run it.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.flavour
    }
}

const RUNS_ONCE: Reason = Reason::BadSetting {
    setting: "restart",
    why: "needs a body that can run again: `Launch::repeat`, or a `run` that takes `&self` or `&mut self`",
};

fn repeated<F, P>(flavour: F, payload: P) -> Step
where
    F: Flavour,
    P: Payload<F::Mode> + Clone,
    P::Output: Adoptable,
{
    let again = Again::new(payload);
    Box::new(move |homes, options, here, begun| {
        start(homes, flavour, Announced { payload: again.another(), begun }, options, here)
    })
}

fn start<F, P>(
    homes: &Homes,
    flavour: F,
    payload: P,
    options: Box<Options>,
    here: &'static Location<'static>,
) -> Started
where
    F: Flavour,
    P: Payload<F::Mode>,
    P::Output: Adoptable,
{
    submit::adopt_known::<F, P, Adopted>(homes, flavour, payload, options, here)
        .map_err(|refused| refused.into_parts().0)
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch").field("flavour", &self.flavour).finish_non_exhaustive()
    }
}
