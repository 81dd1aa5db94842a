//! What a stop looks like from outside.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use super::support::{Client, Daemon, Folder, get, post, until};

#[test]
fn both_signals_end_it_in_good_order_with_the_report_and_the_figures() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let daemon = Daemon::start(&folder);
        assert_eq!(post(daemon.http, "a:1|c\nb:1|c").status, 200);
        let ended = daemon.stop_by(signal);
        assert_eq!(ended.assert_clean(), 2);
        assert!(ended.out.ends_with("\naccepted 2, written 2, lost 0\n"), "{ended:?}");
        assert!(ended.out.contains(&format!("SIG{signal}")), "the report names it: {ended:?}");
        assert_eq!(ended.err, "");
    }
}

#[test]
fn it_is_not_ready_from_the_moment_a_stop_is_asked() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    // A body that has begun keeps the stop waiting for a moment.
    let mut slow = Client::connect(daemon.http).unwrap();
    slow.send(b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nslow").unwrap();
    assert_eq!(get(daemon.http, "/readyz").status, 200);
    let asked = Instant::now();
    daemon.signal("TERM");
    let answer = until("a 503", || {
        let mut client = Client::connect(daemon.http).ok()?;
        let answer = client.ask("GET /readyz", "", b"").ok()?;
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(answer.status, 503, "{answer:?}");
    // Whoever has begun may finish, and the 200 holds; see the figures.
    let finished = slow.send(b":1|c\n").and_then(|()| slow.answer()).is_ok_and(|a| a.status == 200);
    let written = daemon.wait_since(asked).assert_clean();
    assert_eq!(written, u64::from(finished));
}

#[test]
fn a_closed_stdout_and_stderr_are_no_reason_to_panic() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_scoopd"))
        .args(["--http", "127.0.0.1:0", "--statsd", "127.0.0.1:0", "--db"])
        .arg(folder.db())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let http = line.trim().strip_prefix("http listening on http://").unwrap().parse().unwrap();
    assert_eq!(post(http, "a:1|c").status, 200);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert_eq!(folder.count("SELECT count(*) FROM samples"), 1);
}

#[test]
fn a_database_that_stays_locked_is_a_stop_that_says_what_was_lost() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &["--grace", "2s"]);
    let mut other = folder.open_db();
    let lock = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let mut statsd = Client::connect(daemon.tcp).unwrap();
    statsd.send(b"a:1|c\na:1|c\n").unwrap();
    until("both lines", || {
        get(daemon.http, "/metrics").body.contains("scoopd_accepted_total 2").then_some(())
    });
    let mut poster = Client::connect(daemon.http).unwrap();
    poster.send(b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nb:1|c").unwrap();
    until("the post", || {
        get(daemon.http, "/metrics").body.contains("scoopd_accepted_total 3").then_some(())
    });
    let ended = daemon.stop();
    drop(lock);
    // The post may or may not have been told in time that it is not stored.
    let [accepted, written, lost] = ended.figures();
    assert!((2..=3).contains(&accepted) && (written, lost) == (0, accepted), "{ended:?}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("cannot write to the database"), "{ended:?}");
}

#[test]
fn a_database_that_fails_while_running_ends_it_and_the_report_says_why() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    folder.open_db().execute_batch("DROP TABLE samples").unwrap();
    let asked = Instant::now();
    let answer = post(daemon.http, "a:1|c");
    assert_eq!((answer.status, answer.body.as_str()), (503, "the database did not take it\n"));
    let ended = daemon.wait_since(asked);
    assert_eq!((ended.code, ended.figures()), (Some(1), [0, 0, 0]), "{ended:?}");
    assert!(ended.err.contains("`store`"), "{ended:?}");
    assert!(ended.err.contains("no such table: samples"), "{ended:?}");
}
