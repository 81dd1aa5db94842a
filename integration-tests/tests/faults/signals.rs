//! What programs that are started here see of our signals: row 108.

use std::fs;
use std::process::Command;

use integration_tests::{LIMIT, within};
use spumoni::prelude::*;
use spumoni::signal;

use crate::{here, in_child};

/// Blocked, ignored and caught signals, as `/proc` tells them.
fn masks(status: &str) -> Vec<&str> {
    let kinds = ["SigBlk:", "SigIgn:", "SigCgt:"];
    status.lines().filter(|line| kinds.iter().any(|kind| line.starts_with(kind))).collect()
}

/// What a program that is started now has.
fn started() -> String {
    let output = Command::new("cat").arg("/proc/self/status").output().expect("cat");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn f108_programs_that_payloads_start_have_their_signals_as_if_there_were_no_runner() {
    const NAME: &str =
        "f108_programs_that_payloads_start_have_their_signals_as_if_there_were_no_runner";
    let body = || {
        let before = started();
        assert_eq!(masks(&before).len(), 3, "{before}");
        signal::hold().expect("a thread");
        let runner = ServiceRunner::new();
        let handle = runner.handle();
        let running = std::thread::spawn(move || runner.run_until_stopped());
        // On a lane and on a thread of the pool.
        let of_lane = handle.execute(Smol, async || started()).expect("an answer");
        let of_thread = handle.spawn(Thread, started).expect("taken").join().expect("an answer");
        let here = fs::read_to_string("/proc/self/status").expect("of linux");
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
        assert_ne!(masks(&before), masks(&here), "signals are handled here");
        assert_eq!(masks(&before), masks(&of_lane));
        assert_eq!(masks(&before), masks(&of_thread));
    };
    within(LIMIT, move || {
        in_child(&here(module_path!(), NAME), body, |ended| ended.assert_well());
    });
}
