//! What the command line asks for beside options: checks, lists, and some of the services only.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use super::support::{Folder, get, run_to_end, until};

#[test]
fn a_check_tells_the_order_and_touches_nothing() {
    let folder = Folder::new();
    let db = folder.db().display().to_string();
    let ended = run_to_end(&["--check", "--db", &db]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.out.starts_with("scoopd: all is well, the order is "), "{ended:?}");
    assert!(!folder.db().exists());
    let ended = run_to_end(&["--check", "--only", "retenton"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("did you mean `retention`?"), "{ended:?}");
}

/// What stands in a file that it is deployed with, behind these words and up to those.
fn deployed(file: &str, from: &str, to: char) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(from).unwrap();
    let (line, _) = rest.split_once(to).unwrap();
    line.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn what_it_is_deployed_with_is_a_good_command_line() {
    let unit = deployed("scoopd.service", "\nExecStart=/usr/local/bin/scoopd ", '\n');
    let manifest = deployed("scoopd.yaml", "args: [", ']');
    for mut flags in [unit, manifest] {
        assert!(flags.len() > 4, "{flags:?}");
        flags.push("--check".to_owned());
        let ended = run_to_end(&flags);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{flags:?}: {ended:?}");
    }
}

#[test]
fn the_services_are_listed_with_what_they_depend_on() {
    let ended = run_to_end(&["--list-services"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (service, after) in [
        ("http", "store, probes"),
        ("statsd-udp", "store"),
        ("statsd-tcp", "store"),
        ("rollup", "store"),
        ("retention", "store"),
    ] {
        let line = ended.out.lines().find(|line| line.contains(&format!("  {service} ")));
        assert!(line.is_some_and(|line| line.ends_with(&format!("  {after}"))), "{ended:?}");
    }
}

#[test]
fn options_come_from_a_file_and_from_the_environment_too() {
    let folder = Folder::new();
    let file = folder.file("scoopd.toml");
    fs::write(&file, "grace = \"soon\"\n[http]\nlisten = \"here\"\n[store]\npth = \"x\"\n")
        .unwrap();
    let ended = run_to_end(&["--check", "--config", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for reason in ["(from `grace` in ", "(from `http.listen` in ", "did you mean `path`?"] {
        assert!(ended.err.contains(reason), "{ended:?}");
    }
}

#[test]
fn one_service_only_runs_with_what_it_depends_on_and_no_other() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_scoopd"))
        .args(["--only", "http", "--http", "127.0.0.1:0", "--db"])
        .arg(folder.db())
        .env("SCOOPD_GRACE", "5s")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let http = line().strip_prefix("http listening on http://").unwrap().parse().unwrap();
    assert_eq!(line(), format!("database {}", folder.db().display()));
    let status = get(http, "/status").body;
    assert!(status.contains("service store: ") && status.contains("service http: "), "{status}");
    assert!(!status.contains("statsd") && !status.contains("rollup"), "{status}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}
