//! A service that is ready to be started: its flavour and its body, of any type.

use std::fmt;
use std::panic::Location;

use crate::error::Reason;
use crate::flavour::{Flavour, FlavourKey};
use crate::homes::Homes;
use crate::id::FlavourId;
use crate::service::spec::Spec;
use crate::submit::{self, Options};
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

type Start =
    Box<dyn FnOnce(&Homes, Box<Options>, &'static Location<'static>) -> Result<(), Reason> + Send>;

/// A service that is ready to be started.
#[must_use = "a launch starts nothing by itself"]
pub struct Launch {
    flavour: FlavourId,
    start: Start,
}

impl Launch {
    /// A service of this flavour whose body is `payload`. On a blocking flavour it gets a thread of its
    /// own, with the service's name.
    pub fn new<F, P>(flavour: F, payload: P) -> Self
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let key: &'static FlavourKey = flavour.key();
        let start: Start = Box::new(move |homes, options, here| {
            submit::adopt::<F, P, Adopted>(homes, flavour, payload, Some(options), here)
                .map(drop)
                .map_err(|refused| refused.into_parts().0)
        });
        Launch { flavour: key.id(), start }
    }

    /// The flavour that will run it.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.flavour
    }

    pub(crate) fn start(
        self,
        homes: &Homes,
        options: Box<Options>,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        (self.start)(homes, options, here)
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch").field("flavour", &self.flavour).finish_non_exhaustive()
    }
}
