//! Sockets that are handed over, by a shell in systemd's place.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use integration_tests::{LIMIT, within};

/// Starts the program with the listener as its third descriptor.
fn start(listener: &TcpListener, environment: &str) -> std::process::Child {
    let listener: OwnedFd = listener.try_clone().expect("a clone").into();
    let program = env!("CARGO_BIN_EXE_operated");
    let script = format!("{environment}; exec '{program}' activated 3<&0 0</dev/null");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).stdin(Stdio::from(listener));
    shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell")
}

#[test]
fn a_socket_is_taken_by_its_name_and_once() {
    within(LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let names = "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http";
        let daemon = start(&listener, names);
        let mut guest = TcpStream::connect(listener.local_addr().expect("bound")).expect("heard");
        drop(listener);
        let mut said = String::new();
        guest.read_to_string(&mut said).expect("said");
        assert_eq!(said, "hello");
        let output = daemon.wait_with_output().expect("an end");
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[0], "names: http");
        assert!(lines[1].contains("the socket `http` of systemd cannot be used"), "{lines:?}");
        assert_eq!(lines[2..], ["again: false", "second: 0"]);
        assert!(output.status.success());
    });
}

#[test]
fn sockets_for_another_process_are_left_alone_and_names_that_do_not_fit_are_told() {
    within(LIMIT, || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        for (environment, expected) in [
            ("export LISTEN_PID=1 LISTEN_FDS=1 LISTEN_FDNAMES=http", "it is a listener: None"),
            ("export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=a:b", "LISTEN_FDNAMES"),
        ] {
            let output = start(&listener, environment).wait_with_output().expect("an end");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success(), "{environment}");
            assert!(said.contains(expected), "{environment}: {said}");
        }
    });
}
