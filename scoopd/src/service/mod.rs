//! The services, one file or folder each, every one on the flavour that suits it, with options of its own.
//!
//! ```text
//! http, statsd-udp, statsd-tcp, rollup, retention ──after──▶ store
//! http ──after──▶ probes
//! ```
//!
//! `rollup` and `retention` are functions: they are found without being listed in `daemon`. So the store is there before
//! anything comes in, and is asked to stop when nothing comes in any more.

mod group_name;
mod take_line;
mod store;
mod probes;
mod http;
mod statsd_udp;
mod statsd_tcp;
mod rollup;
mod retention;
#[cfg(feature = "gremlin")]
mod gremlin;

use group_name::group_name;
pub(crate) use http::{Http, HttpOptions};
pub(crate) use probes::Probes;
pub(crate) use statsd_tcp::{StatsdTcp, StatsdTcpOptions};
pub(crate) use statsd_udp::{StatsdUdp, StatsdUdpOptions};
pub(crate) use store::{Store, StoreOptions};
