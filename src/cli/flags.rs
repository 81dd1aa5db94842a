//! The command of the whole daemon: the flags that every daemon has, and those of its services.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::cli::section::Section;
use crate::cli::value::shouting;

/// The flags of every daemon.
pub(super) const RESERVED: [&str; 7] =
    ["help", "version", "config", "only", "without", "list-services", "check"];

/// What is known of the daemon as a whole.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) about: Option<String>,
    pub(super) after_help: Option<String>,
}

/// What the flags of every daemon say.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) config: Option<PathBuf>,
    pub(super) only: Option<Vec<Arc<str>>>,
    pub(super) without: Vec<Arc<str>>,
    pub(super) list: Option<Listing>,
    pub(super) check: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    Text,
    Json,
}

pub(super) fn command(about: &About, sections: &[Section], strict: bool) -> Command {
    let variable = |flag: &str| format!("{}_{flag}", shouting(&about.name));
    let mut command = Command::new(about.name.clone());
    if let Some(version) = &about.version {
        command = command.version(version.clone());
    }
    if let Some(text) = &about.about {
        command = command.about(text.clone());
    }
    if let Some(text) = &about.after_help {
        command = command.after_help(text.clone());
    }
    let names = |id: &'static str, text: &str| {
        Arg::new(id)
            .long(id)
            .value_name("SERVICES")
            .help(format!("{text}, separated by commas [env: {}]", variable(&shouting(id))))
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help_heading("Daemon")
    };
    command = command.arg(
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .help(format!("The configuration file, in TOML [env: {}]", variable("CONFIG")))
            .value_parser(ValueParser::path_buf())
            .help_heading("Daemon"),
    );
    command = command
        .arg(names("only", "Only these services, and what they depend on"))
        .arg(names("without", "All services but these"))
        .arg(
            Arg::new("list-services")
                .long("list-services")
                .value_name("FORMAT")
                .help("Lists the services in the order of their start, and starts none")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("text")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .help_heading("Daemon"),
        )
        .arg(
            Arg::new("check")
                .long("check")
                .help("Checks options, names and dependencies, and starts nothing: 0 if all is well, else 2")
                .action(ArgAction::SetTrue)
                .help_heading("Daemon"),
        );
    for section in sections {
        command = command.args(section.form.outer(strict));
    }
    command
}

impl Wanted {
    pub(super) fn of(
        matches: &ArgMatches,
        daemon: &str,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Self {
        let variable = |flag: &str| {
            let text = environment(&format!("{}_{flag}", shouting(daemon)))?;
            Some(text).filter(|text| !text.is_empty())
        };
        let names = |id: &str| -> Option<Vec<Arc<str>>> {
            if let Some(names) = matches.get_many::<String>(id) {
                return Some(split(names.map(String::as_str)));
            }
            Some(split(variable(&shouting(id))?.to_string_lossy().split(',')))
        };
        let config = matches.get_one::<PathBuf>("config").cloned();
        let list = matches.get_one::<String>("list-services").map(|format| match format.as_str() {
            "json" => Listing::Json,
            _ => Listing::Text,
        });
        Wanted {
            config: config.or_else(|| variable("CONFIG").map(PathBuf::from)),
            only: names("only"),
            without: names("without").unwrap_or_default(),
            list,
            check: matches.get_flag("check"),
        }
    }
}

fn split<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Arc<str>> {
    names.map(str::trim).filter(|name| !name.is_empty()).map(Arc::from).collect()
}
