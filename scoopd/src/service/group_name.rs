//! The group of a service's connections, of which each run has its own.

use spumoni::Context;

/// `http-connections`; of a run after a restart, `http-connections-2`: what is left of the run before may still be
/// on its way out.
pub(super) fn group_name(cx: &Context, runs_before: u32) -> String {
    match runs_before {
        0 => format!("{}-connections", cx.name()),
        runs => format!("{}-connections-{}", cx.name(), runs.saturating_add(1)),
    }
}
