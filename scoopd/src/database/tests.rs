//! The database against real files.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::Database;
use crate::statsd::{Record, parse_body};

/// A folder of one test's own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("scoopd-database-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn insert(database: &mut Database, at: i64, body: &str) {
    let records: Vec<Record> = parse_body(body.as_bytes()).unwrap();
    database.insert(records.iter().map(|record| (at, record))).unwrap();
}

fn answer(database: &Path, name: &str) -> Value {
    let answer = Database::reader(database).unwrap().query(name.to_owned(), 10).unwrap();
    serde_json::to_value(answer).unwrap()
}

fn refusal(path: &Path) -> String {
    Database::open(path).expect_err("should be refused").to_string()
}

#[test]
fn what_is_inserted_is_read_back_newest_first_and_survives_a_reopening() {
    let folder = Folder::new();
    let mut database = Database::open(&folder.file("a.db")).unwrap();
    insert(&mut database, 1500, "coffee:1|c|#b:2,a\ntea:9|c\ncoffee:2.5|g");
    drop(database);
    drop(Database::open(&folder.file("a.db")).unwrap());
    let samples = json!([
        {"at_ms": 1500, "kind": "gauge", "value": 2.5, "rate": 1.0, "tags": []},
        {"at_ms": 1500, "kind": "counter", "value": 1.0, "rate": 1.0, "tags": ["a", "b:2"]},
    ]);
    assert_eq!(answer(&folder.file("a.db"), "coffee")["samples"], samples);
    assert_eq!(answer(&folder.file("a.db"), "x' OR '1'='1")["samples"], json!([]));
}

#[test]
fn a_rollup_sums_up_each_sample_once_however_often_it_is_asked() {
    let folder = Folder::new();
    let mut database = Database::open(&folder.file("a.db")).unwrap();
    insert(&mut database, 1000, "t:4|ms\nt:2|ms|@0.5");
    insert(&mut database, 2000, "t:7|ms");
    database.roll_up().unwrap();
    database.roll_up().unwrap();
    insert(&mut database, 1999, "t:1|ms"); // Late, into a second that is summed up already.
    database.roll_up().unwrap();
    let row = |second: i64, samples: i64, weight: f64, sum: f64, low: f64, high: f64, last: f64| {
        json!({"second": second, "kind": "timer", "tags": [], "samples": samples,
               "weight": weight, "sum": sum, "low": low, "high": high, "last": last})
    };
    let expected = json!([row(2, 1, 1.0, 7.0, 7.0, 7.0, 7.0), row(1, 3, 4.0, 9.0, 1.0, 4.0, 1.0),]);
    assert_eq!(answer(&folder.file("a.db"), "t")["rollups"], expected);
}

#[test]
fn the_largest_values_leave_no_sum_without_a_number() {
    let folder = Folder::new();
    let mut database = Database::open(&folder.file("a.db")).unwrap();
    insert(&mut database, 1000, "x:1e100|c\nx:1e91|c|@1e-9\nx:-1e100|c\nx:0|c|@1e-9");
    database.roll_up().unwrap();
    assert_eq!(answer(&folder.file("a.db"), "x")["rollups"][0]["samples"], 4);
}

#[test]
fn a_file_that_will_not_do_is_refused_with_the_reason_and_left_as_it_was() {
    let folder = Folder::new();
    let text = folder.file("text.db");
    let content = "this is a shopping list, longer than the header of a database ".repeat(20);
    fs::write(&text, &content).unwrap();
    assert!(refusal(&text).ends_with("it is not a SQLite database"), "{}", refusal(&text));
    assert_eq!(fs::read_to_string(&text).unwrap(), content);

    let foreign = folder.file("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE bills (sum)").unwrap();
    assert!(refusal(&foreign).ends_with("it is the database of another program"));

    let newer = folder.file("newer.db");
    drop(Database::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 7).unwrap();
    assert!(refusal(&newer).ends_with("a later scoopd made it (tables of version 7)"));

    assert!(refusal(&folder.0).ends_with("it is a folder, not a file"));
    assert!(refusal(&folder.file("no/a.db")).contains("there is no folder"));
    assert!(refusal(&text.join("a.db")).contains("there is no folder"));
}

#[test]
fn a_lock_of_another_program_is_told_from_other_failures() {
    let folder = Folder::new();
    let mut database = Database::open(&folder.file("a.db")).unwrap();
    let other = Connection::open(folder.file("a.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(database.roll_up().unwrap_err().is_busy());
    other.execute_batch("COMMIT; DROP TABLE rollups").unwrap();
    insert(&mut database, 1, "a:1|c");
    assert!(!database.roll_up().unwrap_err().is_busy());
}

#[test]
fn old_samples_are_forgotten_once_they_are_summed_up_and_their_sums_stay() {
    let folder = Folder::new();
    let mut database = Database::open(&folder.file("a.db")).unwrap();
    for _ in 0..3 {
        insert(&mut database, 1000, &"old:1|c\n".repeat(2000));
    }
    insert(&mut database, 5000, "old:1|c");
    assert_eq!(database.forget(5000).unwrap(), (0, false), "they are not summed up yet");
    database.roll_up().unwrap();
    insert(&mut database, 1000, "late:1|c");
    assert_eq!(database.forget(5000).unwrap(), (4096, true));
    assert_eq!(database.forget(5000).unwrap(), (1904, false));
    assert_eq!(database.forget(5000).unwrap(), (0, false));
    let left = answer(&folder.file("a.db"), "old");
    assert_eq!(left["samples"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["rollups"][1]["sum"], json!(6000.0));
    assert_eq!(answer(&folder.file("a.db"), "late")["samples"].as_array().map(Vec::len), Some(1));
}
