//! Signals in each phase of the services' life, seen from outside: each test has a child process.

use std::thread::sleep;
use std::time::Duration;

use integration_tests::program::{End, Program};
use integration_tests::{LIMIT, within};

const DAEMON: &str = env!("CARGO_BIN_EXE_daemon");

/// Longer than what makes two signals one.
const APART: Duration = Duration::from_millis(300);

/// A daemon of this kind that has said these lines, in any order, and ends by a SIGTERM.
fn stopped(way: &str, mut first: Vec<&str>) -> End {
    let mut daemon = Program::start(DAEMON, &[way]);
    let mut said: Vec<_> = first.iter().map(|_| daemon.line()).collect();
    first.sort_unstable();
    said.sort_unstable();
    assert_eq!(said, first);
    daemon.signal("TERM", 1);
    daemon.end()
}

#[track_caller]
fn assert_clean(end: &End) {
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.errors.contains("signal SIGTERM"), "{end:?}");
}

/// C49: nothing starts any more, and what waits for the end of initialisations never begins.
#[test]
fn a_signal_during_an_initialisation_ends_it_and_nothing_starts() {
    within(LIMIT, || {
        let end = stopped("in-init", vec!["initialising"]);
        assert_clean(&end);
        assert!(end.lines.is_empty(), "{end:?}");
    });
}

#[test]
fn a_signal_between_two_starts_stops_the_first_and_the_second_never_begins() {
    within(LIMIT, || {
        let end = stopped("between", vec!["+store"]);
        assert_clean(&end);
        assert_eq!(end.lines, ["-store"]);
    });
}

#[test]
fn a_signal_in_a_backoff_drops_it() {
    within(LIMIT, || {
        let end = stopped("in-backoff", vec!["+store", "backoff true"]);
        assert_clean(&end);
        assert_eq!(end.lines, ["-store"]);
    });
}

/// The second signal cuts the drain short.
#[test]
fn a_second_signal_in_a_drain_ends_it_and_stops_in_order() {
    within(LIMIT, || {
        let mut daemon = Program::start(DAEMON, &["in-drain"]);
        daemon.expect("+store");
        daemon.expect("+http");
        daemon.signal("TERM", 1);
        daemon.expect("drained true");
        sleep(APART);
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert_eq!(end.code, Some(143), "{end:?}");
        let mut lines = end.lines.clone();
        lines.sort_unstable();
        assert_eq!(lines, ["-http", "-store"], "{end:?}");
    });
}

#[test]
fn a_signal_while_a_set_is_restarted_drops_the_restart() {
    within(LIMIT, || {
        let end = stopped("in-set-restart", vec!["+beside", "-beside", "down true"]);
        assert_clean(&end);
        assert!(end.lines.is_empty(), "{end:?}");
    });
}

/// Fault 97: it holds its thread, and not the stop.
#[test]
fn a_signal_while_a_health_check_hangs_stops_in_time_and_names_it() {
    within(LIMIT, || {
        let end = stopped("in-check", vec!["+store", "checked", "unhealthy true"]);
        assert_eq!(end.lines, ["-store"]);
        assert!(end.errors.contains("signal SIGTERM"), "{end:?}");
        assert!(end.errors.contains("store/health"), "{end:?}");
    });
}

/// S93: the second one forces, and those who were not asked yet are asked as well.
#[test]
fn a_second_signal_during_the_stop_of_services_forces_the_end() {
    within(LIMIT, || {
        let mut daemon = Program::start(DAEMON, &["in-stop"]);
        daemon.expect("+store");
        daemon.expect("+deaf");
        daemon.signal("TERM", 1);
        daemon.expect("asked");
        sleep(APART);
        daemon.signal("INT", 1);
        let end = daemon.end();
        assert_eq!(end.code, Some(130), "{end:?}");
        assert_eq!(end.lines, ["-store"]);
    });
}
