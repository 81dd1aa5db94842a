//! What the daemon was given, for services that ask for their options.

use std::any::{TypeId, type_name};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use clap::Args;
use spumoni_core::{Context, Handle};

use crate::cli::error::OptionsError;
use crate::cli::section::SharedOptions;

/// The options of a daemon's services, parsed: for [`Cli::setup`](crate::cli::Cli::setup), and for payloads by
/// [`options`].
#[derive(Default)]
pub struct Given {
    entries: Vec<Entry>,
    /// Of whom options were asked for that are withheld.
    asked: Mutex<BTreeSet<Arc<str>>>,
}

struct Entry {
    service: Option<Arc<str>>,
    type_id: TypeId,
    held: RwLock<Held>,
}

/// What holds now.
struct Held {
    value: Result<SharedOptions, String>,
    /// How often it has changed.
    version: u64,
}

impl Given {
    /// The options of this service.
    ///
    /// # Errors
    ///
    /// [`OptionsError::Unknown`] if it has none of this type, [`OptionsError::Withheld`] if something that it
    /// must be given is missing.
    pub fn options<O: Args + Send + Sync + 'static>(
        &self,
        service: &str,
    ) -> Result<Arc<O>, OptionsError> {
        self.find(Some(service))
    }

    /// The options of the daemon itself: see [`Cli::daemon_options`](crate::cli::Cli::daemon_options).
    ///
    /// # Errors
    ///
    /// As [`options`](Given::options).
    pub fn daemon_options<O: Args + Send + Sync + 'static>(&self) -> Result<Arc<O>, OptionsError> {
        self.find(None)
    }

    fn find<O: Send + Sync + 'static>(
        &self,
        service: Option<&str>,
    ) -> Result<Arc<O>, OptionsError> {
        let mine = self.of::<O>().find(|entry| entry.service.as_deref() == service);
        mine.ok_or_else(|| OptionsError::Unknown {
            of: type_name::<O>(),
            service: service.map(Arc::from),
        })
        .and_then(|entry| self.value(entry))
    }

    fn of<O: 'static>(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.type_id == TypeId::of::<O>())
    }

    fn value<O: Send + Sync + 'static>(&self, entry: &Entry) -> Result<Arc<O>, OptionsError> {
        let service = entry.service.clone().unwrap_or_else(|| "the daemon".into());
        match &entry.held.read().unwrap_or_else(PoisonError::into_inner).value {
            Ok(value) => Arc::clone(value).downcast().map_err(|_| OptionsError::Unknown {
                of: type_name::<O>(),
                service: Some(service),
            }),
            Err(why) => {
                self.asked
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(Arc::clone(&service));
                Err(OptionsError::Withheld { service, why: why.clone() })
            }
        }
    }

    pub(super) fn put(
        &mut self,
        service: Option<Arc<str>>,
        type_id: TypeId,
        value: Result<SharedOptions, String>,
    ) {
        let held = RwLock::new(Held { value, version: 0 });
        self.entries.push(Entry { service, type_id, held });
    }

    /// Others hold from now on.
    pub(super) fn replace(&self, service: Option<&str>, type_id: TypeId, value: SharedOptions) {
        let mine = |entry: &&Entry| entry.service.as_deref() == service && entry.type_id == type_id;
        if let Some(entry) = self.entries.iter().find(mine) {
            let mut held = entry.held.write().unwrap_or_else(PoisonError::into_inner);
            *held = Held { value: Ok(value), version: held.version + 1 };
        }
    }

    /// Which options of this type are those of the service that asks.
    pub(super) fn of_caller<O: 'static>(&self) -> Result<usize, OptionsError> {
        let of_type = |(_, entry): &(usize, &Entry)| entry.type_id == TypeId::of::<O>();
        let all: Vec<_> = self.entries.iter().enumerate().filter(of_type).collect();
        match all[..] {
            [] => Err(OptionsError::Unknown { of: type_name::<O>(), service: None }),
            [(index, _)] => Ok(index),
            _ => {
                let context = Context::try_current();
                let me = context.as_ref().map(Context::name).unwrap_or_default();
                let is_mine = |entry: &Entry| {
                    entry.service.as_deref().is_some_and(|service| is_of(me, service))
                };
                let mine = all.iter().find(|(_, entry)| is_mine(entry));
                mine.map(|(index, _)| *index).ok_or_else(|| OptionsError::Ambiguous {
                    of: type_name::<O>(),
                    services: all.iter().filter_map(|(_, one)| one.service.clone()).collect(),
                })
            }
        }
    }

    /// What holds now in that place, and how often it has changed.
    pub(super) fn at<O: Send + Sync + 'static>(
        &self,
        index: usize,
    ) -> Result<(Arc<O>, u64), OptionsError> {
        let entry = &self.entries[index];
        // The version first: a change in between is then seen as one that is to come.
        let version = entry.held.read().unwrap_or_else(PoisonError::into_inner).version;
        Ok((self.value(entry)?, version))
    }

    /// Whose options were asked for in vain.
    pub(super) fn asked(&self) -> BTreeSet<Arc<str>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are not shown: there may be secrets among them.
        let services = self.entries.iter().map(|entry| entry.service.as_deref());
        f.debug_tuple("Given").field(&services.collect::<Vec<_>>()).finish()
    }
}

/// The options of the service that calls this, by their type, as they hold now. Where several services have options
/// of one type, those of the service that the caller belongs to. `#[service(options = …)]` declares them, and hands
/// them to the body; this is for whatever else needs them, and for services that are made by hand:
///
/// ```
/// use spumoni::cli::{Cli, Prepared};
/// use spumoni::prelude::*;
///
/// #[derive(clap::Args)]
/// struct Ticks {
///     /// How many
///     #[arg(long, default_value_t = 3)]
///     count: u32,
/// }
///
/// #[service(flavour = "thread")]
/// fn ticker() -> anyhow::Result<()> {
///     let options = spumoni::cli::options::<Ticks>()?;
///     assert_eq!(options.count, 5);
///     Ok(())
/// }
/// spumoni::register_options!(Ticks, "ticker");
///
/// let line = ["demo", "--ticker-count", "5"].map(Into::into);
/// match Cli::new("demo").prepare(line, &|_| None)? {
///     Prepared::Run(runner) => assert!(runner.run().is_clean()),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), spumoni::cli::CliError>(())
/// ```
///
/// # Errors
///
/// [`OptionsError`]: called by no payload of a runner that [`Cli`](crate::cli::Cli) has made, or nobody has
/// said that a service has such options.
pub fn options<O: Args + Send + Sync + 'static>() -> Result<Arc<O>, OptionsError> {
    let given = of_current()?;
    given.at(given.of_caller::<O>()?).map(|(options, _)| options)
}

/// What the daemon was given to which the caller belongs.
pub(super) fn of_current() -> Result<Arc<Given>, OptionsError> {
    let handle = Handle::try_current().ok_or(OptionsError::NoCli)?;
    handle.provided::<Given>().ok_or(OptionsError::NoCli)
}

/// Whether a task of this name is a service, or one of its workers: `http` or `http-2`.
fn is_of(task: &str, service: &str) -> bool {
    match task.strip_prefix(service) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('-')
            .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())),
        None => false,
    }
}
