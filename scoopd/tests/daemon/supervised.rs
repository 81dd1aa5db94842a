//! Under a supervisor: what systemd hears.

use std::{os::unix::net::UnixDatagram, str::from_utf8};

use super::support::{DEADLINE, Daemon, Folder};

#[test]
fn systemd_hears_that_it_is_ready_alive_and_stopping() {
    let folder = Folder::new();
    let path = folder.db().with_extension("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let path = path.to_str().unwrap().to_owned();
    let environment = [("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "300000")];
    let daemon = Daemon::start_in(&folder, &environment);
    let until = |wanted: &str| {
        let mut text = [0; 4096];
        loop {
            let size = socket.recv(&mut text).unwrap_or_else(|error| panic!("{wanted}: {error}"));
            if from_utf8(&text[..size]).unwrap().lines().any(|line| line == wanted) {
                return;
            }
        }
    };
    until("READY=1");
    until("WATCHDOG=1");
    daemon.signal("TERM");
    until("STOPPING=1");
    daemon.wait_since(std::time::Instant::now()).assert_clean();
}
