//! Reads a request's body within bounds of size and time.

use std::{future::Future, time::Duration};

use axum::{
    body::{Body, BodyDataStream, HttpBody as _},
    http::StatusCode,
};
use futures_lite::{StreamExt as _, future::or};
use tokio::time::{sleep, timeout};

use super::refusal::Refusal;
use crate::stop::Stop;

/// Most bytes of a body.
const LIMIT: usize = 1024 * 1024;
/// How much more is read and thrown away.
const THROWN_AWAY: usize = 8 * LIMIT;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a body that has begun may still take once a stop is asked.
const LAST_CHANCE: Duration = Duration::from_millis(500);

pub(super) async fn read(body: Body, stop: &Stop) -> Result<Vec<u8>, Refusal> {
    or(in_time(collect(body)), async {
        stop.asked().await;
        sleep(LAST_CHANCE).await;
        Err(Refusal::stopping())
    })
    .await
}

async fn in_time(
    reading: impl Future<Output = Result<Vec<u8>, Refusal>>,
) -> Result<Vec<u8>, Refusal> {
    let slow = || Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long");
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| Err(slow()))
}

async fn collect(body: Body) -> Result<Vec<u8>, Refusal> {
    if body.size_hint().lower() > (LIMIT + THROWN_AWAY) as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad("the body ended too early"))?;
        if bytes.len() + chunk.len() > LIMIT {
            throw_away(chunks).await;
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn throw_away(mut chunks: BodyDataStream) {
    let mut left = THROWN_AWAY;
    while let Some(Ok(chunk)) = chunks.next().await
        && left >= chunk.len()
    {
        left -= chunk.len();
    }
}

fn too_large() -> Refusal {
    let reason = format!("the body is larger than {LIMIT} bytes; nothing was stored");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
}
