//! What the flags say: the shortest of scoopd's, and on which runtime.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    Parser, ValueEnum,
    builder::{PathBufValueParser, TypedValueParser as _},
};

use crate::values;

/// scoopd without spumoni, to be compared with it.
#[derive(Debug, Parser)]
#[command(name = "bare_collector", version)]
pub(crate) struct Flags {
    /// Where to listen for HTTP
    #[arg(long, default_value = "127.0.0.1:8080", value_parser = values::address)]
    pub(crate) http: SocketAddr,

    /// Where to listen for statsd lines, UDP and TCP
    #[arg(long, default_value = "127.0.0.1:8125", value_parser = values::address)]
    pub(crate) statsd: SocketAddr,

    /// The database file, made if it is not there
    #[arg(long, default_value_os_t = values::default_db(), value_parser = PathBufValueParser::new().try_map(values::file))]
    pub(crate) db: PathBuf,

    /// How long a stop may take
    #[arg(long, default_value = "10s", value_parser = values::pause)]
    pub(crate) grace: Duration,

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
