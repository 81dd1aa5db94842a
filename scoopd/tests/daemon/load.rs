//! Load from several clients with a stop in the middle, then the database is counted.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::{SocketAddr, TcpStream, UdpSocket},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
    time::Instant,
};

use super::support::{Client, DEADLINE, Daemon, Folder, until};

/// 200s to wait for before the stop; enough that all sources are busy.
const WARM: u64 = 100;
/// Records of one body.
const BODY: u64 = 3;

/// What one client was told, by the number of its body.
#[derive(Debug, Default)]
struct Told {
    stored: Vec<u64>,
    refused: Vec<u64>,
}

/// Posts until the daemon closes the connection, which it does only after a stop was asked.
fn posts(http: SocketAddr, client: usize, stored: &AtomicU64, asked: &AtomicBool) -> Told {
    let mut told = Told::default();
    let mut connection = Client::connect(http).expect("a connection");
    for number in 0.. {
        let body = format!("post.{client}:{number}|c\n").repeat(BODY as usize);
        match connection.ask("POST /ingest", "", body.as_bytes()) {
            Ok(answer) if answer.status == 200 => {
                told.stored.push(number);
                stored.fetch_add(1, SeqCst);
            }
            Ok(answer) => {
                assert_eq!(answer.status, 503, "{answer:?}");
                told.refused.push(number);
            }
            Err(error) => {
                assert!(asked.load(SeqCst), "with no stop asked: {error}");
                break;
            }
        }
    }
    told
}

/// Sends numbered lines over TCP until the daemon closes.
fn streams(tcp: SocketAddr, client: usize) {
    let mut stream = TcpStream::connect(tcp).expect("a connection");
    for number in 0.. {
        if stream.write_all(format!("line.{client}:{number}|c\n").as_bytes()).is_err() {
            break;
        }
    }
}

fn showers(udp: SocketAddr, over: &AtomicBool) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let end = Instant::now() + DEADLINE; // Also of a test that has failed.
    while !over.load(SeqCst) && Instant::now() < end {
        let _ = socket.send_to(b"drop:1|c\ndrop:1|c", udp); // Nobody there is an error here.
        thread::yield_now();
    }
}

/// How many samples there are of each name, by value.
fn counts(folder: &Folder, like: &str) -> BTreeMap<(String, u64), u64> {
    let db = folder.open_db();
    let mut rows = db
        .prepare("SELECT name, value, count(*) FROM samples WHERE name LIKE ? GROUP BY name, value")
        .unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let (value, count): (f64, i64) = (row.get(1)?, row.get(2)?);
        Ok(((row.get(0)?, value as u64), count.unsigned_abs()))
    };
    rows.query_map([like], read).unwrap().map(Result::unwrap).collect()
}

#[test]
fn no_record_with_a_200_and_no_line_that_was_read_is_lost_by_a_stop_under_load() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &["--grace", "50s"]);
    let (http, udp, tcp) = (daemon.http, daemon.udp, daemon.tcp);
    let (stored, asked, over) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(false));
    let (ended, told) = thread::scope(|scope| {
        let (stored, asked) = (&stored, &asked);
        let posting: Vec<_> =
            (0..4).map(|client| scope.spawn(move || posts(http, client, stored, asked))).collect();
        for client in 0..2 {
            scope.spawn(move || streams(tcp, client));
        }
        scope.spawn(|| showers(udp, &over));
        until("the load", || (stored.load(SeqCst) >= WARM).then_some(()));
        asked.store(true, SeqCst);
        let ended = daemon.stop();
        over.store(true, SeqCst);
        let told: Vec<Told> = posting.into_iter().map(|told| told.join().unwrap()).collect();
        (ended, told)
    });

    let written = ended.assert_clean();
    assert_eq!(folder.count("SELECT count(*) FROM samples"), written);
    assert_eq!(folder.count("SELECT sum(samples) FROM rollups"), written);
    let posted = counts(&folder, "post.%");
    assert!(posted.values().all(|count| *count == BODY), "half a body was taken");
    for (client, told) in told.iter().enumerate() {
        let name = format!("post.{client}");
        let has = |number: u64| posted.contains_key(&(name.clone(), number));
        let lost: Vec<_> = told.stored.iter().filter(|number| !has(**number)).collect();
        assert!(lost.is_empty(), "{name} was told 200 and is not there: {lost:?}");
        let kept: Vec<_> = told.refused.iter().filter(|number| has(**number)).collect();
        assert!(kept.is_empty(), "{name} was told 503 and is there: {kept:?}");
    }
    // A line that was read and lost would leave a gap: what was read is a beginning of what was sent.
    for client in 0..2 {
        let lines = counts(&folder, &format!("line.{client}"));
        assert!(!lines.is_empty() && lines.values().all(|count| *count == 1));
        let gap = lines.keys().map(|(_, number)| *number).zip(0..).find(|(is, ought)| is != ought);
        assert_eq!(gap, None, "line.{client}");
    }
}
