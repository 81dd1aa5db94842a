//! Figures that tests of the workspace print, and how its programs are run.

use std::process::{Command, Stdio};

use super::{Measured, Pace};
use crate::Error;
use crate::machine::workspace;

/// Kills of the daemon under load, and what is found afterwards.
pub(crate) fn durability(pace: &Pace) -> Result<Measured, Error> {
    let kills = pace.of(pace.kills);
    daemon("durability", "SCOOPD_KILLS", kills, &format!("{kills} kills"))
}

/// The daemon under random clients, faults, restarts of its services and kills.
pub(crate) fn soak(pace: &Pace) -> Result<Measured, Error> {
    let seconds = pace.of(pace.soak);
    daemon("soak", "SCOOPD_SOAK", seconds, &format!("{seconds} s"))
}

/// A test of scoopd's, and its own line.
fn daemon(test: &str, variable: &str, amount: u32, tried: &str) -> Result<Measured, Error> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "-p", "scoopd", "--test", "daemon"]);
    if test == "soak" {
        // With a service that restarts the others all the while.
        command.args(["--features", "gremlin"]);
    }
    command.args([test, "--", "--nocapture"]);
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
pub(crate) fn output(command: &mut Command) -> Result<String, Error> {
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
