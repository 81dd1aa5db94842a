//! Printing that outlives its reader: a closed pipe is no reason for a daemon to panic.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Prints a line on stdout.
pub(crate) fn say(line: impl Display) {
    let mut out = io::stdout().lock();
    // Nobody is left to be told.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints a line on stderr.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "scoopd: {line}");
}
