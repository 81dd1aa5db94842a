//! Runs the examples and holds them to what their headers say: output, reports, exit code.
//!
//! `cargo test` builds them beforehand. With `--test examples` alone it does not: then say
//! `cargo build --examples --features full` first, as `ci/examples.sh` does.
#![cfg(all(
    feature = "cli",
    feature = "macros",
    feature = "smol",
    feature = "thread",
    feature = "tokio"
))]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, thread};

/// What the header of an example says of it.
#[derive(Debug, PartialEq)]
struct Promise {
    stdout: String,
    /// Each stands somewhere on standard error.
    stderr: Vec<String>,
    code: i32,
}

#[test]
fn the_adopt_example_does_what_its_header_says() {
    check("01_adopt");
}

#[test]
fn the_execute_example_does_what_its_header_says() {
    check("02_execute");
}

#[test]
fn the_spawn_example_does_what_its_header_says() {
    check("03_spawn");
}

#[test]
fn the_service_example_does_what_its_header_says() {
    check("04_service");
}

#[test]
fn the_failure_example_does_what_its_header_says() {
    check("05_failure");
}

#[test]
fn the_stop_example_does_what_its_header_says() {
    check("06_stop");
}

#[test]
fn the_fan_out_example_does_what_its_header_says() {
    check("07_fan_out");
}

#[test]
fn the_server_example_does_what_its_header_says() {
    check("08_server");
}

#[test]
fn the_first_two_example_does_what_its_header_says() {
    check("09_first_two");
}

#[test]
fn the_barrier_example_does_what_its_header_says() {
    check("10_barrier_semaphore");
}

#[test]
fn the_cache_example_does_what_its_header_says() {
    check("11_cache");
}

#[test]
fn the_test_bench_example_does_what_its_header_says() {
    check("12_test_bench");
}

#[test]
fn the_queue_example_does_what_its_header_says() {
    check("13_queue");
}

#[test]
fn the_children_example_does_what_its_header_says() {
    check("14_children");
}

#[test]
fn the_daemon_example_does_what_its_header_says() {
    check("15_daemon");
}

#[test]
fn every_example_is_checked_and_short() {
    let this = fs::read_to_string(root().join("tests/examples.rs")).unwrap();
    let files: Vec<_> = fs::read_dir(root().join("examples")).unwrap().flatten().collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let path = file.path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(this.contains(&format!("check(\"{name}\")")), "{name} is not checked");
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 60, "{name} has {lines} lines");
    }
}

fn check(name: &str) {
    let source = fs::read_to_string(root().join(format!("examples/{name}.rs"))).unwrap();
    let promise = Promise::of(&source);
    assert!(!promise.stdout.is_empty(), "{name} promises no output");
    let (stdout, stderr, code) = run(name);
    assert_eq!(stdout, promise.stdout, "standard output of {name}; standard error: {stderr}");
    for line in &promise.stderr {
        assert!(stderr.contains(line), "{name} does not say `{line}`: {stderr}");
    }
    assert_eq!(code, Some(promise.code), "exit code of {name}: {stderr}");
    println!("example: {name} ran as its header says");
}

impl Promise {
    fn of(source: &str) -> Self {
        let header = source.lines().map_while(|line| line.strip_prefix("//!"));
        let header: String = header
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let mut blocks = header.split("```").skip(1).step_by(2);
        let mut block =
            || blocks.next().and_then(|block| block.strip_prefix("text\n")).unwrap_or_default();
        let stdout = block().to_owned();
        let stderr = block().lines().map(str::to_owned).collect();
        let code = header.lines().find_map(|line| line.strip_prefix("Exit code: "));
        let code =
            code.and_then(|code| code.parse().ok()).expect("the header ends with the exit code");
        Promise { stdout, stderr, code }
    }
}

/// Runs it in the root of the repository; one that does not end is killed, and fails.
fn run(name: &str) -> (String, String, Option<i32>) {
    let program = program(name);
    let age = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let source = root().join(format!("examples/{name}.rs"));
    assert!(
        age(&program) >= age(&source),
        "{} is not built from {name}.rs as it is",
        program.display()
    );
    let child = Command::new(&program)
        .current_dir(root())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let id = child.id();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(Duration::from_secs(60)) else {
        let _ = Command::new("kill").arg("-KILL").arg(id.to_string()).status();
        panic!("{name} did not end");
    };
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// `target/PROFILE/examples/NAME`, found from `target/PROFILE/deps/examples-HASH`.
fn program(name: &str) -> PathBuf {
    let this = env::current_exe().unwrap();
    let profile = this.parent().and_then(Path::parent).unwrap();
    profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_header_is_read_into_its_promise() {
    let source = "//! It prints\n//! ```text\n//! a\n//!  b\n//! ```\n//! and\n//! ```text\n//! c\n//! d\n//! ```\n//! Exit code: 3\nfn main() {}";
    let stderr = vec!["c".to_owned(), "d".to_owned()];
    assert_eq!(Promise::of(source), Promise { stdout: "a\n b\n".to_owned(), stderr, code: 3 });
}
