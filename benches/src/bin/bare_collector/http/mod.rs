//! HTTP: axum's router behind a server of our own, as in scoopd.

mod body;
mod connection;
mod ingest;
mod query;
#[path = "../../../../../scoopd/src/service/http/refusal.rs"]
mod refusal;
mod routes;
mod server;

pub(crate) use routes::Shared;
pub(crate) use server::run;
