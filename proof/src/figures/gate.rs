//! Figures that a script of `ci/` counts: it is run, or the log of a run that was long ago is read.

use std::process::Command;

use super::Measured;
use super::command::output;
use crate::Error;

/// A script, and how its output becomes a figure.
pub(crate) struct Gate {
    pub(crate) script: &'static str,
    /// What its environment says, and the page beside the script.
    pub(crate) with: Option<(&'static str, &'static str)>,
    /// It takes hours: it is run only when it is asked for by its key.
    pub(crate) takes_hours: bool,
    read: fn(&str) -> Result<String, Error>,
}

impl Gate {
    /// A script that takes minutes.
    pub(crate) const fn minutes(script: &'static str) -> Self {
        Gate { script, with: None, takes_hours: false, read: count }
    }

    /// A script that takes hours.
    pub(crate) const fn hours(script: &'static str) -> Self {
        Gate { takes_hours: true, ..Self::minutes(script) }
    }

    /// With a variable of its environment set.
    pub(crate) const fn with(self, name: &'static str, value: &'static str) -> Self {
        Gate { with: Some((name, value)), ..self }
    }

    /// With its output read in a way of its own.
    pub(crate) const fn read_by(self, read: fn(&str) -> Result<String, Error>) -> Self {
        Gate { read, ..self }
    }

    /// What a user would type.
    pub(crate) fn command(&self) -> String {
        match self.with {
            Some((name, value)) => format!("`{name}={value} {}`", self.script),
            None => format!("`{}`", self.script),
        }
    }

    /// Runs the script.
    pub(crate) fn run(&self) -> Result<Measured, Error> {
        let mut command = Command::new("bash");
        command.arg(self.script).envs(self.with);
        self.measured(&output(&mut command)?)
    }

    /// Reads what the script wrote.
    pub(crate) fn measured(&self, text: &str) -> Result<Measured, Error> {
        let value = (self.read)(text).map_err(|error| format!("{}: {error}", self.script))?;
        Ok(Measured { value, tried: self.command() })
    }
}

/// What the last `count:` line says, without the name of the gate.
fn count(text: &str) -> Result<String, Error> {
    let count = text.lines().rev().find_map(|line| line.strip_prefix("count: "));
    let count = count.ok_or("no line begins with `count: `; did it come to its end?")?;
    Ok(count.split_once(": ").map_or(count, |(_, count)| count).to_owned())
}

/// The planted faults, with the levels that found them.
pub(crate) fn planted(text: &str) -> Result<String, Error> {
    let mut levels: Vec<(&str, u32)> = Vec::new();
    let mut missed = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("found  ") {
            let level = rest.split_once(": by ").and_then(|(_, rest)| rest.split_once(','));
            let level = level.map_or("a level without a name", |(level, _)| level.trim());
            match levels.iter_mut().find(|(known, _)| *known == level) {
                Some((_, count)) => *count += 1,
                None => levels.push((level, 1)),
            }
        } else if let Some(rest) = line.strip_prefix("MISSED ") {
            missed.push(rest.split(':').next().unwrap_or(rest));
        }
    }
    let found: u32 = levels.iter().map(|(_, count)| count).sum();
    let planted = found as usize + missed.len();
    if planted == 0 {
        return Err("it planted nothing".into());
    }
    let levels: Vec<String> =
        levels.iter().map(|(level, count)| format!("{level} {count}")).collect();
    let mut value = format!("{found} of {planted} (by {})", levels.join(", "));
    if !missed.is_empty() {
        value.push_str(&format!("; missed: {}", missed.join(", ")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{count, planted};

    #[test]
    fn the_last_count_is_told_without_the_name_of_its_gate() {
        let log = "count: loom: 1 model\nnoise\ncount: loom: 31 models, 7 interleavings\n";
        assert_eq!(count(log).expect("there is one"), "31 models, 7 interleavings");
        assert!(count("loom: 31 models").is_err());
    }

    #[test]
    fn planted_faults_are_counted_by_their_levels() {
        let log = "found  a: by loom, 1 tests red\nMISSED b: unit stays green\n\
                   found  c: by loom, 2 tests red\nfound  d: by child process, 1 tests red\n";
        let value = planted(log).expect("some were planted");
        assert_eq!(value, "3 of 4 (by loom 2, child process 1); missed: b");
    }
}
