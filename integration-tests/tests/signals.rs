//! SIGINT and SIGTERM, seen from outside: each test has a child process, which runs `daemon`.
//!
//! BEHAVIOURS C9, C55, S93, A134; FAULTS 24 in sense, 79, 99, 100, 102, 104, 106; PEERS test list 4, 17.
//! Signals closer than 250 ms count as one, so where a test means two it lets that time pass.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use integration_tests::program::{End, Program, signal};
use integration_tests::{LIMIT, within};

const DAEMON: &str = env!("CARGO_BIN_EXE_daemon");

/// Longer than what makes two signals one.
const APART: Duration = Duration::from_millis(300);

/// What a loaded machine may add to a deadline.
const NOISE: Duration = Duration::from_secs(2);

/// A daemon of this kind that has said its first lines, in any order.
fn daemon(way: &str, first: &str) -> Program {
    let mut daemon = Program::start(DAEMON, &[way]);
    let mut expected: Vec<_> = first.split(", ").collect();
    let mut said: Vec<_> = expected.iter().map(|_| daemon.line()).collect();
    expected.sort_unstable();
    said.sort_unstable();
    assert_eq!(said, expected);
    daemon
}

#[track_caller]
fn assert_clean(end: &End, signal: &str) {
    assert_eq!(end.code, Some(0), "{end:?}");
    // The report tells which signal it was.
    assert!(end.errors.contains(&format!("signal {signal}")), "{end:?}");
    assert!(!end.errors.contains("forced"), "{end:?}");
}

/// T43, T44, C9, C55: no error, no noise.
#[test]
fn sigint_and_sigterm_end_run_in_good_order_and_are_named() {
    within(LIMIT, || {
        for (name, shown) in [("INT", "SIGINT (2)"), ("TERM", "SIGTERM (15)")] {
            let daemon = daemon("plain", "ready");
            daemon.signal(name, 1);
            let end = daemon.end();
            assert_clean(&end, shown);
            assert_eq!(end.errors.lines().count(), 1, "{end:?}");
        }
    });
}

/// A135, FAULTS 100, A134, PEERS 17.
#[test]
fn f100_a_second_signal_forces_the_end_with_a_code_of_its_own() {
    within(LIMIT, || {
        for (first, second, code) in
            [("INT", "INT", 130), ("TERM", "TERM", 143), ("TERM", "INT", 130), ("INT", "TERM", 143)]
        {
            let mut daemon = daemon("stubborn", "ready, working");
            daemon.signal(first, 1);
            daemon.expect("asked");
            sleep(APART);
            daemon.signal(second, 1);
            let end = daemon.end();
            assert_eq!(end.code, Some(code), "{first}, {second}: {end:?}");
            let reason = format!("signal SIG{first}");
            let forced = format!("forced: signal SIG{second}");
            assert!(end.errors.contains(&reason), "{end:?}");
            assert!(end.errors.contains(&forced), "{end:?}");
        }
    });
}

/// FAULTS 100: who was still running is told.
#[test]
fn f100_a_forced_end_names_who_held_on() {
    within(LIMIT, || {
        let mut daemon = daemon("slow-to-drop", "ready, working");
        daemon.signal("TERM", 1);
        daemon.expect("asked");
        sleep(APART);
        daemon.signal("TERM", 1);
        daemon.expect("dropping");
        let end = daemon.end();
        assert_eq!(end.code, Some(143), "{end:?}");
        assert!(end.errors.contains("smol task `stayer`"), "{end:?}");
        assert!(end.errors.contains("did not stop in time"), "{end:?}");
    });
}

#[test]
fn a_third_signal_ends_the_process_without_a_report() {
    within(LIMIT, || {
        // A forced stop takes a second at most, so the third one may come too late: then try again.
        for attempt in 1.. {
            let mut daemon = daemon("slow-to-drop", "ready, working");
            daemon.signal("TERM", 1);
            daemon.expect("asked");
            sleep(APART);
            daemon.signal("TERM", 1);
            daemon.expect("dropping");
            sleep(APART);
            daemon.signal("INT", 1);
            let end = daemon.end();
            if end.code == Some(130) {
                assert_eq!(end.errors, "", "{end:?}");
                break;
            }
            assert_eq!(end.code, Some(143), "{end:?}");
            assert!(attempt < 10, "it never came in time: {end:?}");
        }
    });
}

#[test]
fn a_storm_of_signals_is_one_stop() {
    within(LIMIT, || {
        for name in ["INT", "TERM"] {
            let mut daemon = daemon("cleaning", "ready, working");
            daemon.signal(name, 1000);
            daemon.expect("asked");
            daemon.say("go on");
            daemon.expect("told go on");
            assert_clean(&daemon.end(), &format!("SIG{name}"));
        }
    });
}

#[test]
fn a_storm_of_both_signals_is_one_stop_and_a_later_one_forces() {
    within(LIMIT, || {
        let mut daemon = daemon("stubborn", "ready, working");
        daemon.signal("INT", 500);
        daemon.signal("TERM", 500);
        daemon.expect("asked");
        sleep(APART);
        daemon.signal("TERM", 500);
        let end = daemon.end();
        assert_eq!(end.code, Some(143), "{end:?}");
    });
}

/// FAULTS 99.
#[test]
fn f099_signals_before_the_runner_is_up_are_kept_from_the_first_statement_on() {
    within(LIMIT, || {
        for (name, count) in [("INT", 1), ("TERM", 1), ("TERM", 1000)] {
            let mut daemon = daemon("early", "held");
            daemon.signal(name, count);
            daemon.say("start");
            let end = daemon.end();
            assert_clean(&end, &format!("SIG{name}"));
        }
    });
}

/// A141, FAULTS 99, PEERS 4.
#[test]
fn f099_a_signal_at_any_moment_of_the_start_up_is_not_lost() {
    within(LIMIT, || {
        for step in 0..40_u32 {
            let mut daemon = daemon("early", "held");
            daemon.say("start");
            sleep(Duration::from_micros(300) * step);
            daemon.signal("TERM", 1);
            assert_clean(&daemon.end(), "SIGTERM");
        }
    });
}

#[test]
fn a_second_signal_before_the_runner_is_up_ends_the_process() {
    within(LIMIT, || {
        let daemon = daemon("early", "held");
        daemon.signal("TERM", 1);
        sleep(APART);
        daemon.signal("TERM", 1);
        // It is never told to start.
        wait_for(&daemon);
        assert_eq!(daemon.end().signal, Some(15));
    });
}

/// Waits for its end with its standard input left open.
fn wait_for(program: &Program) {
    let stat = format!("/proc/{}/stat", program.id());
    let is_over = || {
        let stat = fs::read_to_string(&stat).expect("it is not waited for yet");
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
    };
    while !is_over() {
        sleep(Duration::from_millis(1));
    }
}

/// What ends a process, of these two. A shell that starts something in the background has it ignore
/// SIGINT, and so the tests, and so their children.
fn deadly() -> impl Iterator<Item = (&'static str, i32)> {
    let status = fs::read_to_string("/proc/self/status").expect("of linux");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("of linux");
    let ignored = u64::from_str_radix(mask.trim(), 16).expect("a mask");
    let deadly = move |(_, number): &(&str, i32)| ignored >> (number - 1) & 1 == 0;
    [("INT", 2), ("TERM", 15)].into_iter().filter(deadly)
}

#[test]
fn without_hold_a_signal_before_the_runner_is_up_does_what_it_always_does() {
    within(LIMIT, || {
        for (name, number) in deadly() {
            let daemon = daemon("unheld", "up");
            daemon.signal(name, 1);
            assert_eq!(daemon.end().signal, Some(number));
        }
    });
}

#[test]
fn a_runner_that_leaves_signals_alone_is_ended_by_them() {
    within(LIMIT, || {
        for (name, number) in deadly() {
            let daemon = daemon("deaf", "ready");
            daemon.signal(name, 1);
            assert_eq!(daemon.end().signal, Some(number));
        }
    });
}

/// FAULTS 102.
#[test]
fn f102_a_signal_while_stopping_after_a_failure_changes_neither_reason_nor_code() {
    within(LIMIT, || {
        let mut daemon = daemon("failing", "ready, working");
        daemon.say("fail");
        daemon.expect("asked");
        daemon.signal("TERM", 1);
        // Nothing tells that it was heard, since it changes nothing.
        sleep(APART);
        daemon.say("go on");
        let end = daemon.end();
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.errors.contains("a task failed"), "{end:?}");
        assert!(end.errors.contains("root cause"), "{end:?}");
        assert!(!end.errors.contains("forced"), "{end:?}");
    });
}

/// FAULTS 104.
#[test]
fn f104_two_runners_both_hear_a_signal() {
    within(LIMIT, || {
        let daemon = daemon("two", "ready, ready");
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert_clean(&end, "SIGTERM");
        let [other] = &*end.lines else {
            panic!("{end:?}");
        };
        assert!(other.starts_with("other: ") && other.contains("signal SIGTERM"), "{other}");
    });
}

/// FAULTS 104.
#[test]
fn f104_a_payload_that_listens_by_itself_hears_the_signal_too() {
    within(LIMIT, || {
        let daemon = daemon("beside-tokio", "listening, ready");
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert_clean(&end, "SIGTERM");
        assert_eq!(end.lines, ["tokio heard it"]);
    });
}

#[test]
fn after_run_a_signal_does_what_it_always_does_and_the_next_run_hears_again() {
    within(LIMIT, || {
        for again in [false, true] {
            let mut daemon = daemon("again", "ready");
            daemon.signal("TERM", 1);
            daemon.expect("first 0");
            if again {
                daemon.say("run again");
                daemon.expect("ready");
                sleep(APART);
                daemon.signal("TERM", 1);
                assert_clean(&daemon.end(), "SIGTERM");
            } else {
                sleep(APART);
                daemon.signal("TERM", 1);
                wait_for(&daemon);
                assert_eq!(daemon.end().signal, Some(15));
            }
        }
    });
}

/// C46: the limit counts from the signal on, whoever holds what.
#[test]
fn a_signal_has_its_answer_in_time_although_a_lane_is_held() {
    within(LIMIT, || {
        let daemon = daemon("stuck", "ready, working");
        let asked = Instant::now();
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert!(asked.elapsed() < Duration::from_millis(600) + NOISE, "{end:?}");
        assert_eq!(end.code, Some(3), "{end:?}");
        assert!(end.errors.contains("tokio task `holder`"), "{end:?}");
    });
}

/// FAULTS 79.
#[test]
fn f079_a_process_that_was_halted_during_its_stop_ends_right_after_it_goes_on() {
    within(LIMIT, || {
        let daemon = daemon("stuck", "ready, working");
        daemon.signal("TERM", 1);
        daemon.signal("STOP", 1);
        sleep(Duration::from_millis(1500));
        let on = Instant::now();
        daemon.signal("CONT", 1);
        let end = daemon.end();
        assert!(on.elapsed() < NOISE, "{end:?}");
        assert_eq!(end.code, Some(3), "{end:?}");
        assert!(end.errors.contains("signal SIGTERM"), "{end:?}");
    });
}

/// FAULTS 106: what a container has. Needs the right to make a namespace, and is skipped without it.
#[test]
fn f106_the_first_process_of_a_container_is_ended_by_sigterm_too() {
    within(LIMIT, || {
        let may = Command::new("unshare").args(["--pid", "--fork", "true"]).output();
        if !may.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: no right to make a pid namespace");
            return;
        }
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--fork", "--kill-child", DAEMON, "plain"]);
        let mut outer = Program::of(&mut unshare);
        outer.expect("ready");
        let children = format!("/proc/{0}/task/{0}/children", outer.id());
        let children = fs::read_to_string(children).expect("of linux");
        let inner = children.trim().parse().expect("one child");
        signal(inner, "TERM", 1);
        assert_clean(&outer.end(), "SIGTERM");
    });
}
