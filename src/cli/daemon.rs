//! A daemon from its command line to its exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{ExitCode, Termination as _};
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args};
use spumoni_core::{RunnerBuilder, Service, ServiceError, ServiceRunner, StopReport};

use crate::cli::error::{CliError, Problem};
use crate::cli::file::File;
use crate::cli::flags::{self, About, Listing, RESERVED, Wanted};
use crate::cli::given::Given;
use crate::cli::listing::{self, Line};
use crate::cli::section::{AddService, Declared, Made, OptionsOf, Section, Wrong};

type Setup = Box<dyn FnOnce(&ServiceRunner, &Given) -> Result<(), Box<dyn Error + Send + Sync>>>;

/// A daemon: its name, the options of its services, and what makes the services of them.
///
/// ```no_run
/// use std::net::SocketAddr;
/// use std::process::ExitCode;
///
/// use spumoni::cli::Cli;
/// use spumoni::prelude::*;
///
/// #[derive(clap::Args)]
/// struct HttpOptions {
///     /// Where to listen
///     #[arg(long, default_value = "127.0.0.1:8080")]
///     listen: SocketAddr,
/// }
///
/// struct Http {
///     listen: SocketAddr,
/// }
///
/// #[service(flavour = "tokio")]
/// impl Http {
///     async fn run(&self, cx: &Context) {
///         println!("{} listens on {}", cx.name(), self.listen);
///         cx.stopped().await;
///     }
/// }
///
/// fn main() -> ExitCode {
///     Cli::new("demo")
///         .version(env!("CARGO_PKG_VERSION"))
///         .about("Says hello")
///         .service(|options: HttpOptions| Http { listen: options.listen })
///         .run()
/// }
/// ```
///
/// `demo --help` shows `--http-listen`, and `DEMO_HTTP_LISTEN` sets it as well.
///
/// A service that is left out, by `--only` or `--without`, is not made if options that it needs are missing,
/// and that is no error then.
#[must_use = "a command line does nothing until `run`"]
pub struct Cli {
    about: About,
    builder: RunnerBuilder,
    discover: bool,
    config: Option<PathBuf>,
    declared: Vec<Declared>,
    setup: Vec<Setup>,
}

/// What the command line asks for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Prepared {
    /// To run, with these services.
    Run(ServiceRunner),
    /// To say something, and to run nothing.
    Told(Told),
}

/// What a daemon says that runs nothing: help, its version, its services, or that all is well.
#[derive(Clone, Debug)]
pub struct Told {
    text: String,
    error: Option<CliError>,
}

impl Told {
    /// For standard output.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong all the same: services can be listed that could not start.
    #[must_use]
    pub fn error(&self) -> Option<&CliError> {
        self.error.as_ref()
    }
}

impl Cli {
    /// A daemon of this name, which begins the names of its environment variables too. It has every service
    /// that is registered ([`ServiceRunner::discover`]), and those that are said here.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Cli {
            builder: ServiceRunner::builder().name(name.clone()),
            about: About { name, version: None, about: None },
            discover: true,
            config: None,
            declared: Vec::new(),
            setup: Vec::new(),
        }
    }

    /// What `--version` says: `env!("CARGO_PKG_VERSION")`. Default: there is no such flag.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.about.version = Some(version.into());
        self
    }

    /// What `--help` says first. Default: nothing.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about.about = Some(about.into());
        self
    }

    /// The settings of the runner. `only`, `without` and `discover` are set by the command line and by
    /// [`discover`](Cli::discover). Default: the usual ones, with the daemon's name.
    pub fn builder(mut self, builder: RunnerBuilder) -> Self {
        self.builder = builder;
        self
    }

    /// Whether to take every registered service, with the options that are registered for it. Default: yes.
    pub fn discover(mut self, discover: bool) -> Self {
        self.discover = discover;
        self
    }

    /// The configuration file that is read where neither `--config` nor the environment names one. It need not
    /// be there. Default: none.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config = Some(path.into());
        self
    }

    /// A service that is made of its options. They stand under the name of its type: with the name `http` of
    /// `#[service(…)]`, the field `listen` is `--http-listen`.
    pub fn service<S, O>(mut self, make: impl FnOnce(O) -> S + 'static) -> Self
    where
        S: Service,
        O: Args + 'static,
    {
        self.declared.push(Declared::service(make));
        self
    }

    /// Options of a service that is added elsewhere: a registered one, or one that [`setup`](Cli::setup) adds.
    /// It gets them by [`options`](crate::cli::options) or [`Given::options`]. For registered ones
    /// [`register_options!`](crate::register_options) says the same beside the service.
    pub fn options<O: Args + Send + Sync + 'static>(
        mut self,
        service: impl Into<Arc<str>>,
    ) -> Self {
        self.declared.push(Declared::shared::<O>(Some(service.into())));
        self
    }

    /// Options of no service: `verbose` is `--verbose`, `<DAEMON>_VERBOSE`, and stands in the file before all
    /// sections. [`Given::daemon_options`] has them.
    pub fn daemon_options<O: Args + Send + Sync + 'static>(mut self) -> Self {
        self.declared.push(Declared::shared::<O>(None));
        self
    }

    /// What else is to be done with the runner before it runs: services that need more than their options. It is
    /// called for `--list-services` and `--check` as well, so it had better start nothing.
    pub fn setup<E: Into<Box<dyn Error + Send + Sync>>>(
        mut self,
        setup: impl FnOnce(&ServiceRunner, &Given) -> Result<(), E> + 'static,
    ) -> Self {
        self.setup.push(Box::new(|runner, given| setup(runner, given).map_err(Into::into)));
        self
    }

    /// Does what the command line of the process says, and gives the exit code for `main`: of the report if it
    /// ran, 0 for help, lists and checks that are well, and 2 with everything that is wrong on standard error.
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.run_with(ServiceRunner::run)
    }

    /// As [`run`](Cli::run), with the runner run by `run`: by `ServiceRunner::run_until_stopped`, or
    /// `systemd::run`.
    #[must_use]
    pub fn run_with(self, run: impl FnOnce(ServiceRunner) -> StopReport) -> ExitCode {
        let error = match self.prepare(std::env::args_os(), &|name| std::env::var_os(name)) {
            Ok(Prepared::Run(runner)) => return run(runner).report(),
            Ok(Prepared::Told(told)) => {
                // A closed standard output is no reason to panic.
                let _ = writeln!(io::stdout(), "{}", told.text.trim_end());
                told.error
            }
            Err(error) => Some(error),
        };
        match error {
            None => ExitCode::SUCCESS,
            Some(error) => {
                let _ = writeln!(io::stderr(), "{error}");
                ExitCode::from(CliError::EXIT_CODE)
            }
        }
    }

    /// As [`run`](Cli::run) up to the run, with this command line, whose first word is the program, and this
    /// environment.
    ///
    /// ```
    /// use spumoni::cli::{Cli, Prepared};
    ///
    /// let cli = Cli::new("demo").discover(false);
    /// let line = ["demo", "--check"].map(Into::into);
    /// match cli.prepare(line, &|_| None)? {
    ///     Prepared::Told(told) => assert_eq!(told.text(), "demo: all is well, there are no services"),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), spumoni::cli::CliError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn prepare(
        mut self,
        line: impl IntoIterator<Item = OsString>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Prepared, CliError> {
        let sections = self.sections()?;
        let line: Vec<OsString> = line.into_iter().collect();
        let matches =
            match flags::command(&self.about, &sections, false).try_get_matches_from(&line) {
                Ok(matches) => matches,
                Err(error) => return self.without_matches(&error, &sections, &line),
            };
        let wanted = Wanted::of(&matches, &self.about.name, environment);
        let mut plan = Plan { about: self.about, wanted, ..Plan::default() };
        let made = plan.make(sections, &matches, environment, self.config);
        plan.build(self.builder.discover(self.discover), made, self.setup)
    }

    /// The options of all services under their names, or what is wrong with how they are declared.
    fn sections(&mut self) -> Result<Vec<Section>, CliError> {
        let mut declared = std::mem::take(&mut self.declared);
        if self.discover {
            declared.extend(OptionsOf::all());
        }
        let (mut sections, mut problems) = (Vec::new(), Vec::new());
        let mut flags: BTreeMap<String, String> =
            RESERVED.map(|flag| (flag.to_owned(), "every daemon".to_owned())).into();
        for one in declared {
            match Section::new(one, &self.about.name) {
                Ok(section) => {
                    let whose = section.declared.whose();
                    for named in &section.options {
                        if let Some(other) = flags.insert(named.flag.clone(), whose.clone()) {
                            let flag = &named.flag;
                            problems.push(Problem::new(format!(
                                "`--{flag}` is a flag of {other} and of {whose}: rename one of the options"
                            )));
                        }
                    }
                    sections.push(section);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(sections) } else { Err(CliError::new(problems)) }
    }

    /// The command line asks for help, or cannot be read.
    fn without_matches(
        &self,
        error: &clap::Error,
        sections: &[Section],
        line: &[OsString],
    ) -> Result<Prepared, CliError> {
        let text = match error.kind() {
            ErrorKind::DisplayHelp => {
                let mut command = flags::command(&self.about, sections, true);
                let short = line.iter().any(|word| word == "-h");
                let help = if short { command.render_help() } else { command.render_long_help() };
                help.to_string()
            }
            ErrorKind::DisplayVersion => error.to_string(),
            _ => return Err(CliError::usage(error)),
        };
        Ok(Prepared::Told(Told { text, error: None }))
    }
}

impl fmt::Debug for Cli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cli")
            .field("about", &self.about)
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}

/// What becomes of one daemon, step by step.
#[derive(Default)]
struct Plan {
    about: About,
    wanted: Wanted,
    problems: Vec<Problem>,
    given: Given,
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
    /// Parses the options of every service.
    fn make(
        &mut self,
        sections: Vec<Section>,
        matches: &ArgMatches,
        environment: &dyn Fn(&str) -> Option<OsString>,
        default: Option<PathBuf>,
    ) -> Vec<AddService> {
        let named = self.wanted.config.clone();
        let needed = named.is_some();
        let file = named.or(default).map(|path| File::read(&path, needed)).transpose();
        let mut file = file.unwrap_or_else(|problem| {
            self.problems.push(problem);
            None
        });
        let mut file = file.take().unwrap_or_default();
        let mut known = Vec::new();
        let mut add = Vec::new();
        for mut section in sections {
            let keys = section.options.iter().map(|named| named.key.clone());
            known.extend(keys.map(|key| (section.name.clone(), key)));
            if let Some(service) = &section.declared.service {
                let flags = section.options.iter().map(|named| format!("--{}", named.flag));
                self.flags.entry(Arc::clone(service)).or_default().extend(flags);
            }
            let given = section.given(matches, environment, &mut file).map_err(Wrong::Bad);
            match given.and_then(|given| section.make(&given)) {
                Ok(Made::Service(one)) => add.push(one),
                Ok(Made::Shared(value)) => {
                    let declared = section.declared;
                    self.given.put(declared.service, declared.type_id, Ok(value));
                }
                Err(wrong) => self.withhold(section.declared, wrong),
            }
        }
        self.problems.extend(file.unused(&known));
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
        let Declared { service, after, type_id, makes_service: is_service, .. } = declared;
        if !is_service {
            self.given.put(service.clone(), type_id, Err(why));
        }
        self.withheld.push(Withheld { service, after, is_service, missing });
    }

    /// Builds the runner, and does with it what is wanted.
    fn build(
        mut self,
        builder: RunnerBuilder,
        add: Vec<AddService>,
        setup: Vec<Setup>,
    ) -> Result<Prepared, CliError> {
        // Those that are not made cannot be left out, and who wants them is told why they are not there.
        let is_made = |name: &&Arc<str>| {
            !self.withheld.iter().any(|one| one.is_service && one.service.as_ref() == Some(*name))
        };
        let without: Vec<_> = self.wanted.without.iter().filter(is_made).cloned().collect();
        let given = Arc::new(std::mem::take(&mut self.given));
        let mut builder = builder.without(without).provide(Arc::clone(&given));
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
            if let Err(error) = one(&runner, &given)
                && given.asked().len() == before
            {
                self.problems.push(Problem::new(error.to_string()));
            }
        }
        let order = self.order(&runner, &given);
        self.answer(runner, order)
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
                after: one.after.iter().map(|name| Arc::from(*name)).collect(),
                flags: flags(name),
            });
        }
        lines
    }
}

/// Says that a registered service has options of a type: `register_options!(HttpOptions, "http")`, beside the
/// function. They are parsed by every [`Cli`](crate::cli::Cli) that discovers services, and the function gets
/// them by [`cli::options`](crate::cli::options), where there is an example.
#[macro_export]
macro_rules! register_options {
    ($options:ty, $service:expr $(,)?) => {
        const _: () = {
            $crate::__private::inventory::submit! {
                $crate::cli::OptionsOf::new::<$options>($service)
            }
        };
    };
}
