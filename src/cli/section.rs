//! The options of one service as its program declares them, and what is made of them.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use clap::{ArgMatches, Args, Command};
use spumoni_core::{Service, ServiceRunner};

use crate::cli::error::Problem;
use crate::cli::form::{Form, Wrong};
use crate::cli::value::Raw;

/// What comes of options that are complete.
pub(super) enum Made {
    /// A value for whoever asks.
    Shared(SharedOptions),
    /// A service, to be added.
    Service(AddService),
}

/// Adds a service to the runner, or says why it is not taken.
pub(super) type AddService = Box<dyn FnOnce(&ServiceRunner) -> Result<(), String>>;

/// A value for whoever asks.
pub(super) type SharedOptions = Arc<dyn Any + Send + Sync>;
/// Makes the struct, as often as it is given anew.
pub(super) type MakeShared = fn(&ArgMatches) -> Result<SharedOptions, clap::Error>;
type MakeService = Box<dyn FnOnce(&ArgMatches) -> Result<AddService, clap::Error>>;

/// How the struct is made of what was given.
pub(super) enum Make {
    Shared(MakeShared),
    /// Once: the service owns its options. `None` when that was done.
    Service(Option<MakeService>),
}

impl Make {
    /// How it is made anew, if it can be.
    pub(super) fn shared(&self) -> Option<MakeShared> {
        match self {
            Make::Shared(make) => Some(*make),
            Make::Service(_) => None,
        }
    }
}

/// The options of one service as they are declared.
pub(super) struct Declared {
    /// `None`: of the daemon itself.
    pub(super) service: Option<Arc<str>>,
    pub(super) after: &'static [&'static str],
    pub(super) type_id: TypeId,
    pub(super) type_name: &'static str,
    augment: fn(Command) -> Command,
    pub(super) make: Make,
}

impl Declared {
    pub(super) fn registered<O: Args + Send + Sync + 'static>(service: &'static str) -> Self {
        Self::shared::<O>(Some(service.into()))
    }

    pub(super) fn shared<O: Args + Send + Sync + 'static>(service: Option<Arc<str>>) -> Self {
        Declared {
            service,
            after: &[],
            type_id: TypeId::of::<O>(),
            type_name: type_name::<O>(),
            augment: O::augment_args,
            make: Make::Shared(|matches| Ok(Arc::new(O::from_arg_matches(matches)?))),
        }
    }

    pub(super) fn service<S: Service, O: Args + 'static>(
        make: impl FnOnce(O) -> S + 'static,
    ) -> Self {
        Declared {
            service: Some(S::SPEC.name().into()),
            after: S::SPEC.dependencies(),
            type_id: TypeId::of::<O>(),
            type_name: type_name::<O>(),
            augment: O::augment_args,
            make: Make::Service(Some(Box::new(|matches| {
                let options = O::from_arg_matches(matches)?;
                let add: AddService = Box::new(move |runner| {
                    runner.add(make(options)).map_err(|refused| refused.to_string())
                });
                Ok(add)
            }))),
        }
    }

    /// They come with the service itself.
    pub(super) fn makes_service(&self) -> bool {
        matches!(self.make, Make::Service(_))
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declared")
            .field("service", &self.service)
            .field("options", &self.type_name)
            .finish_non_exhaustive()
    }
}

/// The options of one service, declared and named.
pub(super) struct Section {
    pub(super) declared: Declared,
    pub(super) form: Form,
}

impl Section {
    /// Names the options. Fails for a struct that cannot be options of a service.
    pub(super) fn new(declared: Declared, daemon: &str) -> Result<Section, Problem> {
        let form = Form::new(declared.service.clone(), declared.augment, daemon)?;
        Ok(Section { declared, form })
    }

    /// Makes the struct of what was given, and the service with it, if that owns it.
    pub(super) fn make(&mut self, given: &[Option<Raw>]) -> Result<Made, Wrong> {
        match &mut self.declared.make {
            Make::Shared(make) => self.form.parse(given, make).map(Made::Shared),
            Make::Service(make) => {
                let make = make.take();
                self.form.parse(given, |matches| match make {
                    Some(make) => make(matches).map(Made::Service),
                    None => Err(clap::Error::raw(clap::error::ErrorKind::Io, "made twice")),
                })
            }
        }
    }
}
