//! Values before they are parsed, and where they come from.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgAction};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The command line.
    CommandLine,
    /// This environment variable.
    Environment(Arc<str>),
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The key in there, with its section: `http.listen`.
        key: Arc<str>,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("the command line"),
            Self::Environment(name) => write!(f, "the environment variable `{name}`"),
            Self::File { path, key } => write!(f, "`{key}` in {}", path.display()),
        }
    }
}

/// What one option was given, as it was written: the values of each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) source: Source,
    pub(super) times: Vec<Vec<OsString>>,
}

impl Raw {
    /// As arguments of this flag.
    pub(super) fn arguments(&self, flag: &str) -> Vec<OsString> {
        let mut all = Vec::new();
        for values in &self.times {
            match &values[..] {
                [] => all.push(format!("--{flag}").into()),
                [value] => {
                    let mut argument = OsString::from(format!("--{flag}="));
                    argument.push(value);
                    all.push(argument);
                }
                values => {
                    all.push(format!("--{flag}").into());
                    all.extend(values.iter().cloned());
                }
            }
        }
        all
    }
}

/// A text from the environment or a file, as what `arg` would be given on the command line; `None` if it says
/// the same as nothing.
pub(super) fn from_text(arg: &Arg, text: OsString) -> Result<Option<Vec<Vec<OsString>>>, String> {
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => {
            Ok(switch(&text.to_string_lossy())?.then(|| vec![vec![]]))
        }
        ArgAction::Count => {
            let text = text.to_string_lossy();
            let count = text.trim().parse::<u8>();
            let count = count.map_err(|_| format!("`{text}` is no count: expected 0 to 255"))?;
            Ok((count > 0).then(|| vec![vec![]; count.into()]))
        }
        _ => Ok(Some(vec![vec![text]])),
    }
}

/// Whether a flag without a value is on. Nothing at all is off, as with a variable that is set to nothing.
fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

/// The name of a service or a field as part of a flag: `my service` is `my-service`.
pub(super) fn kebab(name: &str) -> String {
    let mapped =
        name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    mapped.collect()
}

/// The same as part of the name of an environment variable: `MY_SERVICE`.
pub(super) fn shouting(name: &str) -> String {
    let mapped =
        name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    mapped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_flags_and_variables() {
        assert_eq!(kebab("Http Api/v2"), "http-api-v2");
        assert_eq!(shouting("http-api/v2"), "HTTP_API_V2");
    }

    #[test]
    fn switches_and_counts_are_read_from_words() {
        let arg = Arg::new("x").action(ArgAction::SetTrue);
        assert_eq!(from_text(&arg, "yes".into()), Ok(Some(vec![vec![]])));
        assert_eq!(from_text(&arg, "off".into()), Ok(None));
        assert!(from_text(&arg, "perhaps".into()).is_err());
        let arg = Arg::new("v").action(ArgAction::Count);
        assert_eq!(from_text(&arg, "2".into()), Ok(Some(vec![vec![], vec![]])));
        assert!(from_text(&arg, "many".into()).is_err());
    }
}
