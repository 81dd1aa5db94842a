//! What the tests of spumoni share.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, Builder};
use std::time::Duration;

/// Runs a test's body on a thread of its own and fails the test when it is not over in time, so
/// that a hang is a failure with a name. A panic of the body is the test's panic.
pub fn within<T: Send + 'static>(limit: Duration, body: impl FnOnce() -> T + Send + 'static) -> T {
    let test = thread::current().name().unwrap_or("test").to_owned();
    let (done, over) = channel();
    let runs = Builder::new()
        .name(test.clone())
        .spawn(move || {
            let value = body();
            let _ = done.send(());
            value
        })
        .expect("a thread for the body");
    match over.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => panic!("{test}: not over after {limit:?}"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => match runs.join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}
