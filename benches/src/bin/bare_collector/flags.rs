//! What the flags say: scoopd's, and on which runtime.

use clap::{Parser, ValueEnum};

use crate::config::Config;

/// scoopd without spumoni, to be compared with it.
#[derive(Debug, Parser)]
#[command(name = "bare_collector", version)]
pub(crate) struct Flags {
    /// scoopd's own.
    #[command(flatten)]
    pub(crate) config: Config,

    /// Where the sources run
    #[arg(long, value_enum)]
    pub(crate) runtime: Flavour,
}

/// tokio's two runtimes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Flavour {
    /// A worker for each core, the default of `#[tokio::main]`.
    MultiThread,
    /// Everything on the main thread.
    CurrentThread,
}
