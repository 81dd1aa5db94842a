//! The programs, and where they are: beside this one, built when this is asked for.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

use crate::record::Kind;

/// A program that takes records, with the flags that say which it is.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
    pub(super) flags: &'static [&'static str],
}

/// What the goals call ours.
pub(crate) const SCOOPD: &str = "scoopd";

/// Builds them as this program was built, so that none is of yesterday.
pub(super) fn build() -> Result<Vec<Program>, Box<dyn Error>> {
    // Each by itself, so that scoopd has the features that it asks for and no others.
    cargo(&["--package", "scoopd", "--bin", "scoopd"])?;
    cargo(&["--package", env!("CARGO_PKG_NAME"), "--bin", "bare_collector"])?;
    let own = env::current_exe()?;
    let program = |name, kind, file: &str, flags| Program {
        name,
        kind,
        path: own.with_file_name(file),
        flags,
    };
    let bare = "bare_collector";
    Ok(vec![
        program("bare tokio, multi-thread", Kind::Peer, bare, &["--runtime", "multi-thread"]),
        program("bare tokio, current-thread", Kind::Peer, bare, &["--runtime", "current-thread"]),
        program(SCOOPD, Kind::Spumoni, "scoopd", &[]),
    ])
}

fn cargo(what: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("build").args(what).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if let Some(target) = env::current_exe()?.ancestors().nth(2) {
        cargo.arg("--target-dir").arg(target);
    }
    let status = cargo.status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo build {what:?}: {status}").into()) }
}
