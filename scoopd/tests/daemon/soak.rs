//! Waves of random clients, good and bad, over and over: descriptors, threads and memory stay flat, and every
//! record that was accepted is there.
//!
//! `SCOOPD_SOAK` says for how many seconds, 3 if it is not set: `SCOOPD_SOAK=600 cargo test -p scoopd soak`. The seed
//! is told; `SCOOPD_SEED` takes it again.

use std::{
    env, fs,
    io::Write as _,
    net::{SocketAddr, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::support::{Client, Daemon, Folder, get, post, until};

/// Clients of one wave, at the same time.
const CLIENTS: u64 = 6;
/// What one client does in a wave.
const DEEDS: u64 = 20;
/// After so many waves of a daemon's life its caches are full.
const WARM: u32 = 4;
/// Waves of a daemon's life.
const LIFE: u32 = 40;
/// Descriptors that may come beside those: SQLite's for what does not fit into its caches.
const CACHES: u64 = 3;
/// Threads of the pool that wait for more work.
const POOLED: u64 = 2;
/// What a life may grow by after it is warm: SQLite's page caches, and what the allocator keeps. In KiB.
const GROWTH: u64 = 24 << 10;

/// xorshift64: small, and the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Where the daemon listens.
#[derive(Clone, Copy)]
struct Addresses {
    http: SocketAddr,
    udp: SocketAddr,
    tcp: SocketAddr,
}

/// What the daemon has of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Usage {
    descriptors: u64,
    threads: u64,
    /// In KiB.
    memory: u64,
}

fn usage(pid: u32) -> Usage {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon lives");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().trim_end_matches(" kB").parse().expect(name)
    };
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count();
    Usage { descriptors: descriptors as u64, threads: field("Threads:"), memory: field("VmRSS:") }
}

/// One client of a wave. Gives how many records it was told are stored.
fn visit(at: Addresses, mut dice: Dice) -> u64 {
    let mut stored = 0;
    for _ in 0..DEEDS {
        match dice.below(8) {
            0..=2 => stored += posts(at, &mut dice),
            3 => drop(get(at.http, "/query?name=soak")),
            4 => drop(get(at.http, ["/metrics", "/status", "/nothing"][dice.below(3) as usize])),
            5 => lies(at, &mut dice),
            6 => leaves(at, &mut dice),
            _ => showers(at),
        }
    }
    stored
}

/// A connection with several requests; some bodies are bad, and refused whole or in part.
fn posts(at: Addresses, dice: &mut Dice) -> u64 {
    let mut client = Client::connect(at.http).expect("a connection");
    let mut stored = 0;
    for _ in 0..=dice.below(4) {
        let records = 1 + dice.below(20);
        let body = "soak:1|c\n".repeat(records as usize);
        let answer = client.ask("POST /ingest", "", body.as_bytes()).expect("an answer");
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        stored += if answer.status == 200 { records } else { 0 };
    }
    stored
}

/// Bytes that are no request, and lines that are no records.
fn lies(at: Addresses, dice: &mut Dice) {
    let noise: Vec<u8> = (0..dice.below(300)).map(|_| dice.below(256) as u8).collect();
    for address in [at.http, at.tcp] {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let _ = stream.write_all(&noise); // It may be thrown out before the end.
    }
    let mut client = Client::connect(at.http).expect("a connection");
    let answer = client.ask("POST /ingest", "", b"no line at all").expect("an answer");
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

/// A client that goes away in the middle of a request.
fn leaves(at: Addresses, dice: &mut Dice) {
    let request = b"POST /ingest HTTP/1.1\r\nHost: scoopd\r\nContent-Length: 9\r\n\r\ngone:1|c\n";
    let end = 1 + dice.below(request.len() as u64 - 1) as usize;
    let mut stream = TcpStream::connect(at.http).expect("a connection");
    stream.write_all(&request[..end]).expect("it listens");
}

fn showers(at: Addresses) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for _ in 0..10 {
        let _ = socket.send_to(b"drop:1|c\nno line", at.udp); // What a flood loses is the kernel's.
    }
}

/// One life of the daemon, ended by a SIGTERM or by a kill.
fn live(folder: &Folder, dice: &mut Dice, end: Instant, told: &mut u64) -> (u32, Usage) {
    let daemon = Daemon::start(folder);
    let at = Addresses { http: daemon.http, udp: daemon.udp, tcp: daemon.tcp };
    // Whatever is opened when it is first needed is open after this.
    until("a ready daemon", || (get(at.http, "/readyz").status == 200).then_some(()));
    *told += u64::from(post(at.http, "soak:1|c").status == 200);
    assert_eq!(get(at.http, "/query?name=soak").status, 200);
    let idle = usage(daemon.pid());
    let (mut waves, mut warm, mut last) = (0, None, idle);
    while waves < LIFE && (waves == 0 || Instant::now() < end) {
        let visits = thread::scope(|scope| {
            let seed = || Dice(dice.below(u64::MAX) | 1);
            let dices: Vec<Dice> = std::iter::repeat_with(seed).take(CLIENTS as usize).collect();
            let visit = |dice| scope.spawn(move || visit(at, dice));
            let visits: Vec<_> = dices.into_iter().map(visit).collect();
            visits.into_iter().map(|visit| visit.join().expect("a good visit")).sum::<u64>()
        });
        *told += visits;
        waves += 1;
        // Connections whose clients have gone are closed.
        let gone = || usage(daemon.pid()).descriptors <= idle.descriptors + CACHES;
        until("the descriptors of clients that have gone", || gone().then_some(()));
        last = usage(daemon.pid());
        if waves >= WARM {
            let warm: Usage = *warm.get_or_insert(last);
            assert!(last.threads <= warm.threads + POOLED, "{warm:?}, then {last:?}");
            assert!(last.memory <= warm.memory + GROWTH, "{warm:?}, then {last:?}");
        }
    }
    if dice.below(2) == 0 {
        daemon.stop().assert_clean();
    } else {
        daemon.signal("KILL");
        drop(daemon);
    }
    (waves, last)
}

#[test]
fn random_clients_and_kills_lose_no_record_and_leave_nothing_behind() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse().expect("a number"));
    let seconds = number("SCOOPD_SOAK").unwrap_or(3);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let seed = number("SCOOPD_SEED").unwrap_or(clock.as_nanos() as u64) | 1;
    println!("soak: SCOOPD_SEED={seed}");
    let (folder, mut dice) = (Folder::new(), Dice(seed));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut lives, mut waves, mut told) = (0, 0, 0);
    let mut last = None;
    while lives < 2 || Instant::now() < end {
        let (of_life, usage) = live(&folder, &mut dice, end, &mut told);
        (lives, waves, last) = (lives + 1, waves + of_life, Some(usage));
    }
    Daemon::start(&folder).stop().assert_clean();
    let there = folder.count("SELECT count(*) FROM samples WHERE name = 'soak'");
    assert_eq!(there, told, "records that were answered with a 200, and those that are there");
    println!("soak: {lives} lives, {waves} waves, {told} records told and found, at last {last:?}");
}
