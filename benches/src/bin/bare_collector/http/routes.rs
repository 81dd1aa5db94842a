//! What can be asked for, and the short answers.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use tokio::{runtime::Handle, sync::Mutex};

use super::{ingest::ingest, query::query, refusal::Refusal};
use crate::{
    counters::Counters, database::Reader, prometheus, queue::QueueHandle, stop::Stop,
    totals::Totals,
};

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) queue: QueueHandle,
    pub(crate) counters: Arc<Counters>,
    pub(crate) totals: Arc<Totals>,
    pub(crate) reader: Arc<Mutex<Reader>>,
    pub(crate) stop: Stop,
}

/// The whole of what it answers to.
pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/ingest", post(ingest))
        .route("/query", get(query))
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared)
}

async fn readyz(State(shared): State<Shared>) -> Result<&'static str, Refusal> {
    if shared.stop.is_asked() { Err(Refusal::stopping()) } else { Ok("ready\n") }
}

async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let (series, left_out) = shared.totals.snapshot();
    let page = prometheus::page(shared.counters.read(), shared.queue.held(), left_out, series);
    ([(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)], page)
}

/// tokio has no tree to show; how many tasks there are is what it knows.
async fn status() -> String {
    format!("{} tasks\n", Handle::current().metrics().num_alive_tasks())
}

async fn unknown() -> Refusal {
    let reason = "there is /ingest /query /metrics /status /livez /readyz";
    Refusal::new(StatusCode::NOT_FOUND, reason)
}

async fn wrong_method() -> Refusal {
    let reason = "POST goes to /ingest, GET to everything else";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, reason)
}
