//! The services, one file or folder each, every one on the flavour that suits it.

mod take_line;
mod http;
mod rollup;
mod statsd_tcp;
mod statsd_udp;
mod writer;

pub(crate) use http::Http;
pub(crate) use rollup::Rollup;
pub(crate) use statsd_tcp::StatsdTcp;
pub(crate) use statsd_udp::StatsdUdp;
pub(crate) use writer::Writer;
