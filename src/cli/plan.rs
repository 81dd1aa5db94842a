//! What becomes of one daemon, step by step: options parsed, runner built, order looked at, answer given.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ArgMatches;
use spumoni_core::{RunnerBuilder, ServiceError, ServiceRunner};

use crate::cli::error::{CliError, Problem};
use crate::cli::file::File;
use crate::cli::flags::{About, Listing, Wanted};
use crate::cli::form::Wrong;
use crate::cli::given::Given;
use crate::cli::listing::{self, Line};
use crate::cli::prepared::{Prepared, Told};
use crate::cli::reload::{Again, Reloader};
use crate::cli::section::{AddService, Declared, Made, Section};

/// What is done with the settings of the runner before it is built.
pub(super) type Configure =
    Box<dyn FnOnce(RunnerBuilder, &Given) -> Result<RunnerBuilder, Box<dyn Error + Send + Sync>>>;
/// What else is done with the runner.
pub(super) type Setup =
    Box<dyn FnOnce(&ServiceRunner, &Given) -> Result<(), Box<dyn Error + Send + Sync>>>;

/// What the program says of its runner.
pub(super) struct Steps {
    pub(super) builder: RunnerBuilder,
    pub(super) configure: Vec<Configure>,
    pub(super) setup: Vec<Setup>,
}

/// What becomes of one daemon, step by step.
#[derive(Default)]
pub(super) struct Plan {
    about: About,
    wanted: Wanted,
    /// The configuration file, and whether it has to be there.
    config: Option<(PathBuf, bool)>,
    problems: Vec<Problem>,
    given: Given,
    /// For when the file is read again.
    again: Vec<Again>,
    withheld: Vec<Withheld>,
    /// The flags of each service.
    flags: BTreeMap<Arc<str>, Vec<String>>,
}

/// Options that are not complete, and with them perhaps a service that is not made.
struct Withheld {
    service: Option<Arc<str>>,
    after: &'static [&'static str],
    is_service: bool,
    /// To be told if the service is wanted; what is wrong in any case has been told already.
    missing: Option<Problem>,
}

impl Plan {
    pub(super) fn new(about: About, wanted: Wanted) -> Self {
        Plan { about, wanted, ..Plan::default() }
    }

    /// Parses the options of every service.
    pub(super) fn make(
        &mut self,
        sections: Vec<Section>,
        matches: &ArgMatches,
        environment: &dyn Fn(&str) -> Option<OsString>,
        default: Option<PathBuf>,
    ) -> Vec<AddService> {
        let named = self.wanted.config.clone();
        let needed = named.is_some();
        self.config = named.or(default).map(|path| (path, needed));
        let file = self.config.as_ref().map(|(path, needed)| File::read(path, *needed));
        let mut file = file.unwrap_or_else(|| Ok(File::default())).unwrap_or_else(|problem| {
            self.problems.push(problem);
            File::default()
        });
        let mut add = Vec::new();
        for mut section in sections {
            if let Some(service) = &section.declared.service {
                let flags = section.form.options.iter().map(|named| format!("--{}", named.flag));
                self.flags.entry(Arc::clone(service)).or_default().extend(flags);
            }
            section.form.fix(matches, environment);
            let given = section.form.given(&mut file);
            let made = match &given {
                Ok(given) => section.make(given),
                Err(problems) => Err(Wrong::Bad(problems.clone())),
            };
            let Section { declared, form } = section;
            let (type_id, shared) = (declared.type_id, declared.make.shared());
            let is_left_out = matches!(made, Err(Wrong::Missing(_)));
            match made {
                Ok(Made::Service(one)) => add.push(one),
                Ok(Made::Shared(value)) => {
                    self.given.put(declared.service, type_id, Ok(value));
                }
                Err(wrong) => self.withhold(declared, wrong),
            }
            self.again.push(Again::new(
                form,
                type_id,
                shared,
                is_left_out,
                given.unwrap_or_default(),
            ));
        }
        self.problems.extend(file.unused(self.again.iter().map(Again::form)));
        add
    }

    fn withhold(&mut self, declared: Declared, wrong: Wrong) {
        let (missing, why) = match wrong {
            Wrong::Missing(problem) => {
                let why = problem.to_string();
                (Some(problem), why)
            }
            Wrong::Bad(problems) => {
                let why = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                self.problems.extend(problems);
                (None, why)
            }
        };
        let is_service = declared.makes_service();
        let Declared { service, after, type_id, .. } = declared;
        if !is_service {
            self.given.put(service.clone(), type_id, Err(why));
        }
        self.withheld.push(Withheld { service, after, is_service, missing });
    }

    /// Builds the runner, and does with it what is wanted.
    pub(super) fn build(
        mut self,
        steps: Steps,
        add: Vec<AddService>,
    ) -> Result<Prepared, CliError> {
        let Steps { mut builder, configure, setup } = steps;
        // Those that are not made cannot be left out, and who wants them is told why they are not there.
        let is_made = |name: &&Arc<str>| {
            !self.withheld.iter().any(|one| one.is_service && one.service.as_ref() == Some(*name))
        };
        let without: Vec<_> = self.wanted.without.iter().filter(is_made).cloned().collect();
        let given = Arc::new(std::mem::take(&mut self.given));
        for one in configure {
            let before = given.asked().len();
            builder = one(builder, &given).unwrap_or_else(|error| {
                self.refuse(&given, before, &*error);
                // Nothing runs any more; the rest is still to be looked at.
                ServiceRunner::builder()
            });
        }
        builder = builder.without(without).provide(Arc::clone(&given));
        if let Some(only) = &self.wanted.only {
            builder = builder.only(only.iter().cloned());
        }
        let runner = match builder.build() {
            Ok(runner) => runner,
            Err(error) => {
                self.problems.push(Problem::new(error.to_string()));
                return Err(CliError::new(self.problems));
            }
        };
        for one in add {
            if let Err(why) = one(&runner) {
                self.problems.push(Problem::new(why));
            }
        }
        for one in setup {
            let before = given.asked().len();
            if let Err(error) = one(&runner, &given) {
                self.refuse(&given, before, &*error);
            }
        }
        let order = self.order(&runner, &given);
        self.answer(runner, order, given)
    }

    /// Notes what a step of the program says, unless it only misses options, of which `before` were asked for
    /// until then: that is told with them.
    fn refuse(&mut self, given: &Given, before: usize, error: &(dyn Error + Send + Sync)) {
        if given.asked().len() == before {
            self.problems.push(Problem::new(error.to_string()));
        }
    }

    /// The order of the start, if there is one. What is wrong with it is added to the problems.
    fn order(&mut self, runner: &ServiceRunner, given: &Given) -> Option<Vec<Arc<str>>> {
        let (order, errors) = match runner.check() {
            Ok(order) => (Some(order), Vec::new()),
            Err(errors) => (None, errors),
        };
        let mut needed = given.asked();
        for error in errors {
            let absent = match &error {
                ServiceError::Missing { dependency, .. } => Some(dependency),
                ServiceError::Unknown { name, .. } => Some(name),
                _ => None,
            };
            match absent.filter(|name| self.is_withheld(name)) {
                Some(name) => drop(needed.insert(Arc::clone(name))),
                None => self.problems.push(Problem::new(error.to_string())),
            }
        }
        let chosen: BTreeSet<_> = match &order {
            Some(order) => order.iter().cloned().collect(),
            None => runner.services().all().iter().map(|one| Arc::from(one.name())).collect(),
        };
        for one in &self.withheld {
            let Some(service) = &one.service else { continue };
            let left_out = self.wanted.without.contains(service);
            let all = self.wanted.only.is_none() && one.is_service;
            if !left_out && (all || chosen.contains(service)) {
                needed.insert(Arc::clone(service));
            }
        }
        self.tell_missing(needed);
        order
    }

    fn is_withheld(&self, name: &str) -> bool {
        self.withheld.iter().any(|one| one.service.as_deref() == Some(name))
    }

    /// What these services miss, and those on which they depend.
    fn tell_missing(&mut self, needed: BTreeSet<Arc<str>>) {
        let (mut todo, mut told) = (Vec::from_iter(needed), BTreeSet::new());
        while let Some(name) = todo.pop() {
            if !told.insert(Arc::clone(&name)) {
                continue;
            }
            for one in &self.withheld {
                if one.service.as_ref() == Some(&name) {
                    todo.extend(one.after.iter().map(|name| Arc::from(*name)));
                }
            }
        }
        for one in &mut self.withheld {
            if one.service.as_ref().is_none_or(|service| told.contains(service)) {
                self.problems.extend(one.missing.take());
            }
        }
    }

    fn answer(
        self,
        runner: ServiceRunner,
        order: Option<Vec<Arc<str>>>,
        given: Arc<Given>,
    ) -> Result<Prepared, CliError> {
        let error = (!self.problems.is_empty()).then(|| CliError::new(self.problems.clone()));
        if let Some(listing) = self.wanted.list {
            let lines = self.lines(&runner, order.as_deref());
            let text = match listing {
                Listing::Text => listing::text(&lines),
                Listing::Json => listing::json(&lines),
            };
            return Ok(Prepared::Told(Told { text, error }));
        }
        if let Some(error) = error {
            return Err(error);
        }
        if !self.wanted.check {
            if let Some((path, needed)) = self.config {
                let reloader = Reloader::new(self.about.name, path, needed, self.again, given);
                let heard = runner.on_reload(move || reloader.read_again());
                heard.map_err(|error| {
                    let why = format!("nobody can hear of requests to reload: {error}");
                    CliError::new(vec![Problem::new(why)])
                })?;
            }
            return Ok(Prepared::Run(runner));
        }
        let order = order.unwrap_or_default();
        let name = &self.about.name;
        let text = match &order[..] {
            [] => format!("{name}: all is well, there are no services"),
            order => format!("{name}: all is well, the order is {}", order.join(", ")),
        };
        Ok(Prepared::Told(Told { text, error: None }))
    }

    fn lines(&self, runner: &ServiceRunner, order: Option<&[Arc<str>]>) -> Vec<Line> {
        let flags = |name: &str| self.flags.get(name).cloned().unwrap_or_default();
        let mut lines = listing::lines(&runner.services(), order, flags);
        for one in self.withheld.iter().filter(|one| one.is_service) {
            let Some(name) = &one.service else { continue };
            lines.push(Line {
                order: None,
                name: Arc::clone(name),
                flavour: None,
                set: None,
                after: one.after.iter().map(|name| Arc::from(*name)).collect(),
                flags: flags(name),
            });
        }
        lines
    }
}
