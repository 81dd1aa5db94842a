//! `GET /query` and `GET /metrics`: what went in comes out again.

use serde_json::{Value, json};

use super::support::{Daemon, Folder, get, post, until};

fn query(daemon: &Daemon, question: &str) -> Value {
    let answer = get(daemon.http, &format!("/query?{question}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

#[test]
fn a_query_gives_the_newest_samples_first_with_all_that_was_sent() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    assert_eq!(post(daemon.http, "t:1|ms|@0.5|#b:2,a\nt:2|h\nother:9|c").status, 200);
    assert_eq!(post(daemon.http, "t:-3|g").status, 200);
    let answer = query(&daemon, "name=t");
    let samples = answer["samples"].as_array().expect("samples");
    let seen: Vec<Value> =
        samples.iter().map(|s| json!([s["kind"], s["value"], s["rate"], s["tags"]])).collect();
    let expected = [
        json!(["gauge_delta", -3.0, 1.0, []]),
        json!(["histogram", 2.0, 1.0, []]),
        json!(["timer", 1.0, 0.5, ["a", "b:2"]]),
    ];
    assert_eq!(seen, expected);
    assert!(samples.iter().all(|s| s["at_ms"].as_i64() > Some(1_700_000_000_000)));
    assert_eq!(query(&daemon, "name=t&limit=1")["samples"].as_array().map(Vec::len), Some(1));
    assert_eq!(query(&daemon, "name=nobody")["samples"], json!([]));
    daemon.stop().assert_clean();
}

#[test]
fn a_rollup_is_there_within_seconds_without_anybody_asking() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    assert_eq!(post(daemon.http, "t:2|ms\nt:4|ms|@0.5").status, 200);
    let rollup = until("the rollup", || query(&daemon, "name=t")["rollups"].get(0).cloned());
    assert_eq!((&rollup["samples"], &rollup["weight"]), (&json!(2), &json!(3.0)));
    assert_eq!((&rollup["sum"], &rollup["last"]), (&json!(10.0), &json!(4.0)));
    daemon.stop().assert_clean();
}

#[test]
fn a_name_is_a_value_and_never_sql() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    assert_eq!(post(daemon.http, "x'OR'1'='1:1|c|#t:');--\ny:1|c").status, 200);
    let found = query(&daemon, "name=x'OR'1'%3D'1");
    assert_eq!(found["samples"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["samples"][0]["tags"], json!(["t:');--"]));
    assert_eq!(folder.count("SELECT count(*) FROM samples"), 2);
    daemon.stop().assert_clean();
}

#[test]
fn a_question_that_makes_no_sense_is_a_400_with_the_reason() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    for (path, reason) in [
        ("/query", "missing field `name`"),
        ("/query?name=a&limit=-1", "limit"),
        ("/query?name=a&limit=10001", "at most 10000"),
    ] {
        let answer = get(daemon.http, path);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.contains(reason), "{answer:?}");
    }
    daemon.stop().assert_clean();
}

#[test]
fn metrics_show_what_was_committed_as_prometheus_reads_it() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder);
    let body = "web.hits:2|c|#path:/a\"b\nweb.hits:1|c|@0.5|#path:/a\"b\nheat:21.5|g\nheat:-1|g\nt:1500|ms";
    assert_eq!(post(daemon.http, body).status, 200);
    let answer = get(daemon.http, "/metrics");
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{answer:?}");
    for line in [
        "# TYPE web_hits_total counter",
        "web_hits_total{path=\"/a\\\"b\"} 4",
        "heat 20.5",
        "t_seconds_sum 1.5",
        "t_seconds_count 1",
        "scoopd_accepted_total 5",
        "scoopd_written_total 5",
        "scoopd_held 0",
    ] {
        assert!(answer.body.lines().any(|found| found == line), "no `{line}` in {}", answer.body);
    }
    daemon.stop().assert_clean();
}
