//! A daemon from its command line to its exit code.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{ExitCode, Termination};
use std::sync::Arc;

use clap::Args;
use clap::error::ErrorKind;
use spumoni_core::{RunnerBuilder, Service, ServiceRunner};

use crate::cli::error::{CliError, Problem};
use crate::cli::flags::{self, About, RESERVED, Wanted};
use crate::cli::given::Given;
use crate::cli::named::Named;
use crate::cli::plan::{Plan, Steps};
use crate::cli::prepared::{Prepared, Told};
use crate::cli::registered::OptionsOf;
use crate::cli::section::{Declared, Section};

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
    discover: bool,
    config: Option<PathBuf>,
    declared: Vec<Declared>,
    steps: Steps,
}

impl Cli {
    /// A daemon of this name, which begins the names of its environment variables too. It has every service
    /// that is registered ([`ServiceRunner::discover`]), and those that are said here.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let builder = ServiceRunner::builder().name(name.clone());
        Cli {
            about: About { name, ..About::default() },
            discover: true,
            config: None,
            declared: Vec::new(),
            steps: Steps { builder, configure: Vec::new(), setup: Vec::new() },
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

    /// What `--help` says last: exit codes, examples. Default: nothing.
    pub fn after_help(mut self, text: impl Into<String>) -> Self {
        self.about.after_help = Some(text.into());
        self
    }

    /// The settings of the runner. `only`, `without` and `discover` are set by the command line and by
    /// [`discover`](Cli::discover). Default: the usual ones, with the daemon's name.
    pub fn builder(mut self, builder: RunnerBuilder) -> Self {
        self.steps.builder = builder;
        self
    }

    /// Settings of the runner that follow from options: they are made of those that [`builder`](Cli::builder)
    /// has set, before the runner is built.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use spumoni::cli::{Cli, OptionsError, Prepared};
    ///
    /// #[derive(clap::Args)]
    /// struct Limits {
    ///     /// How many seconds a stop may take
    ///     #[arg(long, default_value_t = 20)]
    ///     grace: u64,
    /// }
    ///
    /// let cli = Cli::new("demo").daemon_options::<Limits>().configure(|builder, given| {
    ///     let limits = given.daemon_options::<Limits>()?;
    ///     Ok::<_, OptionsError>(builder.stop_timeout(Duration::from_secs(limits.grace)))
    /// });
    /// let line = ["demo", "--grace", "5"].map(Into::into);
    /// assert!(matches!(cli.prepare(line, &|_| None)?, Prepared::Run(_)));
    /// # Ok::<(), spumoni::cli::CliError>(())
    /// ```
    pub fn configure<E: Into<Box<dyn Error + Send + Sync>>>(
        mut self,
        configure: impl FnOnce(RunnerBuilder, &Given) -> Result<RunnerBuilder, E> + 'static,
    ) -> Self {
        let step = |builder, given: &Given| configure(builder, given).map_err(Into::into);
        self.steps.configure.push(Box::new(step));
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
    /// `#[service(…)]`, the field `listen` is `--http-listen`. A `visible_alias = "http"` of the field is a flag of
    /// the daemon as it stands there: `--http`.
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
        let step = |runner: &_, given: &_| setup(runner, given).map_err(Into::into);
        self.steps.setup.push(Box::new(step));
        self
    }

    /// Does what the command line of the process says, and gives the exit code for `main`: of the report if it
    /// ran, 0 for help, lists and checks that are well, and 2 with everything that is wrong on standard error.
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.run_with(ServiceRunner::run)
    }

    /// As [`run`](Cli::run), with the runner run by `run`: by `ServiceRunner::run_until_stopped`, or
    /// `systemd::run`. What that gives says the exit code: the report, or an `ExitCode` of your own.
    #[must_use]
    pub fn run_with<T: Termination>(self, run: impl FnOnce(ServiceRunner) -> T) -> ExitCode {
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
        let mut plan = Plan::new(self.about, wanted);
        let made = plan.make(sections, &matches, environment, self.config);
        let Steps { builder, configure, setup } = self.steps;
        let steps = Steps { builder: builder.discover(self.discover), configure, setup };
        plan.build(steps, made)
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
                    let whose = section.form.whose();
                    for flag in section.form.options.iter().flat_map(Named::flags) {
                        if let Some(other) = flags.insert(flag.to_owned(), whose.clone()) {
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
