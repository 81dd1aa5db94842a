//! How scripts and programs of the workspace are run.

use std::process::{Command, Stdio};

use crate::Error;
use crate::machine::workspace;

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
