//! How it starts, and how it says that it cannot.

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    path::Path,
};

use super::support::{Daemon, Ended, Folder, post, run_to_end};

#[track_caller]
fn assert_refused(ended: &Ended, code: i32, reason: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(ended.err.contains(reason), "{ended:?}");
    assert!(!ended.err.contains("panicked") && !ended.err.contains("Os {"), "{ended:?}");
    assert_eq!(ended.out, "", "nothing is announced");
}

fn flags<'a>(http: &'a str, statsd: &'a str, db: &'a Path) -> Vec<&'a str> {
    let db = db.to_str().expect("a path of text");
    vec!["--http", http, "--statsd", statsd, "--db", db]
}

#[test]
fn it_announces_where_it_is_reached_and_two_lines_to_paste() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let http = daemon.http;
    assert!([http, daemon.udp, daemon.tcp].iter().all(|address| address.port() != 0));
    let expected = [
        format!("http listening on http://{http}"),
        format!("statsd listening on udp://{}", daemon.udp),
        format!("statsd listening on tcp://{}", daemon.tcp),
        format!("database {}", folder.db().display()),
        "try it:".to_owned(),
        format!("curl -d 'coffee:1|c' http://{http}/ingest"),
        format!("curl 'http://{http}/query?name=coffee'"),
    ];
    assert_eq!(daemon.announced, expected);
    daemon.stop().assert_clean();
}

#[test]
fn a_database_that_was_there_before_is_continued() {
    let folder = Folder::new();
    for round in 1..=2 {
        let daemon = Daemon::start(&folder);
        assert_eq!(post(daemon.http, "coffee:1|c").status, 200);
        daemon.stop().assert_clean();
        assert_eq!(folder.count("SELECT count(*) FROM samples"), round);
        assert_eq!(folder.count("SELECT sum(samples) FROM rollups"), round);
    }
}

#[test]
fn a_taken_port_is_a_message_and_exit_code_1() {
    let folder = Folder::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = tcp.local_addr().unwrap().to_string();
    let http = run_to_end(&flags(&taken, "127.0.0.1:0", &folder.db()));
    assert_refused(&http, 1, &format!("cannot listen on http://{taken}: another program has"));
    let statsd = run_to_end(&flags("127.0.0.1:0", &taken, &folder.db()));
    assert_refused(&statsd, 1, &format!("cannot listen on tcp://{taken}: another program has"));

    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = udp.local_addr().unwrap().to_string();
    let statsd = run_to_end(&flags("127.0.0.1:0", &taken, &folder.db()));
    assert_refused(&statsd, 1, &format!("cannot listen on udp://{taken}: another program has"));
}

#[test]
fn an_address_of_another_machine_is_a_message_and_exit_code_1() {
    let folder = Folder::new();
    let ended = run_to_end(&flags("192.0.2.1:80", "127.0.0.1:0", &folder.db()));
    assert_refused(&ended, 1, "this machine has no such address; choose another with --http");
}

#[test]
fn a_file_that_cannot_be_the_database_is_a_message_and_exit_code_78() {
    let folder = Folder::new();
    let ports = "127.0.0.1:0";
    let text = folder.file("text.db");
    fs::write(&text, "no database, but long enough to have a header of one".repeat(9)).unwrap();
    assert_refused(&run_to_end(&flags(ports, ports, &text)), 78, "it is not a SQLite database");
    let nowhere = folder.file("no/such/folder.db");
    assert_refused(&run_to_end(&flags(ports, ports, &nowhere)), 78, "there is no folder");
    let inside = text.join("a.db");
    assert_refused(&run_to_end(&flags(ports, ports, &inside)), 78, "there is no folder");
    assert_refused(&run_to_end(&flags(ports, ports, &folder.file(""))), 78, "it is a folder");
}

#[cfg(target_os = "linux")]
#[test]
fn a_database_that_cannot_be_written_is_a_message_and_exit_code_78() {
    // Where not even root may make files.
    let ended = run_to_end(&flags("127.0.0.1:0", "127.0.0.1:0", Path::new("/proc/scoopd.db")));
    assert_refused(&ended, 78, "it cannot be opened or made there");
}

#[test]
fn a_bad_flag_is_a_message_and_exit_code_2() {
    let table: [(&[&str], &str); 7] = [
        (&["--htpt", "127.0.0.1:0"], "--http"),
        (&["--http", "here"], "expected ADDRESS:PORT"),
        (&["--statsd-udp-listen", "here"], "expected ADDRESS:PORT"),
        (&["--grace", "soon"], "such as 5s"),
        (&["--retention-keep", "soon"], "such as 90s"),
        (&["--db", ""], "--store-path"),
        (&["surplus"], "surplus"),
    ];
    for (flags, reason) in table {
        assert_refused(&run_to_end(flags), 2, reason);
    }
}

#[test]
fn help_tells_the_flags_and_the_exit_codes() {
    let ended = run_to_end(&["--help"]);
    assert_eq!(ended.code, Some(0));
    for word in [
        "--http",
        "--http-listen",
        "--statsd",
        "--db",
        "--grace",
        "--retention-keep",
        "SCOOPD_STORE_PATH",
        "127.0.0.1:8125",
        "Service `http`",
        "78",
        "/ingest",
    ] {
        assert!(ended.out.contains(word), "no {word} in {}", ended.out);
    }
}
