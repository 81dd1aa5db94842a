//! The report: as text for people, as an exit code for the process, as data.
//!
//! FAULTS 1 to 3 (P3), 16, 18, 24, 65, 105; BEHAVIOURS S84, O32; PEERS test list 3, 17. The headline of
//! PEERS section 0 is here: a lane held for 6 s, a budget of 0.5 s.

use std::future::pending;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::program::{End, Program};
use integration_tests::witness::Bomb;
use integration_tests::{LIMIT, runner, until, within};
use serde_json::Value;
use spumoni::prelude::*;
use spumoni::{StopReason, TaskState};

const ENDING: &str = env!("CARGO_BIN_EXE_ending");
const FLAVOURS: [&str; 4] = ["tokio", "smol", "async-std", "thread"];

/// What a loaded machine may add to a deadline, in milliseconds.
const NOISE: u128 = 2000;

fn ending(way: &str, flavour: &str) -> End {
    Program::start(ENDING, &[way, flavour]).end()
}

// -- exit codes

#[test]
fn main_that_returns_the_report_ends_with_its_code_and_prints_it() {
    within(LIMIT, || {
        for flavour in FLAVOURS {
            for (way, code, text) in [
                ("clean", 0, "nothing was left to do"),
                ("error", 1, "the cause"),
                ("panic", 101, "on purpose"),
            ] {
                let end = ending(way, flavour);
                assert_eq!(end.code, Some(code), "{way} on {flavour}: {end:?}");
                assert!(end.errors.contains(text), "{way} on {flavour}: {end:?}");
                assert!(end.errors.contains("spumoni: stopped in"), "{end:?}");
            }
        }
    });
}

/// PEERS 0, FAULTS 16 and 18: the peers take 6.0 s and say `Ok(())`.
#[test]
fn f017_f018_f077_a_payload_that_sleeps_for_six_seconds_does_not_keep_a_stop_from_its_budget_of_half_a_second()
 {
    within(LIMIT, || FLAVOURS.map(|flavour| assert_leaves("sleeping", flavour)));
}

/// FAULTS 16: a loop that never yields burns its core and nothing else.
#[test]
fn f016_a_payload_that_spins_for_six_seconds_does_not_keep_a_stop_from_its_budget_of_half_a_second()
{
    within(LIMIT, || FLAVOURS.map(|flavour| assert_leaves("spinning", flavour)));
}

fn assert_leaves(way: &str, flavour: &str) {
    let end = ending(way, flavour);
    assert_eq!(end.code, Some(3), "{end:?}");
    let [line] = &*end.lines else {
        panic!("{end:?}");
    };
    let took = line.rsplit(' ').next().and_then(|millis| millis.parse::<u128>().ok());
    let took = took.expect("milliseconds");
    assert!(took < 600 + NOISE, "{flavour}: {took}");
    // Who, on which flavour, from where, since when.
    let who = format!("{flavour} task `holder` from ");
    assert!(end.errors.contains(&who), "{end:?}");
    assert!(end.errors.contains("has held its thread for"), "{end:?}");
    assert!(end.errors.contains("did not stop in time"), "{end:?}");
    // The process has left as well: long before the payload would have.
    let slack = Duration::from_millis(600) + Duration::from_secs(3);
    assert!(end.lived < slack, "{end:?}");
}

/// FAULTS 24.
#[test]
fn f024_a_payload_that_exits_the_process_ends_it_with_its_own_code() {
    within(LIMIT, || {
        for flavour in FLAVOURS {
            let end = ending("exit", flavour);
            assert_eq!(end.code, Some(3), "{flavour}: {end:?}");
            assert_eq!(end.errors, "");
        }
    });
}

/// FAULTS 65.
#[test]
fn f065_a_forgotten_runner_keeps_no_process_from_leaving() {
    within(LIMIT, || {
        for flavour in FLAVOURS {
            assert_eq!(ending("forgotten", flavour).code, Some(0), "{flavour}");
        }
    });
}

/// FAULTS 105.
#[test]
fn f105_a_report_that_cannot_be_printed_still_sets_the_code() {
    within(LIMIT, || {
        for (way, code) in [("clean", 0), ("error", 1), ("panic", 101)] {
            let mut child = Command::new(ENDING)
                .arg(way)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("a child");
            // Nobody reads, and the pipes are closed.
            drop((child.stdout.take(), child.stderr.take()));
            let status = child.wait().expect("a child to wait for");
            assert_eq!(status.code(), Some(code), "{way}");
        }
    });
}

// -- text

/// The lines of a report, without what differs from run to run: durations and places.
fn lines(report: &StopReport) -> Vec<String> {
    let text = report.to_string();
    let word = |word: &str| {
        let bare = word.trim_end_matches([':', ',', ';', ')']);
        let rest = &word[bare.len()..];
        let is_time = ["ns", "µs", "ms", "s"].iter().any(|unit| {
            let number = bare.strip_suffix(unit).unwrap_or("?");
            number.parse::<f64>().is_ok()
        });
        if is_time {
            return format!("TIME{rest}");
        }
        if bare.contains(".rs:") {
            return format!("{}HERE{rest}", if bare.starts_with('(') { "(" } else { "" });
        }
        word.to_owned()
    };
    let line = |line: &str| {
        let words: Vec<_> = line.split(' ').map(word).collect();
        words.join(" ")
    };
    text.lines().map(line).collect()
}

#[test]
fn a_clean_report_is_one_line() {
    within(LIMIT, || {
        let report = runner().run();
        assert_eq!(lines(&report), ["spumoni: stopped in TIME: nothing was left to do"]);
        assert!(report.is_clean());
        assert_eq!(report.reason(), &StopReason::Finished);
        let asked = runner();
        asked.stop();
        assert_eq!(lines(&asked.run()), ["spumoni: stopped in TIME: asked for at HERE"]);
    });
}

#[test]
fn a_report_says_everything_as_a_tree() {
    within(LIMIT, || {
        let runner = ServiceRunner::builder()
            .name("gateway")
            .signals(false)
            .grace(Duration::ZERO)
            .build()
            .expect("good settings");
        let free = Gate::default();
        let holds = free.clone();
        let holder = runner.task("holder").adopt(Thread, move || holds.pass_blocking());
        holder.expect("taken");
        free.wait_for(1);
        let bomber = runner.task("bomber").spawn(Smol, async || {
            let _bomb = Bomb;
            pending::<()>().await
        });
        let bomber = bomber.expect("taken");
        until(|| bomber.state() == TaskState::Running);
        let both = Arc::new(Barrier::new(2));
        let meet = Arc::clone(&both);
        // Two failures in a known order: the second fails when the first has been heard of.
        let first = runner.task("first").adopt(Tokio, async move || {
            meet.wait();
            Err::<(), _>(anyhow::anyhow!("no such host").context("cannot connect"))
        });
        first.expect("taken");
        let handle = runner.handle();
        let second = runner.adopt(AsyncStd, async move || -> () {
            both.wait();
            until(|| handle.is_stopping());
            panic!("out of paint")
        });
        second.expect("taken");
        // All that ends at all has ended; what panics takes its time, if its backtrace is looked up.
        until(|| runner.is_stopping() && runner.tree().alive() == 1);
        runner.stop_within(Duration::from_millis(50));
        let report = runner.run();
        assert_eq!(
            lines(&report),
            [
                "gateway: stopped in TIME: a task failed",
                "├─ failed",
                "│  ├─ root cause, at TIME: tokio task `first`: cannot connect: no such host",
                "│  └─ at TIME: async-std task #ID from HERE: panicked: out of paint (at HERE)"
                    .replace("#ID", &report.failures()[1].task().id().to_string())
                    .as_str(),
                "├─ did not stop in time",
                "│  └─ thread task `holder` from HERE has held its thread for TIME",
                "└─ panicked in a destructor, which was contained",
                "   └─ smol task `bomber`: panicked: the bomb went off (at HERE)",
            ]
        );
        assert_eq!(report.runner(), "gateway");
        assert_eq!(report.exit_code(), 1);
        let debug = format!("{report:?}");
        assert!(debug.contains("Failure") && debug.contains("exit_code"), "{debug}");
        drop(bomber);
        free.open();
    });
}

#[test]
fn tasks_behind_a_straggler_are_counted_and_not_listed() {
    within(LIMIT, || {
        let runner = runner();
        let free = Gate::default();
        let holds = free.clone();
        let holder = runner.task("holder").adopt(Smol, async move || holds.pass_blocking());
        holder.expect("taken");
        free.wait_for(1);
        for _ in 0..3 {
            runner.adopt(Smol, async || ()).expect("taken");
        }
        runner.stop_within(Duration::from_millis(50));
        let report = runner.run();
        assert_eq!(report.left(), 3);
        assert_eq!(
            lines(&report),
            [
                "spumoni: stopped in TIME: asked for at HERE",
                "└─ did not stop in time",
                "   ├─ smol task `holder` from HERE has held its thread for TIME",
                "   └─ 3 more tasks, behind these",
            ]
        );
        free.open();
    });
}

/// Of any error the whole chain, of any text each line: nothing is cut.
#[test]
fn an_error_of_many_lines_and_causes_is_shown_whole() {
    within(LIMIT, || {
        let runner = runner();
        runner
            .adopt(Thread, || {
                let error =
                    anyhow::anyhow!("bottom").context("middle\nof two lines").context("top");
                Err::<(), _>(error)
            })
            .expect("taken");
        let text = runner.run_until_stopped().to_string();
        assert!(text.contains("top: middle"), "{text}");
        assert!(text.contains("of two lines: bottom"), "{text}");
    });
}

// -- data

#[test]
fn a_report_serialises_with_all_that_its_text_says() {
    within(LIMIT, || {
        let runner = runner();
        let fail = || anyhow::bail!("the cause");
        let id = runner.task("culprit").adopt(Thread, fail).expect("taken");
        let report = runner.run_until_stopped();
        let data = serde_json::to_value(&report).expect("serialises");
        assert_eq!(data["runner"], "spumoni");
        assert_eq!(data["exit_code"], 1);
        assert_eq!(data["forced"], false);
        assert_eq!(data["left"], 0);
        assert_eq!(data["abandoned"], Value::Array(Vec::new()));
        let failure = &data["failures"][0];
        assert_eq!(failure["cause"], "the cause");
        assert_eq!(failure["panic"], Value::Null);
        assert_eq!(failure["task"]["name"], "culprit");
        assert_eq!(failure["task"]["flavour"], "thread");
        assert_eq!(format!("#{}", failure["task"]["id"]), id.to_string());
        let took = data["took"].as_f64().expect("seconds");
        assert!((took - report.took().as_secs_f64()).abs() < 1e-9);
    });
}

#[test]
fn the_clock_of_a_report_is_the_runners() {
    within(LIMIT, || {
        let runner = runner();
        runner.adopt(Smol, async || anyhow::bail!("the cause")).expect("taken");
        let handle = runner.handle();
        let report = runner.run_until_stopped();
        let failed = report.failures()[0].at();
        assert!(failed <= report.asked_at(), "{report:?}");
        assert!(report.asked_at() + report.took() <= handle.tree().age());
    });
}
