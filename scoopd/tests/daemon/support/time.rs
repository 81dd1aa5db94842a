//! How long anything may take before it counts as a hang.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Long, for a busy machine; nothing waits for it but a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Looks again and again until `look` finds something; for what tells nobody when it happens.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}
