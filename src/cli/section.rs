//! The options of one service: what it declares, under which names they are given, and what was given.

use std::any::{Any, TypeId, type_name};
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use clap::builder::{Resettable, Str, ValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use spumoni_core::{Service, ServiceRunner};

use crate::cli::error::{Problem, first_line};
use crate::cli::file::File;
use crate::cli::value::{Raw, Source, from_text, kebab, shouting};

/// What comes of options that are complete.
pub(super) enum Made {
    /// A value for whoever asks.
    Shared(Arc<dyn Any + Send + Sync>),
    /// A service, to be added.
    Service(AddService),
}

/// Adds a service to the runner, or says why it is not taken.
pub(super) type AddService = Box<dyn FnOnce(&ServiceRunner) -> Result<(), String>>;

type Make = Box<dyn FnOnce(&ArgMatches) -> Result<Made, clap::Error>>;

/// The options of one service as they are declared.
pub(super) struct Declared {
    /// `None`: of the daemon itself.
    pub(super) service: Option<Arc<str>>,
    pub(super) after: &'static [&'static str],
    pub(super) type_id: TypeId,
    pub(super) type_name: &'static str,
    /// They come with the service itself.
    pub(super) makes_service: bool,
    augment: fn(Command) -> Command,
    make: Make,
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
            makes_service: false,
            augment: O::augment_args,
            make: Box::new(|matches| Ok(Made::Shared(Arc::new(O::from_arg_matches(matches)?)))),
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
            makes_service: true,
            augment: O::augment_args,
            make: Box::new(|matches| {
                let options = O::from_arg_matches(matches)?;
                Ok(Made::Service(Box::new(move |runner| {
                    runner.add(make(options)).map_err(|refused| refused.to_string())
                })))
            }),
        }
    }

    /// For people: whose options they are.
    pub(super) fn whose(&self) -> String {
        match &self.service {
            Some(service) => format!("service `{service}`"),
            None => "the daemon".to_owned(),
        }
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

/// One option under the names by which it can be given.
#[derive(Debug)]
pub(super) struct Named {
    /// As the daemon's command knows it.
    pub(super) id: String,
    pub(super) flag: String,
    pub(super) variable: Arc<str>,
    pub(super) key: String,
    /// As the struct says it, with the long flag.
    arg: Arg,
}

/// The options of one service, named.
pub(super) struct Section {
    pub(super) declared: Declared,
    /// In the configuration file.
    pub(super) name: String,
    pub(super) options: Vec<Named>,
    inner: Command,
}

/// What is wrong with what was given to one service.
pub(super) enum Wrong {
    /// Something is missing, which matters only if the service is wanted.
    Missing(Problem),
    Bad(Vec<Problem>),
}

impl Section {
    /// Names the options. Fails for a struct that cannot be options of a service.
    pub(super) fn new(declared: Declared, daemon: &str) -> Result<Section, Problem> {
        let command = Command::new(daemon.to_owned()).no_binary_name(true);
        let command = command.disable_help_flag(true).disable_version_flag(true);
        let command = (declared.augment)(command);
        let whose = declared.whose();
        if command.has_subcommands() {
            return Err(Problem::new(format!("options of {whose} must have no subcommands")));
        }
        if let Some(place) = command.get_arguments().find(|arg| arg.is_positional()) {
            let id = place.get_id();
            return Err(Problem::new(format!(
                "`{id}` of {whose} has no name on the command line: give it `#[arg(long)]`"
            )));
        }
        let name = declared.service.as_deref().map(kebab).unwrap_or_default();
        let mut options = Vec::new();
        let mut inner = command.mut_args(|arg| {
            let (arg, named) = Named::of(arg, declared.service.as_deref(), daemon);
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
        Ok(Section { declared, name, options, inner })
    }

    /// The options for the daemon's own command: fresh ones, without the constraints, which name the ids of the
    /// struct. `strict` ones parse values; the others take everything, so that all that is wrong can be told.
    pub(super) fn outer(&self, strict: bool) -> impl Iterator<Item = Arg> {
        // Those of the daemon stand beside `--help`.
        let service = self.declared.service.as_ref();
        let heading = service.map(|service| Str::from(format!("Service `{service}`")));
        self.options
            .iter()
            .map(move |named| named.fresh(strict).help_heading(Resettable::from(heading.clone())))
    }

    /// What was given: by the command line, else by the environment, else by the file.
    pub(super) fn given(
        &self,
        matches: &ArgMatches,
        environment: &dyn Fn(&str) -> Option<OsString>,
        file: &mut File,
    ) -> Result<Vec<Option<Raw>>, Vec<Problem>> {
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for named in &self.options {
            let from_file = file.take(&self.name, &named.key, &named.arg);
            let raw = named.on_command_line(matches).map(Ok);
            let raw = raw.or_else(|| named.in_environment(environment)).or(from_file);
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

    /// Parses what was given, as the struct says.
    pub(super) fn make(&mut self, given: &[Option<Raw>]) -> Result<Made, Wrong> {
        let pairs = || self.options.iter().zip(given);
        let given = pairs().filter_map(|(named, raw)| Some((named, raw.as_ref()?)));
        let arguments: Vec<_> =
            given.clone().flat_map(|(named, raw)| raw.arguments(&named.flag)).collect();
        let made = self.inner.clone().try_get_matches_from(arguments).and_then(|matches| {
            let refused: Make = Box::new(|_| unreachable!("made once"));
            std::mem::replace(&mut self.declared.make, refused)(&matches)
        });
        let error = match made {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let text = first_line(&error.to_string());
        let whose = self.declared.whose();
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

impl Named {
    fn of(arg: Arg, service: Option<&str>, daemon: &str) -> (Arg, Named) {
        let key = kebab(arg.get_long().unwrap_or(arg.get_id().as_str()));
        let (flag, id, variable) = match service {
            Some(service) => (
                format!("{}-{key}", kebab(service)),
                format!("{service}.{}", arg.get_id()),
                format!("{}_{}_{}", shouting(daemon), shouting(service), shouting(&key)),
            ),
            None => (
                key.clone(),
                format!(".{}", arg.get_id()),
                format!("{}_{}", shouting(daemon), shouting(&key)),
            ),
        };
        // One that the struct names itself.
        let own = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        let variable = own.unwrap_or(variable).into();
        let arg = arg.short(None).long(flag.clone()).env(None::<&'static str>);
        (arg.clone(), Named { id, flag, variable, key, arg })
    }

    /// All flags by which it is given: its own, and those that the struct says beside it.
    pub(super) fn flags(&self) -> impl Iterator<Item = &str> {
        let more = self.arg.get_all_aliases().unwrap_or_default();
        std::iter::once(&*self.flag).chain(more)
    }

    fn takes_values(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::Set | ArgAction::Append)
    }

    fn fresh(&self, strict: bool) -> Arg {
        let from = &self.arg;
        let arg = Arg::new(self.id.clone()).long(self.flag.clone());
        let mut arg = arg.action(from.get_action().clone()).hide(from.is_hide_set());
        let shown = from.get_visible_aliases().unwrap_or_default();
        let hidden = from.get_all_aliases().unwrap_or_default().into_iter();
        arg = arg.aliases(hidden.filter(|alias| !shown.contains(alias)).map(str::to_owned));
        arg = arg.visible_aliases(shown.into_iter().map(str::to_owned));
        let hint = match from.is_required_set() {
            true => format!("[required] [env: {}]", self.variable),
            false => format!("[env: {}]", self.variable),
        };
        let with_hint = |help: String| match help.is_empty() {
            true => hint.clone(),
            false => format!("{help} {hint}"),
        };
        arg = arg.help(with_hint(from.get_help().map(ToString::to_string).unwrap_or_default()));
        if let Some(help) = from.get_long_help() {
            arg = arg.long_help(with_hint(help.to_string()));
        }
        if !self.takes_values() {
            return arg;
        }
        arg = arg.allow_hyphen_values(from.is_allow_hyphen_values_set());
        arg = arg.require_equals(from.is_require_equals_set());
        if let Some(count) = from.get_num_args() {
            arg = arg.num_args(count);
        }
        if let Some(names) = from.get_value_names() {
            arg = arg.value_names(names.iter().cloned());
        }
        if !strict {
            // Values that are to be split are split where they are parsed.
            return arg.value_parser(ValueParser::os_string());
        }
        arg = arg.value_parser(from.get_value_parser().clone());
        arg = arg.hide_default_value(from.is_hide_default_value_set());
        arg = arg.hide_possible_values(from.is_hide_possible_values_set());
        if let Some(delimiter) = from.get_value_delimiter() {
            arg = arg.value_delimiter(delimiter);
        }
        arg.default_values(from.get_default_values().iter().cloned())
    }

    fn on_command_line(&self, matches: &ArgMatches) -> Option<Raw> {
        if matches.value_source(&self.id) != Some(clap::parser::ValueSource::CommandLine) {
            return None;
        }
        let times = match self.arg.get_action() {
            ArgAction::Count => vec![vec![]; matches.get_count(&self.id).into()],
            ArgAction::SetTrue | ArgAction::SetFalse => vec![vec![]],
            _ => {
                let times = matches.get_raw_occurrences(&self.id).into_iter().flatten();
                times.map(|values| values.map(OsString::from).collect()).collect()
            }
        };
        Some(Raw { source: Source::CommandLine, times })
    }

    fn in_environment(
        &self,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Option<Result<Raw, Problem>> {
        let text = environment(&self.variable)?;
        let source = Source::Environment(Arc::clone(&self.variable));
        match from_text(&self.arg, text) {
            // Said, if only to say no: the file is not asked.
            Ok(times) => Some(Ok(Raw { source, times: times.unwrap_or_default() })),
            Err(why) => {
                let why = format!("invalid value for `--{}`: {why}", self.flag);
                Some(Err(Problem::of(why, &source)))
            }
        }
    }

    /// Parses the values alone, so that each that is wrong is told, with where it comes from.
    fn check(&self, raw: &Raw) -> Result<(), Problem> {
        let command = Command::new("").no_binary_name(true).disable_help_flag(true);
        let command = command.disable_version_flag(true).arg(self.fresh(true));
        match command.try_get_matches_from(raw.arguments(&self.flag)) {
            Ok(_) => Ok(()),
            Err(error) => Err(Problem::of(first_line(&error.to_string()), &raw.source)),
        }
    }

    /// Whether the text speaks of it.
    fn is_in(&self, text: &str) -> bool {
        let flag = format!("--{}", self.flag);
        text.match_indices(&flag).any(|(at, _)| {
            let next = text[at + flag.len()..].chars().next();
            !next.is_some_and(|next| next.is_alphanumeric() || next == '-')
        })
    }
}
