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
        "Type=notify",
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

/// Where the tool is not installed this says nothing; the test above looks at the keys.
#[test]
fn systemd_accepts_the_units() {
    let folder = std::env::temp_dir().join(format!("spumoni-unit-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let units = ["scoopd.service", "scoopd-http.socket", "scoopd-statsd.socket"];
    let files = units.map(|name| {
        // With a program that is there: the tool looks for it.
        let unit = text(name).replace("/usr/local/bin/scoopd", "/bin/true");
        let file = folder.join(name);
        fs::write(&file, unit).expect("written");
        file
    });
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&files).output();
    let _ = fs::remove_dir_all(&folder);
    let Ok(output) = output else {
        println!("systemd-analyze is not installed: the units are not verified");
        return;
    };
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
