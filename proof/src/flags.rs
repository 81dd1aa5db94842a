//! What the command line says.

use std::path::PathBuf;

use clap::Parser;

/// Measures spumoni's reliability, and tries the same faults on its peers.
#[derive(Debug, Parser)]
pub(crate) struct Flags {
    /// Writes the page to this file, and what was measured beside it, with the ending `json`; without it the
    /// page is printed. What is not measured this time keeps its figure and its date.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// A tenth of everything.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measures also what takes minutes: models, planted faults, sanitizers, kills and the soak. What takes hours is
    /// measured only by its key.
    #[arg(long)]
    pub(crate) all: bool,
    /// Measures only figures whose key begins like this, or `peers`; may be given several times.
    #[arg(long, value_name = "KEY")]
    pub(crate) only: Vec<String>,
    /// Takes the figure of a script from the log of a run of it instead of running it now; may be given several
    /// times. The day is that of the log.
    #[arg(long, value_name = "KEY=LOG", value_parser = key_and_log)]
    pub(crate) read: Vec<(String, PathBuf)>,
    /// Prints the keys of the figures, and the contestants with their cases, and ends.
    #[arg(long)]
    pub(crate) list: bool,
}

fn key_and_log(text: &str) -> Result<(String, PathBuf), String> {
    let (key, log) =
        text.split_once('=').ok_or("a key and a file belong here, as in `flaky=rounds.log`")?;
    Ok((key.to_owned(), log.into()))
}
