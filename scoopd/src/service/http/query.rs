//! `GET /query?name=…&limit=…`: what is known of a name, as JSON.

use std::fmt;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use spumoni::prelude::*;

use super::{app::App, refusal::Refusal};

/// Most samples and rollups of one answer.
const MAX_LIMIT: u32 = 10_000;

/// What stands behind the `?`.
#[derive(Debug, Deserialize)]
pub(super) struct Question {
    name: String,
    #[serde(default = "usual_limit")]
    limit: u32,
}

fn usual_limit() -> u32 {
    100
}

/// Asks the database on a thread, one question at a time: they are short, and no flood of them
/// takes up more than that one.
pub(super) async fn query(
    State(app): State<App>,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Question { name, limit }) = question.map_err(|error| {
        Refusal::bad(format!("{}; expected /query?name=…&limit=…", error.body_text()))
    })?;
    if limit > MAX_LIMIT {
        return Err(Refusal::bad(format!("the limit is at most {MAX_LIMIT}")));
    }
    let reader = app.reader.clone().lock_owned().await;
    let asked = app.cx.handle().spawn(Thread, move || -> anyhow::Result<Vec<u8>> {
        Ok(serde_json::to_vec(&reader.query(name, limit)?)?)
    });
    let answer = asked.map_err(|_refused| Refusal::stopping())?.await;
    let json = answer.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

fn failed(error: &dyn fmt::Display) -> Refusal {
    let reason = format!("the database could not be read: {error}");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, reason)
}
