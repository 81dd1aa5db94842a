//! A whole daemon as a process: what it prints where, and its exit codes.

use std::process::Command;

use integration_tests::program::{End, Program};
use integration_tests::{LIMIT, within};

fn end(line: &[&str], environment: &[(&'static str, &'static str)]) -> End {
    let mut command = Command::new(env!("CARGO_BIN_EXE_operated"));
    command.args(line).envs(environment.iter().copied());
    Program::of(&mut command).end()
}

#[test]
fn what_is_asked_for_goes_to_standard_output_and_ends_with_zero() {
    within(LIMIT, || {
        let version = end(&["--version"], &[]);
        assert_eq!((version.code, &*version.lines), (Some(0), &["operated 1.2.3".to_owned()][..]));
        let help = end(&["--help"], &[]);
        assert_eq!(help.code, Some(0), "{help:?}");
        assert!(help.lines.iter().any(|line| line.contains("OPERATED_HTTP_LISTEN")), "{help:?}");
        let check = end(&["--check"], &[("OPERATED_STORE_PATH", "/s")]);
        assert_eq!(check.lines, ["operated: all is well, the order is store, http"]);
        assert_eq!((check.code, check.errors.as_str()), (Some(0), ""));
        let list = end(&["--list-services", "--store-path=/s"], &[]);
        assert_eq!((list.code, list.lines.len()), (Some(0), 3), "{list:?}");
    });
}

#[test]
fn what_is_wrong_goes_to_standard_error_and_ends_with_two() {
    within(LIMIT, || {
        for line in [&["--check"][..], &["--store-pth", "x"], &["--http-listen", "x"], &[]] {
            let end = end(line, &[]);
            assert_eq!((end.code, end.lines.len()), (Some(2), 0), "{line:?}: {end:?}");
            assert!(end.errors.starts_with("error: "), "{line:?}: {end:?}");
        }
        let list = end(&["--list-services"], &[]);
        assert_eq!((list.code, list.lines.len()), (Some(2), 3), "{list:?}");
    });
}

#[test]
fn a_daemon_runs_with_its_options_until_it_is_signalled() {
    within(LIMIT, || {
        let line = ["--store-path", "/s", "--http-listen", "127.0.0.1:1"];
        let mut daemon = Program::start(env!("CARGO_BIN_EXE_operated"), &line);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:1");
        daemon.signal("HUP", 1);
        daemon.expect("loaded anew");
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert_eq!(end.code, Some(0), "{end:?}");
    });
}
