//! `/livez`, `/readyz`, `/status`, and what is none of them.

use serde_json::Value;

use super::support::{Client, Daemon, Folder, get, until};

#[test]
fn a_running_daemon_is_alive_and_ready() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(get(daemon.http, path).status, 200, "{path}");
    }
    let status = get(daemon.http, "/status").body;
    for line in ["live: yes, ready: yes, started: yes", "[+] lane tokio: answers"] {
        assert!(status.lines().any(|said| said == line), "no `{line}` in {status}");
    }
    daemon.stop().assert_clean();
}

#[test]
fn the_status_names_every_service_as_text_and_as_json() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let mut client = Client::connect(daemon.http).unwrap();
    // A service that has not begun yet is counted, not named.
    for service in ["http", "statsd-udp", "statsd-tcp", "store", "rollup", "retention", "probes"] {
        until(service, || {
            let text = get(daemon.http, "/status");
            assert!(text.head.contains("content-type: text/plain"), "{text:?}");
            let json = client.ask("GET /status", "Accept: application/json\r\n", b"").unwrap();
            assert!(json.head.contains("content-type: application/json"), "{json:?}");
            let tree: Value = serde_json::from_str(&json.body).expect("JSON");
            let in_tree = tree.to_string().contains(&format!("\"{service}\""));
            (text.body.contains(&format!("`{service}`")) && in_tree).then_some(())
        });
    }
    daemon.stop().assert_clean();
}

#[test]
fn what_is_not_there_is_a_404_and_the_wrong_method_a_405() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    assert_eq!(get(daemon.http, "/").status, 404);
    assert_eq!(get(daemon.http, "/ingest").status, 405);
    let mut client = Client::connect(daemon.http).unwrap();
    assert_eq!(client.ask("POST /query?name=a", "", b"").unwrap().status, 405);
    assert_eq!(client.ask("GET /livez", "", b"").unwrap().status, 200, "on the same connection");
    daemon.stop().assert_clean();
}
