//! `POST /ingest`: all of a body or nothing of it.

use std::thread;

use rusqlite::TransactionBehavior;

use super::support::{Client, Daemon, Folder, get, post, until};

const SAMPLES: &str = "SELECT count(*) FROM samples";

#[test]
fn a_200_means_that_the_records_are_in_the_database() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let answer = post(daemon.http, "coffee:1|c|#cup:big\n\ntea:2.5|g\r\nbrew:3|ms|@0.1\n");
    assert_eq!((answer.status, answer.body.as_str()), (200, "stored 3\n"));
    assert_eq!(folder.count(SAMPLES), 3, "with no stop in between");
    assert_eq!(daemon.stop().assert_clean(), 3);
}

#[test]
fn a_bad_line_is_named_and_nothing_of_the_body_is_taken() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let table: [(&[u8], &str); 6] = [
        (b"a:1|c\n\nb:x|c\nc:1|c", "line 3: the value `x` is not a finite number"),
        (b"a:1|c\nb", "line 2: no `:` between name and value"),
        (b"a:1|c\n\xff\xfe:1|c", "line 2: the line is not UTF-8 text"),
        (b"a:1|zz", "line 1: the type `zz` is none of"),
        (b"a'; DROP TABLE samples; --:1|c", "line 1: the name holds a space"),
        (b" \n", "the body has no lines"),
    ];
    for (body, reason) in table {
        let answer = post(daemon.http, body);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.starts_with(reason), "{answer:?}");
    }
    assert_eq!(daemon.stop().assert_clean(), 0);
    assert_eq!(folder.count(SAMPLES), 0);
}

#[test]
fn a_body_over_one_mebibyte_is_refused_and_one_below_is_taken() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let line = "coffee:1|c\n";
    let most = line.repeat((1 << 20) / line.len());
    assert_eq!(post(daemon.http, &most).status, 200);
    let more = post(daemon.http, format!("{most}{line}"));
    assert_eq!(more.status, 413, "{more:?}");
    assert_eq!(post(daemon.http, most.repeat(5)).status, 413, "with the client still sending");

    // The same without a length told beforehand.
    let mut client = Client::connect(daemon.http).unwrap();
    client.send(b"POST /ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "x".repeat(1 << 16));
    for _ in 0..17 {
        client.send(chunk.as_bytes()).unwrap();
    }
    client.send(b"0\r\n\r\n").unwrap();
    assert_eq!(client.answer().unwrap().status, 413);
    // And one that only threatens: it is told before it sends.
    let mut client = Client::connect(daemon.http).unwrap();
    let head = "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n";
    client.send(head.as_bytes()).unwrap();
    assert_eq!(client.answer().unwrap().status, 413);

    let lines = most.lines().count() as u64;
    assert_eq!(daemon.stop().assert_clean(), lines);
    assert_eq!(folder.count(SAMPLES), lines);
}

#[test]
fn a_database_that_another_program_has_locked_is_a_503_and_nothing_is_stored_later() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let mut other = folder.open_db();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let answer = post(daemon.http, "late:1|c");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.ends_with("nothing was stored\n"), "{answer:?}");
    assert!(answer.head.contains("retry-after: 1"), "{answer:?}");
    drop(lock);
    assert_eq!(post(daemon.http, "coffee:1|c").status, 200);
    assert_eq!(daemon.stop().assert_clean(), 1);
    assert_eq!(folder.count("SELECT count(*) FROM samples WHERE name = 'late'"), 0);
}

#[test]
fn a_full_queue_is_a_503_at_once_and_what_it_holds_is_not_lost() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let http = daemon.http;
    let mut other = folder.open_db();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let many = thread::spawn(move || post(http, "a:1|c\n".repeat(70_000)));
    until("a full queue", || {
        get(http, "/metrics").body.contains("scoopd_held 70000").then_some(())
    });
    let answer = post(http, "b:1|c");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.body, "the database cannot keep up; nothing was stored\n");
    drop(lock);
    // On a very slow machine it was given back before the lock was gone.
    let stored = if many.join().unwrap().status == 200 { 70_000 } else { 0 };
    assert_eq!(daemon.stop().assert_clean(), stored);
    assert_eq!(folder.count(SAMPLES), stored);
}
