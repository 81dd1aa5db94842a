//! What is wrong with services: with what they depend on, and with asking for one.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::service::state::ServiceState;

/// What is wrong with the services of a runner, or with asking for one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// It depends on a service that the runner does not have.
    Missing {
        /// Who depends.
        service: Arc<str>,
        /// On what.
        dependency: Arc<str>,
        /// The most alike of the names that there are.
        nearest: Option<Arc<str>>,
    },
    /// It was added, or registered, in a way in which it cannot be started.
    BadService {
        /// Which one.
        service: Arc<str>,
        /// What is wrong with it.
        why: String,
        /// Where it was added.
        here: &'static Location<'static>,
    },
    /// It depends on a service that `only` or `without` leaves out.
    LeftOut {
        /// Who depends.
        service: Arc<str>,
        /// On what.
        dependency: Arc<str>,
    },
    /// It depends on itself.
    Itself {
        /// Which one.
        service: Arc<str>,
    },
    /// Services depend on one another in a ring: none could ever start.
    Cycle {
        /// The way, from one back to itself.
        path: Vec<Arc<str>>,
    },
    /// It depends on a service of a later phase.
    LaterPhase {
        /// Who depends.
        service: Arc<str>,
        /// On what.
        dependency: Arc<str>,
    },
    /// It is to be in a set that the runner does not have.
    NoSet {
        /// Which service, or set.
        by: Arc<str>,
        /// The set that it names.
        set: Arc<str>,
        /// The most alike of the names that there are.
        nearest: Option<Arc<str>>,
    },
    /// There is a set of this name.
    SetTwice {
        /// The name.
        set: Arc<str>,
        /// Where it was added.
        there: &'static Location<'static>,
        /// Where it was to be added again.
        here: &'static Location<'static>,
    },
    /// Sets stand within one another in a ring.
    SetCycle {
        /// The way, from one back to itself.
        path: Vec<Arc<str>>,
    },
    /// This is no name for a set.
    BadSet {
        /// The name.
        set: Arc<str>,
        /// What is wrong with it.
        why: String,
    },
    /// The runner has no service of this name.
    Unknown {
        /// The name.
        name: Arc<str>,
        /// Who asked for it: `only`, `expect`, or a call.
        by: &'static str,
        /// The most alike of the names that there are.
        nearest: Option<Arc<str>>,
    },
    /// There is no set of this name.
    UnknownSet {
        /// The name.
        name: Arc<str>,
        /// Who named it.
        by: &'static str,
        /// The most alike of the names that there are.
        nearest: Option<Arc<str>>,
    },
    /// No service of the runner has an instance of this type to share.
    NoInstance {
        /// The type.
        of: &'static str,
    },
    /// Several services have an instance of this type.
    Ambiguous {
        /// The type.
        of: &'static str,
        /// Their names.
        names: Vec<Arc<str>>,
    },
    /// The service that asks does not say that it depends on this one.
    NotDeclared {
        /// Who asks.
        service: Arc<str>,
        /// For whom.
        dependency: Arc<str>,
    },
    /// The service is not ready.
    NotReady {
        /// Which one.
        service: Arc<str>,
        /// Where it is instead.
        state: ServiceState,
    },
    /// The service cannot run a second time: its body was used up.
    RunsOnce {
        /// Which one.
        service: Arc<str>,
    },
    /// The runner stops: no service is started any more.
    Stopping,
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = |nearest: &Option<Arc<str>>| match nearest {
            Some(nearest) => format!("; did you mean `{nearest}`?"),
            None => String::new(),
        };
        match self {
            Self::Missing { service, dependency, nearest } => write!(
                f,
                "service `{service}` depends on `{dependency}`, which the runner does not have{} add it, or name its crate in the program so that it is linked",
                match nearest {
                    Some(nearest) => format!("; did you mean `{nearest}`? Otherwise"),
                    None => ":".to_owned(),
                }
            ),
            Self::BadService { service, why, here } => {
                write!(f, "service `{service}`, which is added at {here}, cannot be started: {why}")
            }
            Self::LeftOut { service, dependency } => write!(
                f,
                "service `{service}` depends on `{dependency}`, which is left out; leave out both, or none"
            ),
            Self::Itself { service } => {
                write!(f, "service `{service}` depends on itself; take it out of its `after`")
            }
            Self::Cycle { path } => {
                let path: Vec<String> = path.iter().map(|name| format!("`{name}`")).collect();
                write!(
                    f,
                    "services depend on one another in a ring, so none could start: {}; take one of these out of an `after`",
                    path.join(" after ")
                )
            }
            Self::LaterPhase { service, dependency } => write!(
                f,
                "service `{service}` depends on `{dependency}`, which is of a later phase; give it a phase that is not higher"
            ),
            Self::NoSet { by, set, nearest } => write!(
                f,
                "`{by}` is to be in the set `{set}`, which the runner does not have{} add it by `runner.service_set(\"{set}\").add()`",
                match nearest {
                    Some(nearest) => format!("; did you mean `{nearest}`? Otherwise"),
                    None => ":".to_owned(),
                }
            ),
            Self::SetTwice { set, there, here } => write!(
                f,
                "the set `{set}` is added at {here}, and was added at {there}; give one of them another name"
            ),
            Self::SetCycle { path } => {
                let path: Vec<String> = path.iter().map(|name| format!("`{name}`")).collect();
                write!(
                    f,
                    "sets stand within one another in a ring: {}; take one of these out of a `within`",
                    path.join(" within ")
                )
            }
            Self::BadSet { set, why } => write!(f, "`{set}` is no name for a set: {why}"),
            Self::Unknown { name, by, nearest } => {
                write!(f, "`{by}` names `{name}`, but there is no such service{}", hint(nearest))
            }
            Self::UnknownSet { name, by, nearest } => {
                write!(
                    f,
                    "`{by}` names `{name}`, but there is no such set of services{}",
                    hint(nearest)
                )
            }
            Self::NoInstance { of } => write!(
                f,
                "no service of this runner shares a `{of}`: one whose `run` takes `&self` does, and so does one with `Launch::share`"
            ),
            Self::Ambiguous { of, names } => write!(
                f,
                "several services share a `{of}`: {}; ask for one of them by its name",
                names.join(", ")
            ),
            Self::NotDeclared { service, dependency } => write!(
                f,
                "service `{service}` asks for `{dependency}` and does not depend on it, so it may not be there: name it in its `after`"
            ),
            Self::NotReady { service, state } => {
                write!(f, "service `{service}` is not ready: it is {state}")
            }
            Self::RunsOnce { service } => write!(
                f,
                "service `{service}` has run and cannot run again: let its `run` take `&self` or `&mut self`, or launch it with `Launch::repeat`"
            ),
            Self::Stopping => f.write_str("the runner stops, and starts no service any more"),
        }
    }
}

impl std::error::Error for ServiceError {}

/// What an initialisation returns, as an error, for a service that has nothing to do here: it is skipped,
/// which is no failure. Whoever depends on it starts all the same.
///
/// ```
/// use spumoni_core::Skip;
///
/// fn init(path: Option<&str>) -> anyhow::Result<()> {
///     let Some(_path) = path else {
///         return Err(Skip::because("no path was given").into());
///     };
///     Ok(())
/// }
/// assert!(init(None).unwrap_err().is::<Skip>());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    why: String,
}

impl Skip {
    /// To be skipped, for this reason.
    #[must_use]
    pub fn because(why: impl Into<String>) -> Self {
        Skip { why: why.into() }
    }

    /// The reason.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped: {}", self.why)
    }
}

impl std::error::Error for Skip {}
