//! What must not hurt, row by row of `docs/faults.md`: the faults that belong to no other test.
//!
//! A test's name begins with the numbers of the rows that it shows. What belongs to a whole process, its
//! limits and its end, is tried in a child: the same test, started anew.

mod payloads;
mod submitting;
mod stopping;
mod signals;
mod resources;
mod mixed;
mod page;

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use integration_tests::each::Any;
use integration_tests::{LIMIT, child, is_child, within};

/// How a child ended.
struct Ended {
    output: Output,
    errors: String,
}

impl Ended {
    #[track_caller]
    fn of(mut command: Command) -> Self {
        let output = command.output().expect("a child");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Ended { output, errors }
    }

    #[track_caller]
    fn assert_well(&self) {
        let said = String::from_utf8_lossy(&self.output.stdout);
        assert!(self.output.status.success(), "{}\n{said}\n{}", self.output.status, self.errors);
    }

    #[track_caller]
    fn assert_aborted(&self) {
        const SIGABRT: i32 = 6;
        assert_eq!(self.output.status.signal(), Some(SIGABRT), "{}", self.errors);
    }
}

/// Where a test stands, for a child process: `here(module_path!(), "f001_…")`.
fn here(module: &str, test: &str) -> String {
    // Without the name of the crate.
    module.split_once("::").map_or(test.to_owned(), |(_, rest)| format!("{rest}::{test}"))
}

/// The same for one that `on_each!` and its kin made.
fn here_on(module: &str, kind: &str, flavour: impl Any, test: &str) -> String {
    here(module, &format!("{}::{test}", kind.replace('F', &flavour.name().replace('-', "_"))))
}

/// Runs `body` in a child process, and looks at its end here.
fn in_child(
    test: &str,
    body: impl FnOnce() + Send + 'static,
    end: impl FnOnce(Ended) + Send + 'static,
) {
    if is_child() {
        return within(LIMIT, body);
    }
    let command = child(test);
    within(LIMIT, || end(Ended::of(command)));
}

/// Runs `body` in a child process that belongs to a user of its own, whose limits count for nobody else;
/// it must end well. Needs the right to run as another user, and is skipped without it.
fn as_somebody(test: &str, body: impl FnOnce() + Send + 'static) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    if is_child() {
        return within(LIMIT, body);
    }
    let user = 1_000_000 + std::process::id() * 16 + NEXT.fetch_add(1, Ordering::Relaxed) % 16;
    // The right to change the user, and that user's right to come to this program.
    let this = std::env::current_exe().expect("the path of the tests");
    let may = Command::new(this).arg("--list").uid(user).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no right to run these tests as user {user}");
        return;
    }
    let mut command = child(test);
    command.uid(user);
    within(LIMIT, || Ended::of(command).assert_well());
}
