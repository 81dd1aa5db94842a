//! The unit and the manifest that scoopd is deployed with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn deployed(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scoopd/deploy").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(deployed(file)).expect("it is there")
}

#[test]
fn the_unit_is_told_ready_watched_reloaded_and_hardened() {
    let unit = text("scoopd.service");
    for key in [
        "Type=notify-reload",
        "NotifyAccess=main",
        "WatchdogSec=",
        "Restart=on-failure",
        "RestartPreventExitStatus=2 78",
        "TimeoutStopSec=",
        "KillMode=mixed",
        "DynamicUser=yes",
        "StateDirectory=scoopd",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "MemoryDenyWriteExecute=yes",
    ] {
        assert!(unit.lines().any(|line| line.starts_with(key)), "no `{key}` in the unit");
    }
}

/// The systemd that first knew this type of unit.
const NOTIFY_RELOAD: u32 = 253;

/// Of systemd, if its tools are installed: `systemd 252 (252.38-1~deb12u1)`.
fn version() -> Option<u32> {
    let output = Command::new("systemd-analyze").arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.split_whitespace().nth(1)?.parse().ok()
}

/// Where the tool is not installed this says nothing; the test above looks at the keys.
#[test]
fn systemd_accepts_the_units() {
    let folder = std::env::temp_dir().join(format!("spumoni-unit-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let units = ["scoopd.service", "scoopd-http.socket", "scoopd-statsd.socket"];
    let Some(version) = version() else {
        println!("systemd-analyze is not installed: the units are not verified");
        return;
    };
    let files = units.map(|name| {
        // With a program that is there: the tool looks for it.
        let mut unit = text(name).replace("/usr/local/bin/scoopd", "/bin/true");
        if version < NOTIFY_RELOAD {
            unit = unit.replace("Type=notify-reload", "Type=notify");
        }
        let file = folder.join(name);
        fs::write(&file, unit).expect("written");
        file
    });
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&files).output();
    let _ = fs::remove_dir_all(&folder);
    let output = output.expect("it has told its version");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ours: Vec<_> = said.lines().filter(|line| line.contains("scoopd")).collect();
    assert!(ours.is_empty(), "{said}");
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_manifest_asks_the_three_probes_and_gives_time_to_stop() {
    let manifest = text("scoopd.yaml");
    for words in [
        "startupProbe:",
        "livenessProbe:",
        "readinessProbe:",
        "path: /livez",
        "path: /readyz",
        "path: /startupz",
        "terminationGracePeriodSeconds: 30",
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "type: Recreate",
    ] {
        assert!(manifest.contains(words), "no `{words}` in the manifest");
    }
}
