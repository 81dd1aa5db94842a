//! Killed at any moment under load, and started again: what was answered with a 200 is there, whole and once.
//!
//! `SCOOPD_KILLS` says how often, 10 times if it is not set: `SCOOPD_KILLS=200 cargo test -p scoopd durability`.

use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
};

use super::support::{Client, Daemon, Folder, until};

const CLIENTS: u64 = 4;
/// Records of one body.
const BODY: u64 = 3;
/// The most 200s before the kill.
const MOST: u64 = 120;

/// Posts until the daemon is gone. Gives the numbers of the bodies that were answered with a 200.
fn posts(http: SocketAddr, round: u64, client: u64, stored: &AtomicU64) -> Vec<u64> {
    let mut told = Vec::new();
    let Ok(mut connection) = Client::connect(http) else { return told };
    for number in 0.. {
        let body = format!("kill.{round}.{client}:{number}|c\n").repeat(BODY as usize);
        match connection.ask("POST /ingest", "", body.as_bytes()) {
            Ok(answer) => {
                assert_eq!(answer.status, 200, "{answer:?}");
                told.push(number);
                stored.fetch_add(1, SeqCst);
            }
            Err(_) => break,
        }
    }
    told
}

/// How many samples there are of each body of a round.
fn found(folder: &Folder, round: u64) -> BTreeMap<(String, u64), u64> {
    let db = folder.open_db();
    let sql = "SELECT name, value, count(*) FROM samples WHERE name GLOB ? GROUP BY name, value";
    let mut rows = db.prepare(sql).unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let (value, count): (f64, i64) = (row.get(1)?, row.get(2)?);
        Ok(((row.get(0)?, value as u64), count.unsigned_abs()))
    };
    rows.query_map([format!("kill.{round}.*")], read).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_was_answered_with_a_200_survives_a_kill_whole_and_once() {
    let kills = env::var("SCOOPD_KILLS").map_or(10, |kills| kills.parse().expect("a number"));
    let folder = Folder::new();
    // xorshift: the moments differ from round to round and are the same every time.
    let mut moment = 0x9E37_79B9_7F4A_7C15_u64;
    let (mut acknowledged, mut there) = (0, 0);
    for round in 0..kills {
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        let daemon = Daemon::start(&folder);
        let stored = AtomicU64::new(0);
        let told: Vec<Vec<u64>> = thread::scope(|scope| {
            let (http, stored) = (daemon.http, &stored);
            let post = |client| scope.spawn(move || posts(http, round, client, stored));
            let clients: Vec<_> = (0..CLIENTS).map(post).collect();
            until("some 200s", || (stored.load(SeqCst) >= moment % MOST).then_some(()));
            daemon.signal("KILL");
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        drop(daemon);

        // The next one opens what the killed one left, and before anybody else does.
        Daemon::start(&folder).stop().assert_clean();
        let found = found(&folder, round);
        assert!(found.values().all(|count| *count == BODY), "round {round}: {found:?}");
        for (client, told) in (0..).zip(&told) {
            for number in told {
                let body = (format!("kill.{round}.{client}"), *number);
                assert!(
                    found.contains_key(&body),
                    "round {round}: {body:?} was answered with a 200"
                );
            }
        }
        acknowledged += told.iter().map(Vec::len).sum::<usize>() as u64 * BODY;
        there += found.len() as u64 * BODY;
    }
    let sound: String =
        folder.open_db().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    println!("durability: {kills} kills, {acknowledged} records acknowledged, {there} found");
}
