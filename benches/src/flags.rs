//! What the command line says.

use std::path::PathBuf;

use clap::Parser;

use crate::place::Place;

/// Measures spumoni beside the physical limit and what one would write without it.
#[derive(Debug, Parser)]
pub(crate) struct Flags {
    /// Ends within 45 s: fewer rounds, threads not pinned.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Says of each goal whether it is met: `goal ok …` or `goal missed …`.
    #[arg(long)]
    pub(crate) goals: bool,
    /// Ends with exit code 1 if a goal is missed.
    #[arg(long, requires = "goals")]
    pub(crate) strict: bool,
    /// Writes everything that was measured to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Draws one picture per route into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
    /// Measures only routes whose name begins like this; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) route: Vec<String>,
    /// Measures only contestants whose name has this in it: for a profiler.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Measures with threads left to the kernel, or pinned to two cores, and not both.
    #[arg(long, value_name = "PLACE")]
    pub(crate) place: Option<Place>,
    /// Measures scoopd under load beside the same collector in bare tokio, and no route; `--quick` takes
    /// fewer rounds.
    #[arg(long, conflicts_with_all = ["route", "only", "place", "list"])]
    pub(crate) daemon: bool,
    /// Prints, judges and draws what `--json` has written before, and measures nothing; of several files
    /// the first says on which machine.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "route", "only", "place", "daemon"])]
    pub(crate) from: Vec<PathBuf>,
    /// Prints the names of the routes and ends.
    #[arg(long)]
    pub(crate) list: bool,
}
