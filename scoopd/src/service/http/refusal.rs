//! Every answer that is not a yes: a status for programs, a line for people.

use std::borrow::Cow;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// Why a request did not get what it asked for.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    reason: Cow<'static, str>,
}

impl Refusal {
    /// The request is wrong; the same one will be refused again.
    pub(super) fn bad(reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, reason)
    }

    /// Not now; the same request may do later.
    pub(super) fn unavailable(reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    }

    /// What everybody gets who comes after a stop was asked.
    pub(super) fn stopping() -> Refusal {
        Refusal::unavailable("scoopd is stopping; nothing was stored")
    }

    /// Something else.
    pub(super) fn new(status: StatusCode, reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { status, reason: reason.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let line = format!("{}\n", self.reason);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            return (self.status, [(header::RETRY_AFTER, "1")], line).into_response();
        }
        (self.status, line).into_response()
    }
}
