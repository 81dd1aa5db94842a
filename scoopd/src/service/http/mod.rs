//! HTTP: axum's router behind a server of our own, which lets no slow client hold up anybody.

mod app;
mod body;
mod connection;
mod ingest;
mod query;
mod refusal;
mod routes;
mod server;
mod unit;

pub(crate) use unit::{Http, HttpOptions};
