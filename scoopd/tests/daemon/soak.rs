//! Waves of random clients, good and bad, and of faults, over and over: descriptors, threads and memory stay flat, and
//! every record that was accepted is there. With the feature `gremlin` services are restarted all the while; a request
//! may go unanswered then, and what it brought may be there or not.
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

use super::support::{Answer, Client, Daemon, Folder, until};

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
/// Threads of the pool that wait for more work; a service that is restarted leaves that of its last run, and that of the
/// hook that has ended it.
const POOLED: u64 = if cfg!(feature = "gremlin") { 4 } else { 2 };
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

/// What clients have sent.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    /// Records of which they were told that they are stored.
    told: u64,
    /// Records of requests that nobody answered.
    unanswered: u64,
}

impl std::ops::AddAssign for Sent {
    fn add_assign(&mut self, other: Sent) {
        self.told += other.told;
        self.unanswered += other.unanswered;
    }
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Soak {
    sent: Sent,
    lives: u32,
    waves: u32,
    faults: u32,
    restarts: u64,
    last: Option<Usage>,
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

/// A request and its answer. There is one, unless the service was restarted in between.
fn ask(client: &mut Client, line: &str, body: &[u8]) -> Option<Answer> {
    match client.ask(line, "", body) {
        Ok(answer) => Some(answer),
        Err(_) if cfg!(feature = "gremlin") => None,
        Err(error) => panic!("{line}: {error}"),
    }
}

fn look(at: Addresses, path: &str) {
    let mut client = Client::connect(at.http).expect("a connection");
    ask(&mut client, &format!("GET {path}"), b"");
}

/// One client of a wave.
fn visit(at: Addresses, mut dice: Dice) -> Sent {
    let mut sent = Sent::default();
    for _ in 0..DEEDS {
        match dice.below(8) {
            0..=2 => sent += posts(at, &mut dice),
            3 => look(at, "/query?name=soak"),
            4 => look(at, ["/metrics", "/status", "/nothing"][dice.below(3) as usize]),
            5 => lies(at, &mut dice),
            6 => leaves(at, &mut dice),
            _ => showers(at),
        }
    }
    sent
}

/// A connection with several requests.
fn posts(at: Addresses, dice: &mut Dice) -> Sent {
    let mut client = Client::connect(at.http).expect("a connection");
    let mut sent = Sent::default();
    for _ in 0..=dice.below(4) {
        let records = 1 + dice.below(20);
        let body = "soak:1|c\n".repeat(records as usize);
        let Some(answer) = ask(&mut client, "POST /ingest", body.as_bytes()) else {
            sent.unanswered += records;
            break;
        };
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        sent.told += if answer.status == 200 { records } else { 0 };
    }
    sent
}

/// Bytes that are no request, and lines that are no records.
fn lies(at: Addresses, dice: &mut Dice) {
    let noise: Vec<u8> = (0..dice.below(300)).map(|_| dice.below(256) as u8).collect();
    for address in [at.http, at.tcp] {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let _ = stream.write_all(&noise); // It may be thrown out before the end.
    }
    let mut client = Client::connect(at.http).expect("a connection");
    if let Some(answer) = ask(&mut client, "POST /ingest", b"no line at all") {
        assert!(matches!(answer.status, 400..500 | 503), "{answer:?}");
    }
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

/// Something that happens to the daemon beside its clients: another program locks its file, or it is frozen.
fn meddle(daemon: &Daemon, folder: &Folder, mut dice: Dice) {
    let pause = Duration::from_millis(dice.below(250));
    if dice.below(2) == 0 {
        let database = folder.open_db();
        database.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        thread::sleep(pause);
        database.execute_batch("ROLLBACK").expect("it was held");
    } else {
        daemon.signal("STOP");
        thread::sleep(pause);
        daemon.signal("CONT");
    }
}

/// One life of the daemon, ended by a SIGTERM or by a kill.
fn live(folder: &Folder, dice: &mut Dice, end: Instant, soak: &mut Soak) {
    let daemon = Daemon::start(folder);
    let at = Addresses { http: daemon.http, udp: daemon.udp, tcp: daemon.tcp };
    // Whatever is opened when it is first needed is open after this.
    let is_ready = || {
        let mut client = Client::connect(at.http).expect("a connection");
        ask(&mut client, "GET /readyz", b"").is_some_and(|answer| answer.status == 200)
    };
    until("a ready daemon", || is_ready().then_some(()));
    soak.sent += posts(at, dice);
    look(at, "/query?name=soak");
    let idle = usage(daemon.pid());
    let (mut waves, mut warm) = (0, None);
    while waves < LIFE && (waves == 0 || Instant::now() < end) {
        let meddles = dice.below(8) == 0;
        let sent = thread::scope(|scope| {
            let seed = || Dice(dice.below(u64::MAX) | 1);
            let mut dices: Vec<Dice> =
                std::iter::repeat_with(seed).take(CLIENTS as usize + 1).collect();
            let meddler = dices.pop().filter(|_| meddles);
            let visit = |dice| scope.spawn(move || visit(at, dice));
            let visits: Vec<_> = dices.into_iter().map(visit).collect();
            if let Some(dice) = meddler {
                meddle(&daemon, folder, dice);
            }
            let mut sent = Sent::default();
            visits.into_iter().for_each(|visit| sent += visit.join().expect("a good visit"));
            sent
        });
        soak.sent += sent;
        soak.faults += u32::from(meddles);
        soak.restarts += daemon.heard("gremlin: restarted");
        waves += 1;
        // Connections whose clients have gone are closed.
        let gone = || usage(daemon.pid()).descriptors <= idle.descriptors + CACHES;
        until("the descriptors of clients that have gone", || gone().then_some(()));
        let last = usage(daemon.pid());
        if waves >= WARM {
            let warm: Usage = *warm.get_or_insert(last);
            assert!(last.threads <= warm.threads + POOLED, "{warm:?}, then {last:?}");
            assert!(last.memory <= warm.memory + GROWTH, "{warm:?}, then {last:?}");
        }
        soak.last = Some(last);
    }
    if dice.below(2) == 0 {
        daemon.stop().assert_clean();
    } else {
        daemon.signal("KILL");
        drop(daemon);
    }
    soak.lives += 1;
    soak.waves += waves;
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
    let mut soak = Soak::default();
    while soak.lives < 2 || Instant::now() < end {
        live(&folder, &mut dice, end, &mut soak);
    }
    Daemon::start(&folder).stop().assert_clean();
    let there = folder.count("SELECT count(*) FROM samples WHERE name = 'soak'");
    let Soak { sent, lives, waves, faults, restarts, last } = soak;
    let most = sent.told + sent.unanswered;
    assert!((sent.told..=most).contains(&there), "{there} records are there: {sent:?}");
    let last = last.expect("a wave");
    println!(
        "soak: {lives} lives, {waves} waves, {restarts} restarts of services, {faults} faults, {} records told, {} \
         unanswered, {there} found, at last {} descriptors, {} threads, {} KiB",
        sent.told, sent.unanswered, last.descriptors, last.threads, last.memory
    );
}
