//! The daemon within this process, where its services can be restarted one by one.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    process, thread,
    time::Duration,
};

use spumoni::{ServiceState, cli::Prepared};

use super::*;

const DEADLINE: Duration = Duration::from_secs(60);

fn address(doors: &Doors, start: &str) -> SocketAddr {
    let announcement = doors.announcement();
    let found = announcement.lines().find_map(|line| line.strip_prefix(start)?.parse().ok());
    found.unwrap_or_else(|| panic!("no `{start}…` in {announcement}"))
}

fn answer(http: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(http).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Asks for the metrics until they have this line.
fn wait_for(http: SocketAddr, line: &str) {
    let question = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let end = std::time::Instant::now() + DEADLINE;
    while !answer(http, question).lines().any(|found| found == line) {
        assert!(std::time::Instant::now() < end, "no {line}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn each_service_but_the_store_is_restarted_with_its_socket_and_nothing_is_lost() {
    let db = env::temp_dir().join(format!("scoopd-restarts-{}.db", process::id()));
    let (doors, counters) = (Doors::default(), Arc::new(Counters::default()));
    let builder = ServiceRunner::builder().name("scoopd").signals(false);
    let cli = cli(&doors, &counters).builder(builder);
    let db_text = db.to_str().unwrap();
    let line = ["scoopd", "--http", "127.0.0.1:0", "--statsd", "127.0.0.1:0", "--db", db_text];
    let Prepared::Run(runner) = cli.prepare(line.map(Into::into), &|_| None).unwrap() else {
        panic!("it runs")
    };
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let all = handle
        .services_until_blocking(DEADLINE, |all| !all.all().iter().any(ServiceView::is_awaited));
    assert!(all.is_some(), "all are ready");
    let [http, udp, tcp] =
        ["http listening on http://", "statsd listening on udp://", "statsd listening on tcp://"]
            .map(|start| address(&doors, start));

    for round in 1..=3 {
        for service in ["http", "statsd-udp", "statsd-tcp", "rollup", "retention", "probes"] {
            let state = handle.restart_service_blocking(service);
            assert!(matches!(state, Ok(ServiceState::Running)), "{service}: {state:?}");
        }
        let request = "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nConnection: close\r\n\r\na:1|c\n";
        assert!(answer(http, request).starts_with("HTTP/1.1 200"), "round {round}");
        TcpStream::connect(tcp).unwrap().write_all(b"b:1|c\n").unwrap();
        wait_for(http, &format!("b_total {round}"));
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"c:1|c", udp).unwrap();
        wait_for(http, &format!("c_total {round}"));
    }
    handle.stop();
    let report = running.join().unwrap();
    assert!(report.is_clean(), "{report}");
    let stopped = report.services().stopped();
    let place = |name: &str| stopped.iter().position(|one| &**one == name).expect(name);
    for source in ["http", "statsd-udp", "statsd-tcp", "rollup", "retention"] {
        assert!(place(source) < place("store"), "{stopped:?}");
    }
    assert_eq!((counters.read().written, counters.read().missing()), (9, 0));
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{db_text}{end}"));
    }
}
