//! A socket in systemd's place, and what a daemon says to it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use integration_tests::program::Program;
use integration_tests::{LIMIT, within};

/// Where systemd would listen.
struct Systemd {
    path: PathBuf,
    socket: UnixDatagram,
}

impl Systemd {
    fn new(name: &str) -> Systemd {
        let path = format!("spumoni-notify-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(path);
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).expect("bound");
        Systemd { path, socket }
    }

    fn start(&self, environment: &[(&str, &str)]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_operated"));
        command.args(["--store-path", "/s"]).env("NOTIFY_SOCKET", &self.path);
        command.envs(environment.iter().copied());
        Program::of(&mut command)
    }

    /// The lines of the next message, if one comes in time.
    fn next(&self, limit: Option<Duration>) -> Option<Vec<String>> {
        self.socket.set_read_timeout(limit).expect("a limit");
        let mut text = [0; 4096];
        match self.socket.recv(&mut text) {
            Ok(size) => {
                let text = String::from_utf8_lossy(&text[..size]).into_owned();
                Some(text.lines().map(str::to_owned).collect())
            }
            Err(error) => {
                let late = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(late, "{error}");
                None
            }
        }
    }

    /// All lines up to this one.
    fn until(&self, line: &str) -> Vec<String> {
        let mut all = Vec::new();
        while !all.iter().any(|one| one == line) {
            all.extend(self.next(None).expect("without a limit"));
        }
        all
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// PEERS (c) 7: ready only when every service is.
#[test]
fn systemd_hears_ready_when_every_service_is_and_stopping_as_soon_as_a_stop_is_asked() {
    within(LIMIT, || {
        let systemd = Systemd::new("ready");
        let mut daemon = systemd.start(&[]);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:8080");
        let before = systemd.until("STATUS=1 of 2 services ready; waiting for http");
        assert!(!before.iter().any(|line| line == "READY=1"), "{before:?}");
        daemon.say("ready");
        systemd.until("READY=1");
        daemon.signal("TERM", 1);
        let last = systemd.until("STOPPING=1");
        assert!(!last.iter().any(|line| line == "READY=1"), "said once: {last:?}");
        let end = daemon.end();
        assert_eq!(end.code, Some(0), "{end:?}");
    });
}

#[test]
fn a_daemon_that_fails_at_its_start_says_that_it_stops_and_never_that_it_is_ready() {
    within(LIMIT, || {
        let systemd = Systemd::new("fails");
        let mut daemon = systemd.start(&[]);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:8080");
        // It ends instead of being ready.
        daemon.say("end");
        let all = systemd.until("STOPPING=1");
        assert!(!all.iter().any(|line| line == "READY=1"), "{all:?}");
        let end = daemon.end();
        assert_eq!(end.code, Some(0), "it ended in good order: {end:?}");
    });
}

#[test]
fn systemd_hears_when_a_reload_begins_and_when_it_is_done() {
    within(LIMIT, || {
        let systemd = Systemd::new("reload");
        let mut daemon = systemd.start(&[]);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:8080");
        daemon.say("ready");
        systemd.until("READY=1");
        let mut before = 0;
        for _ in 0..2 {
            daemon.signal("HUP", 1);
            daemon.expect("loaded anew");
            let begun = systemd.until("RELOADING=1");
            assert!(!begun.iter().any(|line| line == "READY=1"), "{begun:?}");
            // In the message with it, and after the last one: systemd takes it for an answer to its own signal.
            let at = begun.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
            let at: u64 = at.and_then(|at| at.parse().ok()).unwrap_or_else(|| panic!("{begun:?}"));
            assert!(at > before, "{at} after {before}");
            before = at;
            systemd.until("READY=1");
        }
        daemon.signal("TERM", 1);
        systemd.until("STOPPING=1");
        assert_eq!(daemon.end().code, Some(0));
    });
}

/// PEERS (d) 14: the watchdog is told nothing while a lane hangs.
#[test]
fn the_watchdog_is_fed_only_while_every_lane_answers() {
    within(LIMIT, || {
        let systemd = Systemd::new("watchdog");
        let mut daemon = systemd.start(&[("WATCHDOG_USEC", "600000")]);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:8080");
        daemon.say("ready");
        systemd.until("READY=1");
        systemd.until("WATCHDOG=1");
        daemon.say("hang");
        daemon.expect("hangs");
        // Five times as long as it takes to be fed; what was on its way comes before.
        while systemd.next(Some(Duration::from_secs(1))).is_some() {}
        daemon.say("go on");
        daemon.expect("goes on");
        systemd.until("WATCHDOG=1");
        daemon.signal("TERM", 1);
        systemd.until("STOPPING=1");
        assert_eq!(daemon.end().code, Some(0));
    });
}

#[test]
fn a_socket_where_nobody_listens_is_told_once_and_ends_nothing() {
    within(LIMIT, || {
        let systemd = Systemd::new("gone");
        fs::remove_file(&systemd.path).expect("there");
        let mut daemon = systemd.start(&[("WATCHDOG_USEC", "30000")]);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:8080");
        daemon.say("ready");
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert_eq!(end.code, Some(0), "{end:?}");
        let said = end.errors.matches("systemd cannot be told how it is").count();
        assert_eq!(said, 1, "{end:?}");
    });
}
