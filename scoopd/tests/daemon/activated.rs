//! Sockets that systemd has opened: taken by their names, and bound where there are none.

use std::{
    net::{TcpListener, UdpSocket},
    os::fd::OwnedFd,
};

use super::support::{Client, Daemon, Folder, get, post, until};

#[test]
fn sockets_of_systemd_are_served_in_place_of_those_that_the_flags_name() {
    let folder = Folder::new();
    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addresses = (http.local_addr().unwrap(), udp.local_addr().unwrap());
    // Sent before there is a daemon at all: systemd keeps it.
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"early:1|c", addresses.1).unwrap();
    let sockets: [OwnedFd; 2] = [http.into(), udp.into()];
    let daemon = Daemon::start_activated(&folder, sockets, "http:statsd");
    assert_eq!((daemon.http, daemon.udp), addresses);
    assert_ne!(daemon.tcp, addresses.1, "bound by itself: systemd has opened no such socket");
    assert_eq!(post(daemon.http, "a:1|c").status, 200);
    Client::connect(daemon.tcp).unwrap().send(b"late:1|c\n").unwrap();
    for line in ["early_total 1", "late_total 1"] {
        until(line, || get(daemon.http, "/metrics").body.contains(line).then_some(()));
    }
    assert_eq!(daemon.stop().assert_clean(), 3);
}

#[test]
fn both_kinds_of_statsd_sockets_may_have_one_name() {
    let folder = Folder::new();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
    let daemon = Daemon::start_activated(&folder, [udp.into(), tcp.into()], "statsd:statsd");
    assert_eq!((daemon.udp, daemon.tcp), addresses);
    daemon.stop().assert_clean();
}
