//! `POST /ingest`: a 200 is a promise that the records are committed.

use std::time::Duration;

use axum::{body::Body, extract::State};
use tokio::time::timeout;

use super::{app::App, body, refusal::Refusal};
use crate::{queue::Receipt, statsd::parse_body};

/// How long a sender waits for the writer to begin with its batch before that is taken back.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits for the commit then; a large body takes its time on a slow machine.
const MORE_PATIENCE: Duration = Duration::from_secs(30);

/// Takes all lines of the body, or none.
pub(super) async fn ingest(State(app): State<App>, body: Body) -> Result<String, Refusal> {
    if app.cx.is_stopping() {
        return Err(Refusal::stopping());
    }
    let body = body::read(body, &app.cx).await?;
    let records = parse_body(&body).map_err(|error| {
        app.counters.bad_lines(1);
        Refusal::bad(format!("{error}; nothing was stored"))
    })?;
    let n = records.len();
    if n == 0 {
        return Err(Refusal::bad("the body has no lines (expected `name:value|type`)"));
    }
    let receipt = app
        .queue
        .try_push(records)
        .map_err(|refused| Refusal::unavailable(format!("{refused}; nothing was stored")))?;
    committed(receipt).await?;
    Ok(format!("stored {n}\n"))
}

async fn committed(mut receipt: Receipt) -> Result<(), Refusal> {
    let late = || Refusal::unavailable("the database cannot keep up; nothing was stored");
    if let Ok(outcome) = timeout(PATIENCE, receipt.committed()).await {
        return outcome.map_err(|error| Refusal::unavailable(error.to_string()));
    }
    if receipt.withdraw() {
        return Err(late());
    }
    // The writer has begun with it. So it is stored soon, or something is very wrong.
    let unknown =
        || Refusal::unavailable("the database is stuck; the records may be stored or not");
    let outcome = timeout(MORE_PATIENCE, receipt.committed()).await.map_err(|_| unknown())?;
    outcome.map_err(|error| Refusal::unavailable(error.to_string()))
}
