//! What a child may be.

use std::process::ExitCode;

use crate::{figures, peers};

/// Plays the role that the arguments name.
pub(crate) fn play(mut args: impl Iterator<Item = String>) -> ExitCode {
    let role = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let ended = match role.as_str() {
        "startup" => figures::startup::play(&rest),
        "overshoot" => figures::overshoot::play(&rest),
        "failure" => figures::failure::play(&rest),
        "leftovers" => figures::leftovers::play(&rest),
        "memory" => figures::memory::play(&rest),
        "case" => return peers::play(&rest),
        other => Err(format!("no child is called `{other}`").into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spumoni-proof, child `{role}`: {error}");
            ExitCode::from(2)
        }
    }
}
