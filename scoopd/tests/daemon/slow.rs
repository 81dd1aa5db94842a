//! Clients that are slow, silent or many hold up neither the others nor a stop.

use std::time::{Duration, Instant};

use super::support::{Client, Daemon, Ended, Folder, get, post, until};

/// What a stop may take with nothing to do, on a busy machine; the grace is far beyond it.
const SOON: Duration = Duration::from_secs(8);
const GRACE: [&str; 2] = ["--grace", "50s"];

const HEAD: &[u8] = b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";

#[track_caller]
fn assert_soon(ended: &Ended) {
    assert!(ended.took < SOON, "{ended:?}");
}

/// A connection that has sent `bytes`, and that the daemon has taken in.
fn sent(daemon: &Daemon, bytes: &[u8]) -> Client {
    let mut client = Client::connect(daemon.http).unwrap();
    client.send(bytes).unwrap();
    // Connections are taken in in the order they came.
    assert_eq!(get(daemon.http, "/livez").status, 200);
    client
}

#[test]
fn half_open_clients_do_not_hold_up_a_stop_and_nothing_of_theirs_is_taken() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &GRACE);
    let mut idle = sent(&daemon, b"");
    assert_eq!(idle.ask("GET /livez", "", b"").unwrap().status, 200);
    let clients = [
        idle,
        sent(&daemon, b""),
        sent(&daemon, b"POST /inge"),
        sent(&daemon, HEAD),
        sent(&daemon, &[HEAD, b"coff"].concat()),
        Client::connect(daemon.tcp).unwrap(),
    ];
    let mut statsd = Client::connect(daemon.tcp).unwrap();
    statsd.send(b"whole:1|c\nhalf:12").unwrap();
    until("the whole line", || {
        get(daemon.http, "/metrics").body.contains("whole_total 1").then_some(())
    });
    let ended = daemon.stop();
    assert_soon(&ended);
    assert_eq!(ended.assert_clean(), 1);
    drop((clients, statsd));
}

#[test]
fn a_client_that_does_not_read_its_answers_does_not_hold_up_a_stop() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &GRACE);
    assert_eq!(post(daemon.http, "a:1|c\n".repeat(10_000)).status, 200);
    let mut deaf = Client::connect(daemon.http).unwrap();
    let question = b"GET /query?name=a&limit=10000 HTTP/1.1\r\nHost: x\r\n\r\n";
    deaf.send(&question.repeat(30)).unwrap();
    deaf.answer().unwrap(); // The others fill the socket's buffers.
    let ended = daemon.stop();
    assert_soon(&ended);
    ended.assert_clean();
}

#[test]
fn more_half_open_clients_than_there_are_seats_do_not_keep_others_out() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &GRACE);
    let mut honest = Client::connect(daemon.http).unwrap();
    assert_eq!(honest.ask("GET /livez", "", b"").unwrap().status, 200);
    let mut silent: Vec<Client> = Vec::new();
    for n in 0..450 {
        let mut client = Client::connect(daemon.http).unwrap();
        client.send(if n % 2 == 0 { b"GET /livez HT" } else { b"" }).unwrap();
        silent.push(client);
    }
    assert_eq!(post(daemon.http, "late:1|c").status, 200, "a newcomer");
    let answer = honest.ask("POST /ingest", "", b"early:1|c").unwrap();
    assert_eq!(answer.status, 200, "one that was there before");
    // Those that kept silent for longest have lost their seats.
    silent.swap_remove(0).wait_for_close();
    let ended = daemon.stop();
    assert_soon(&ended);
    assert_eq!(ended.assert_clean(), 2);
}

#[test]
fn more_silent_statsd_clients_than_there_are_seats_do_not_keep_others_out() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &GRACE);
    let mut honest = Client::connect(daemon.tcp).unwrap();
    honest.send(b"honest:1|c\n").unwrap();
    let metrics = |line: &str| {
        until(line, || get(daemon.http, "/metrics").body.contains(line).then_some(()));
    };
    metrics("honest_total 1");
    let mut silent: Vec<Client> = (0..450).map(|_| Client::connect(daemon.tcp).unwrap()).collect();
    silent.swap_remove(0).wait_for_close();
    honest.send(b"honest:1|c\n").unwrap();
    metrics("honest_total 2");
    let ended = daemon.stop();
    assert_soon(&ended);
    assert_eq!(ended.assert_clean(), 2);
}

#[test]
fn more_half_open_clients_than_there_are_descriptors_do_not_keep_others_out() {
    let folder = Folder::new();
    let daemon = Daemon::start_with_descriptors(&folder, 64);
    // What the daemon itself needs, it has from its start on.
    assert_eq!(post(daemon.http, "a:1|c").status, 200);
    Client::connect(daemon.tcp).unwrap().send(b"b:1|c\n").unwrap();
    until("the line", || get(daemon.http, "/metrics").body.contains("b_total 1").then_some(()));
    let silent: Vec<Client> = (0..100).map(|_| Client::connect(daemon.http).unwrap()).collect();
    let silent_too: Vec<Client> = (0..100).map(|_| Client::connect(daemon.tcp).unwrap()).collect();
    assert_eq!(post(daemon.http, "a:1|c").status, 200);
    drop((silent, silent_too));
    assert_eq!(daemon.stop().assert_clean(), 3);
}

#[test]
fn a_stop_within_a_short_grace_takes_no_longer() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &["--grace", "500ms"]);
    assert_eq!(post(daemon.http, "a:1|c").status, 200);
    let _half = sent(&daemon, HEAD);
    let asked = Instant::now();
    daemon.signal("TERM");
    let ended = daemon.wait_since(asked);
    assert_soon(&ended);
    assert_eq!(ended.figures()[2], 0);
}
