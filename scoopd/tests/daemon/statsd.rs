//! statsd over UDP and TCP: good lines are taken, bad ones counted, nobody is answered.

use std::{
    io::Write as _,
    net::{Shutdown, TcpStream, UdpSocket},
    time::Instant,
};

use super::support::{Client, Daemon, Folder, get, until};

/// Waits until the daemon shows `line` among its metrics.
#[track_caller]
fn wait_for(daemon: &Daemon, line: &str) {
    until(line, || {
        get(daemon.http, "/metrics").body.lines().find(|found| *found == line).map(drop)
    });
}

#[test]
fn datagrams_of_one_or_more_lines_are_taken() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"hits:1|c", daemon.udp).unwrap();
    socket.send_to(b"hits:2|c|@0.5\nheat:12.5|g\n\nbad\nt:3|ms|#a:b", daemon.udp).unwrap();
    socket.send_to(b"", daemon.udp).unwrap();
    socket.send_to(&[0xff; 60_000], daemon.udp).unwrap();
    wait_for(&daemon, "hits_total 5");
    wait_for(&daemon, "scoopd_bad_lines_total 2");
    assert_eq!(daemon.stop().assert_clean(), 4);
    assert_eq!(folder.count("SELECT count(*) FROM samples WHERE tags = 'a:b'"), 1);
}

#[test]
fn lines_over_tcp_are_taken_wherever_they_are_cut() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let mut stream = TcpStream::connect(daemon.tcp).unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"hits:1|c\nbad line\n\r\nheat:12.5|g\r\nhits:2|c" {
        stream.write_all(&[*byte]).unwrap();
    }
    wait_for(&daemon, "heat 12.5");
    wait_for(&daemon, "hits_total 1"); // The last line may go on still.
    stream.shutdown(Shutdown::Write).unwrap();
    wait_for(&daemon, "hits_total 3");
    wait_for(&daemon, "scoopd_bad_lines_total 1");
    Client::connect(daemon.tcp).unwrap(); // Comes and goes.
    assert_eq!(daemon.stop().assert_clean(), 3);
}

#[test]
fn an_endless_line_costs_its_sender_that_line_only() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let mut stream = TcpStream::connect(daemon.tcp).unwrap();
    for _ in 0..64 {
        stream.write_all(&[b'x'; 64 * 1024]).unwrap();
    }
    stream.write_all(b"\nhits:1|c\n").unwrap();
    wait_for(&daemon, "hits_total 1");
    wait_for(&daemon, "scoopd_bad_lines_total 1");
    assert_eq!(daemon.stop().assert_clean(), 1);
}

#[test]
fn what_the_kernel_already_has_when_a_stop_is_asked_is_taken_too() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"hits:1|c", daemon.udp).unwrap();
    TcpStream::connect(daemon.tcp).unwrap().write_all(b"hits:1|c\n").unwrap();
    wait_for(&daemon, "hits_total 2"); // Both services have begun.
    // Frozen, so that all of it is there before the daemon sees the stop.
    daemon.signal("STOP");
    for _ in 0..100 {
        socket.send_to(b"udp:1|c\nudp:1|c", daemon.udp).unwrap();
    }
    let mut streams: Vec<TcpStream> = (0..10)
        .map(|_| {
            let mut stream = TcpStream::connect(daemon.tcp).unwrap();
            stream.write_all(&b"tcp:1|c\n".repeat(100)).unwrap();
            stream
        })
        .collect();
    drop(streams.split_off(5)); // Half of them are closed already, half still open.
    daemon.signal("TERM");
    daemon.signal("CONT");
    assert_eq!(daemon.wait_since(Instant::now()).assert_clean(), 1202);
}
