//! One option: the names under which it is given, and what it was given where.

use std::ffi::OsString;
use std::sync::Arc;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::cli::error::{Problem, first_line};
use crate::cli::value::{Raw, Source, from_text, kebab, shouting};

/// One option under the names by which it can be given.
#[derive(Debug)]
pub(super) struct Named {
    /// As the daemon's command knows it.
    pub(super) id: String,
    pub(super) flag: String,
    pub(super) variable: Arc<str>,
    pub(super) key: String,
    /// As the struct says it, with the long flag.
    pub(super) arg: Arg,
}

impl Named {
    pub(super) fn of(arg: Arg, service: Option<&str>, daemon: &str) -> (Arg, Named) {
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

    pub(super) fn fresh(&self, strict: bool) -> Arg {
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

    pub(super) fn on_command_line(&self, matches: &ArgMatches) -> Option<Raw> {
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

    pub(super) fn in_environment(
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
    pub(super) fn check(&self, raw: &Raw) -> Result<(), Problem> {
        let command = Command::new("").no_binary_name(true).disable_help_flag(true);
        let command = command.disable_version_flag(true).arg(self.fresh(true));
        match command.try_get_matches_from(raw.arguments(&self.flag)) {
            Ok(_) => Ok(()),
            Err(error) => Err(Problem::of(first_line(&error.to_string()), &raw.source)),
        }
    }

    /// Whether the text speaks of it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let flag = format!("--{}", self.flag);
        text.match_indices(&flag).any(|(at, _)| {
            let next = text[at + flag.len()..].chars().next();
            !next.is_some_and(|next| next.is_alphanumeric() || next == '-')
        })
    }
}
