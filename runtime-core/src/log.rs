//! What the runner tells by `tracing`, all under the target `spumoni`.
//!
//! A message may print an error of the user's, and goes to a subscriber of the user's. Both are user code:
//! a panic in there is caught, and ends nothing.

use std::fmt::Arguments;

use crate::unwind::guard;

pub(crate) fn error(message: Arguments<'_>) {
    let _ = guard(|| tracing::error!(target: "spumoni", "{message}"));
}

pub(crate) fn warn(message: Arguments<'_>) {
    let _ = guard(|| tracing::warn!(target: "spumoni", "{message}"));
}

pub(crate) fn info(message: Arguments<'_>) {
    let _ = guard(|| tracing::info!(target: "spumoni", "{message}"));
}
