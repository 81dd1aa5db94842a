//! Figures that other programs of the workspace print: its gates in `ci/` and its tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Measured, Pace};
use crate::Error;

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A gate of `ci/`: what it counts.
pub(crate) fn gate(script: &str) -> Result<Measured, Error> {
    let text = output(Command::new("bash").arg(script))?;
    let count = text.lines().rev().find_map(|line| line.strip_prefix("count: "));
    let count = count.ok_or_else(|| format!("{script} counted nothing"))?;
    let value = count.split_once(": ").map_or(count, |(_, count)| count).to_owned();
    Ok(Measured { value, tried: format!("`{script}`") })
}

/// The planted faults, with the levels that found them.
pub(crate) fn planted(_: &Pace) -> Result<Measured, Error> {
    let script = "ci/planted.sh";
    let text = output(Command::new("bash").arg(script))?;
    let mut levels: Vec<(&str, u32)> = Vec::new();
    let mut missed = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("found  ") {
            let level = rest.split_once(": by ").and_then(|(_, rest)| rest.split_once(','));
            let level = level.map_or("a level without a name", |(level, _)| level);
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
        return Err(format!("{script} planted nothing").into());
    }
    let levels: Vec<String> =
        levels.iter().map(|(level, count)| format!("{level} {count}")).collect();
    let mut value = format!("{found} of {planted} (by {})", levels.join(", "));
    if !missed.is_empty() {
        value.push_str(&format!("; missed: {}", missed.join(", ")));
    }
    Ok(Measured { value, tried: format!("`{script}`") })
}

/// Kills of the daemon under load, and what is found afterwards.
pub(crate) fn durability(pace: &Pace) -> Result<Measured, Error> {
    let kills = pace.of(pace.kills);
    daemon("durability", "SCOOPD_KILLS", kills, &format!("{kills} kills"))
}

/// The daemon under random clients and kills.
pub(crate) fn soak(pace: &Pace) -> Result<Measured, Error> {
    let seconds = pace.of(pace.soak);
    daemon("soak", "SCOOPD_SOAK", seconds, &format!("{seconds} s"))
}

/// A test of scoopd's, and its own line.
fn daemon(test: &str, variable: &str, amount: u32, tried: &str) -> Result<Measured, Error> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "-p", "scoopd", "--test", "daemon", test, "--", "--nocapture"]);
    command.env(variable, amount.to_string());
    let text = output(&mut command)?;
    // The name of the test may stand before it in the same line.
    let told = text.lines().filter_map(|line| line.split_once(&format!("{test}: ")));
    let line = told
        .map(|(_, rest)| rest)
        .rfind(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    let line = line.ok_or_else(|| format!("the test `{test}` of scoopd told nothing"))?;
    Ok(Measured { value: line.to_owned(), tried: tried.to_owned() })
}

/// What it wrote, if it ended well.
fn output(command: &mut Command) -> Result<String, Error> {
    command.current_dir(workspace()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let rest: Vec<&str> = text.lines().rev().take(20).collect();
        let rest: Vec<&str> = rest.into_iter().rev().collect();
        return Err(format!("{command:?}: {}\n{}", output.status, rest.join("\n")).into());
    }
    Ok(text)
}
