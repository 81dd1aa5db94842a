//! What the tests of spumoni share.
#![forbid(unsafe_code)]

pub mod calls;
pub mod fake;
pub mod gate;
pub mod witness;
pub mod contract;
pub mod each;
pub mod told;
pub mod program;
pub mod page;

use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, Builder};
use std::time::Duration;

use spumoni::ServiceRunner;

/// The deadline of a test that says nothing about time: far more than it takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

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

/// A runner that leaves the signals of the test process alone.
#[must_use]
pub fn runner() -> ServiceRunner {
    let built = ServiceRunner::builder().signals(false).build();
    built.expect("the defaults are good")
}

/// Runs what is left and insists on a clean end.
#[track_caller]
pub fn finish(runner: ServiceRunner) {
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    assert!(report.contained().is_empty(), "{report}");
}

/// Waits for what nobody tells: looks again and again. For conditions that have no event.
pub fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// The test of this name in a process of its own, for what ends a process. The test finds
/// [`is_child`] true there.
#[must_use]
pub fn child(test: &str) -> Command {
    let this = std::env::current_exe().expect("the path of the tests");
    let mut command = Command::new(this);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, "1").env_remove("RUST_BACKTRACE");
    command
}

/// Whether this process was made by [`child`].
#[must_use]
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

const CHILD: &str = "SPUMONI_TEST_CHILD";
