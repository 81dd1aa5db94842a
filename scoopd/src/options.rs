//! Options of the daemon as a whole; each service has its own beside it.

use std::{net::SocketAddr, time::Duration};

use crate::values;

/// What several services have to know.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Where to listen for statsd lines, UDP and TCP; port 0 takes free ones
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8125", value_parser = values::address)]
    pub(crate) statsd: SocketAddr,

    /// How long a stop may take, such as 5s or 500ms
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = values::pause)]
    pub(crate) grace: Duration,
}
