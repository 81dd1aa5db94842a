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
    /// Measures also what takes minutes: models, planted faults, kills and the soak.
    #[arg(long)]
    pub(crate) all: bool,
    /// Measures only figures whose key begins like this, or `peers`; may be given several times.
    #[arg(long, value_name = "KEY")]
    pub(crate) only: Vec<String>,
    /// Kills of scoopd.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) kills: u32,
    /// Seconds of the soak.
    #[arg(long, value_name = "S", default_value_t = 600)]
    pub(crate) soak: u32,
    /// Prints the keys of the figures, and the contestants with their cases, and ends.
    #[arg(long)]
    pub(crate) list: bool,
}
