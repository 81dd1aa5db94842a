//! What can be asked for, and the short answers.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use spumoni::prelude::*;
use tokio::sync::Mutex;

use super::{ingest::ingest, query::query, refusal::Refusal};
use crate::{counters::Counters, prometheus, queue::QueueHandle, store::Reader, totals::Totals};

/// What the handlers share.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) queue: QueueHandle,
    pub(super) counters: Arc<Counters>,
    pub(super) totals: Arc<Totals>,
    pub(super) reader: Arc<Mutex<Reader>>,
    /// The HTTP service's own: knows of a stop, and the runner.
    pub(super) cx: Context,
}

/// The whole of what scoopd answers to.
pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/ingest", post(ingest))
        .route("/query", get(query))
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

async fn readyz(State(app): State<App>) -> Result<&'static str, Refusal> {
    if app.cx.is_stopping() { Err(Refusal::stopping()) } else { Ok("ready\n") }
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let (series, left_out) = app.totals.snapshot();
    let page = prometheus::page(app.counters.read(), app.queue.held(), left_out, series);
    ([(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)], page)
}

async fn status(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let tree = app.cx.handle().tree();
    if !wants_json(&headers) {
        return Ok(format!("{tree}\n").into_response());
    }
    let json = serde_json::to_vec(&tree)
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.into_iter().any(|value| value.contains("application/json"))
}

async fn unknown() -> Refusal {
    let reason = "there is /ingest /query /metrics /status /livez /readyz";
    Refusal::new(StatusCode::NOT_FOUND, reason)
}

async fn wrong_method() -> Refusal {
    let reason = "POST goes to /ingest, GET to everything else";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, reason)
}
