//! The configuration file: TOML, a section for each service.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Arg;
use toml::{Table, Value};

use crate::cli::error::Problem;
use crate::cli::form::Form;
use crate::cli::value::{Raw, Source, from_text, kebab};

/// What is in the file, by section and key. Keys of no section have the section ``.
#[derive(Debug, Default)]
pub(super) struct File {
    path: PathBuf,
    values: BTreeMap<(String, String), Entry>,
}

#[derive(Debug)]
struct Entry {
    /// As it is written there.
    key: Arc<str>,
    value: Value,
    used: bool,
}

impl File {
    /// Reads the file. One that need not be there is empty if it is not.
    pub(super) fn read(path: &Path, needed: bool) -> Result<File, Problem> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !needed => {
                return Ok(File::default());
            }
            Err(error) => {
                let path = path.display();
                return Err(Problem::new(format!(
                    "cannot read the configuration file {path}: {error}"
                )));
            }
        };
        let table = text.parse::<Table>().map_err(|error| {
            let path = path.display();
            Problem::new(format!(
                "the configuration file {path} is no TOML: {}",
                error.to_string().trim_end()
            ))
        })?;
        let mut file = File { path: path.to_owned(), values: BTreeMap::new() };
        for (section, value) in table {
            match value {
                Value::Table(keys) => {
                    for (key, value) in keys {
                        file.put(kebab(&section), &key, format!("{section}.{key}"), value);
                    }
                }
                value => file.put(String::new(), &section, section.clone(), value),
            }
        }
        Ok(file)
    }

    fn put(&mut self, section: String, key: &str, written: String, value: Value) {
        let entry = Entry { key: written.into(), value, used: false };
        self.values.insert((section, kebab(key)), entry);
    }

    /// What the file says of an option.
    pub(super) fn take(
        &mut self,
        section: &str,
        key: &str,
        arg: &Arg,
    ) -> Option<Result<Raw, Problem>> {
        let entry = self.values.get_mut(&(section.to_owned(), key.to_owned()))?;
        entry.used = true;
        let source = Source::File { path: self.path.clone(), key: Arc::clone(&entry.key) };
        let times = match read(arg, &entry.value) {
            Ok(times) => times?,
            Err(why) => return Some(Err(Problem::of(why, &source))),
        };
        Some(Ok(Raw { source, times }))
    }

    /// What nobody has asked for, each with what may have been meant.
    pub(super) fn unused<'a>(&self, forms: impl Iterator<Item = &'a Form>) -> Vec<Problem> {
        let key = |form: &'a Form| {
            form.options.iter().map(move |named| (form.name.as_str(), named.key.as_str()))
        };
        let known: Vec<(&str, &str)> = forms.flat_map(key).collect();
        let mut problems = Vec::new();
        for ((section, key), entry) in self.values.iter().filter(|(_, entry)| !entry.used) {
            let source = Source::File { path: self.path.clone(), key: Arc::clone(&entry.key) };
            let is_section = known.iter().any(|(known, _)| known == section);
            let (what, near) = if is_section {
                let keys = known.iter().filter(|(known, _)| known == section);
                let keys = keys.map(|(_, key)| Arc::from(*key));
                (format!("there is no option `{key}`"), spumoni_core::nearest(key, keys))
            } else {
                let sections = known.iter().map(|(section, _)| Arc::from(*section));
                (
                    format!("no service `{section}` has options"),
                    spumoni_core::nearest(section, sections),
                )
            };
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            problems.push(Problem::of(format!("{what}{hint}"), &source));
        }
        problems
    }
}

/// A value of the file as what would stand on the command line.
fn read(arg: &Arg, value: &Value) -> Result<Option<Vec<Vec<OsString>>>, String> {
    let Value::Array(values) = value else {
        return from_text(arg, scalar(value)?);
    };
    let values = values.iter().map(scalar).collect::<Result<Vec<_>, _>>()?;
    if values.is_empty() {
        return Ok(None);
    }
    let at_once = arg.get_num_args().is_some_and(|count| count.max_values() > 1);
    let times = if at_once { vec![values] } else { values.into_iter().map(|v| vec![v]).collect() };
    Ok(Some(times))
}

fn scalar(value: &Value) -> Result<OsString, String> {
    match value {
        Value::String(text) => Ok(text.into()),
        Value::Integer(number) => Ok(number.to_string().into()),
        Value::Float(number) => Ok(number.to_string().into()),
        Value::Boolean(is) => Ok(is.to_string().into()),
        Value::Datetime(when) => Ok(when.to_string().into()),
        Value::Array(_) => Err("an array within an array is no value of an option".to_owned()),
        Value::Table(_) => Err("a table is no value of an option".to_owned()),
    }
}
