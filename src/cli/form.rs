//! The options of one service under their names: what they were given, and what clap makes of it.

use std::ffi::OsString;
use std::sync::Arc;

use clap::builder::{Resettable, Str};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};

use crate::cli::error::{Problem, first_line};
use crate::cli::file::File;
use crate::cli::named::Named;
use crate::cli::value::{Raw, Source, kebab};

/// The options of one service, or of the daemon.
pub(super) struct Form {
    /// `None`: of the daemon itself.
    pub(super) service: Option<Arc<str>>,
    /// In the configuration file.
    pub(super) name: String,
    pub(super) options: Vec<Named>,
    inner: Command,
    /// What the command line and the environment say, once that is known: the file is not asked for these.
    fixed: Vec<Result<Option<Raw>, Problem>>,
}

/// What is wrong with what was given to one service.
pub(super) enum Wrong {
    /// Something is missing, which matters only if the service is wanted.
    Missing(Problem),
    Bad(Vec<Problem>),
}

impl Form {
    /// Names the options. Fails for a struct that cannot be options of a service.
    pub(super) fn new(
        service: Option<Arc<str>>,
        augment: fn(Command) -> Command,
        daemon: &str,
    ) -> Result<Form, Problem> {
        let whose = whose(service.as_deref());
        let command = Command::new(daemon.to_owned()).no_binary_name(true);
        let command = command.disable_help_flag(true).disable_version_flag(true);
        let command = augment(command);
        if command.has_subcommands() {
            return Err(Problem::new(format!("options of {whose} must have no subcommands")));
        }
        if let Some(place) = command.get_arguments().find(|arg| arg.is_positional()) {
            let id = place.get_id();
            return Err(Problem::new(format!(
                "`{id}` of {whose} has no name on the command line: give it `#[arg(long)]`"
            )));
        }
        let name = service.as_deref().map(kebab).unwrap_or_default();
        let mut options = Vec::new();
        let mut inner = command.mut_args(|arg| {
            let (arg, named) = Named::of(arg, service.as_deref(), daemon);
            options.push(named);
            arg
        });
        inner.build();
        for named in &mut options {
            // As it is when all that follows from the rest is filled in.
            if let Some(arg) = inner.get_arguments().find(|arg| arg.get_id() == named.arg.get_id())
            {
                named.arg = arg.clone();
            }
        }
        Ok(Form { service, name, options, inner, fixed: Vec::new() })
    }

    /// For people: whose options they are.
    pub(super) fn whose(&self) -> String {
        whose(self.service.as_deref())
    }

    /// The options for the daemon's own command: fresh ones, without the constraints, which name the ids of the
    /// struct. `strict` ones parse values; the others take everything, so that all that is wrong can be told.
    pub(super) fn outer(&self, strict: bool) -> impl Iterator<Item = Arg> {
        // Those of the daemon stand beside `--help`.
        let service = self.service.as_ref();
        let heading = service.map(|service| Str::from(format!("Service `{service}`")));
        self.options
            .iter()
            .map(move |named| named.fresh(strict).help_heading(Resettable::from(heading.clone())))
    }

    /// Takes what the command line and the environment say.
    pub(super) fn fix(
        &mut self,
        matches: &ArgMatches,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) {
        let fixed = self.options.iter().map(|named| {
            let raw = named.on_command_line(matches).map(Ok);
            raw.or_else(|| named.in_environment(environment)).transpose()
        });
        self.fixed = fixed.collect();
    }

    /// What was given: by the command line, else by the environment, else by the file.
    pub(super) fn given(&self, file: &mut File) -> Result<Vec<Option<Raw>>, Vec<Problem>> {
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for (named, fixed) in self.options.iter().zip(&self.fixed) {
            let from_file = file.take(&self.name, &named.key, &named.arg);
            let raw = fixed.clone().transpose().or(from_file);
            match raw.transpose() {
                Ok(raw) => {
                    if let Some(raw) = &raw
                        && let Err(problem) = named.check(raw)
                    {
                        problems.push(problem);
                    }
                    all.push(raw);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// Parses what was given, and has the struct made of it.
    pub(super) fn parse<T>(
        &self,
        given: &[Option<Raw>],
        make: impl FnOnce(&ArgMatches) -> Result<T, clap::Error>,
    ) -> Result<T, Wrong> {
        let pairs = || self.options.iter().zip(given);
        let given = pairs().filter_map(|(named, raw)| Some((named, raw.as_ref()?)));
        let arguments: Vec<_> = given.flat_map(|(named, raw)| raw.arguments(&named.flag)).collect();
        let made = self.inner.clone().try_get_matches_from(arguments);
        let error = match made.and_then(|matches| make(&matches)) {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let text = first_line(&error.to_string());
        let whose = self.whose();
        if error.kind() == ErrorKind::MissingRequiredArgument {
            let missing = self.options.iter().filter(|named| named.is_in(&text));
            let also: Vec<_> = missing.map(|named| format!("`{}`", named.variable)).collect();
            let also = match &also[..] {
                [] => String::new(),
                also => format!("; or set {} in the environment", also.join(", ")),
            };
            return Err(Wrong::Missing(Problem::new(format!("{whose}: {text}{also}"))));
        }
        // Where those that clash come from, unless they stand on the command line, as the text supposes.
        let elsewhere = pairs().filter_map(|(named, raw)| match raw {
            Some(raw) if raw.source != Source::CommandLine && named.is_in(&text) => {
                Some(format!("`--{}` is {}", named.flag, raw.source))
            }
            _ => None,
        });
        let elsewhere: Vec<_> = elsewhere.collect();
        let hint = match &elsewhere[..] {
            [] => String::new(),
            elsewhere => format!("; {}", elsewhere.join(", ")),
        };
        Err(Wrong::Bad(vec![Problem::new(format!("{whose}: {text}{hint}"))]))
    }
}

/// For people: of this service, or of the daemon.
pub(super) fn whose(service: Option<&str>) -> String {
    match service {
        Some(service) => format!("service `{service}`"),
        None => "the daemon".to_owned(),
    }
}
