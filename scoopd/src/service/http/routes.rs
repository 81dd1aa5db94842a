//! What can be asked for, and the short answers.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use spumoni::{Health, Probe};

use super::{app::App, ingest::ingest, query::query, refusal::Refusal};
use crate::prometheus;

/// The whole of what scoopd answers to.
pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/ingest", post(ingest))
        .route("/query", get(query))
        .route("/metrics", get(metrics))
        .route("/livez", get(probe))
        .route("/readyz", get(probe))
        .route("/startupz", get(probe))
        .route("/status", get(status))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// How the runner is: as a status for supervisors, and in lines for people.
async fn probe(State(app): State<App>, uri: Uri) -> Result<Response, Refusal> {
    let Some(probe) = Probe::of_path(uri.path()) else { return Err(unknown().await) };
    let health = health(&app).await?;
    let status = StatusCode::from_u16(health.status(probe));
    let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Err(Refusal::unavailable(health.to_string()));
    }
    Ok((status, format!("{health}\n")).into_response())
}

async fn health(app: &App) -> Result<Health, Refusal> {
    app.probes.health().await.ok_or_else(Refusal::stopping)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let (series, left_out) = app.totals.snapshot();
    let page = prometheus::page(app.counters.read(), app.queue.held(), left_out, series);
    ([(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)], page)
}

async fn status(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let (health, tree) = (health(&app).await?, app.cx.handle().tree());
    if !wants_json(&headers) {
        return Ok(format!("{health}\n\n{tree}\n").into_response());
    }
    let json = serde_json::to_vec(&serde_json::json!({ "health": health, "tree": tree }))
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.into_iter().any(|value| value.contains("application/json"))
}

async fn unknown() -> Refusal {
    let reason = "there is /ingest /query /metrics /status /livez /readyz /startupz";
    Refusal::new(StatusCode::NOT_FOUND, reason)
}

async fn wrong_method() -> Refusal {
    let reason = "POST goes to /ingest, GET to everything else";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, reason)
}
