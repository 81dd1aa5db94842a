//! What is wrong with what a daemon was given.

use std::fmt;
use std::sync::Arc;

use crate::cli::value::Source;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    text: String,
    source: Option<Source>,
}

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Problem { text: text.into(), source: None }
    }

    pub(super) fn of(text: impl Into<String>, source: &Source) -> Self {
        Problem { text: text.into(), source: Some(source.clone()) }
    }

    /// Where the value that is wrong comes from, if it is one.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.source {
            Some(source) => write!(f, " (from {source})"),
            None => Ok(()),
        }
    }
}

/// Why a daemon does not start: everything that is wrong, not just the first. It prints as lines for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    problems: Vec<Problem>,
    /// As clap says it, if the command line could not be read at all.
    usage: Option<String>,
}

impl CliError {
    /// The exit code of a daemon that was given something wrong: 2.
    pub const EXIT_CODE: u8 = 2;

    pub(super) fn new(problems: Vec<Problem>) -> Self {
        CliError { problems, usage: None }
    }

    pub(super) fn usage(error: &clap::Error) -> Self {
        let text = error.to_string();
        let problem = Problem::new(first_line(&text));
        CliError { problems: vec![problem], usage: Some(text.trim_end().to_owned()) }
    }

    /// All that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(usage) = &self.usage {
            return f.write_str(usage);
        }
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "error: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CliError {}

/// What clap says, as one line: without `error: ` and the lines on usage.
pub(super) fn first_line(text: &str) -> String {
    let said = text.split("\n\n").next().unwrap_or(text);
    let said = said.strip_prefix("error: ").unwrap_or(said);
    said.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Why there are no options of this type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// The runner was not made by [`Cli`](crate::cli::Cli), or the call is no payload's.
    NoCli,
    /// Nobody has said that a service has such options.
    Unknown {
        /// The type that was asked for.
        of: &'static str,
        /// The service that was asked for, if one was.
        service: Option<Arc<str>>,
    },
    /// Several services have options of this type, and it is not said whose are meant.
    Ambiguous {
        /// The type that was asked for.
        of: &'static str,
        /// The services.
        services: Vec<Arc<str>>,
    },
    /// Something that the service must be given is missing, or wrong.
    Withheld {
        /// The service.
        service: Arc<str>,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCli => f.write_str(
                "there are no options here: they are known to payloads of a runner that `Cli` has made",
            ),
            Self::Unknown { of, service: Some(service) } => write!(
                f,
                "service `{service}` has no options of type `{of}`: say so with `Cli::options` or `register_options!`"
            ),
            Self::Unknown { of, service: None } => write!(
                f,
                "no service has options of type `{of}`: say so with `Cli::options` or `register_options!`"
            ),
            Self::Ambiguous { of, services } => write!(
                f,
                "several services have options of type `{of}`: {}; ask for those of one with `Given::options`",
                services.join(", ")
            ),
            Self::Withheld { service, why } => write!(f, "options of service `{service}`: {why}"),
        }
    }
}

impl std::error::Error for OptionsError {}
