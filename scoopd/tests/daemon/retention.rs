//! Records that are older than somebody wants to keep.

use std::fs;

use super::support::{Daemon, Folder, get, post, until};

#[test]
fn records_beyond_their_age_are_deleted_and_their_sums_stay() {
    let folder = Folder::new();
    let flags = ["--retention-keep", "1s", "--retention-every", "100ms", "--rollup-every", "100ms"];
    let daemon = Daemon::start_with(&folder, &flags);
    assert_eq!(post(daemon.http, "a:2|c\n".repeat(5000)).status, 200);
    let samples = || folder.count("SELECT count(*) FROM samples");
    until("their end", || (samples() == 0).then_some(()));
    assert_eq!(folder.count("SELECT CAST(sum(sum) AS INTEGER) FROM rollups"), 10_000);
    assert_eq!(daemon.stop().assert_clean(), 5000);
}

#[test]
fn without_an_age_all_is_kept() {
    let folder = Folder::new();
    let daemon = Daemon::start_with(&folder, &["--retention-every", "100ms"]);
    assert_eq!(post(daemon.http, "a:1|c").status, 200);
    daemon.stop().assert_clean();
    let daemon = Daemon::start_with(&folder, &["--retention-keep", "30d"]);
    daemon.stop().assert_clean();
    assert_eq!(folder.count("SELECT count(*) FROM samples"), 1);
}

#[cfg(unix)]
#[test]
fn the_age_is_changed_by_a_sighup_and_a_wrong_one_changes_nothing() {
    let folder = Folder::new();
    let file = folder.file("scoopd.toml");
    let edit = |text: &str| {
        // As a whole: the one before may be read just now.
        fs::write(file.with_extension("new"), text).unwrap();
        fs::rename(file.with_extension("new"), &file).unwrap();
    };
    edit("[rollup]\nevery = '100ms'\n");
    let daemon = Daemon::start_with(&folder, &["--config", file.to_str().unwrap()]);
    assert_eq!(post(daemon.http, "a:2|c\n".repeat(50)).status, 200);
    edit("[retention]\nkeep = 'soon'\n");
    daemon.signal("HUP");
    daemon.wait_for_error("such as 90s");
    assert_eq!(get(daemon.http, "/readyz").status, 200);
    edit("[rollup]\nevery = '100ms'\n[retention]\nkeep = '1s'\nevery = '100ms'\n");
    daemon.signal("HUP");
    let samples = || folder.count("SELECT count(*) FROM samples");
    until("their end", || (samples() == 0).then_some(()));
    assert_eq!(daemon.stop().assert_clean(), 50);
}
