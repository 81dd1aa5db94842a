//! Copies the core, and the pool of the `thread` flavour, with the names of what they are made of replaced: std's
//! threads, atomics and clock, parking_lot, crossbeam's channels and event-listener become `crate::stand_in`.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands in the core's sources, and what stands here instead. In this order.
const REPLACED: [(&str, &str); 12] = [
    ("std::thread::available_parallelism()", "crate::stand_in::thread::cores_of_a_pool()"),
    ("std::thread", "crate::stand_in::thread"),
    ("std::time::", "crate::stand_in::time::"),
    ("std::sync::atomic::", "crate::stand_in::atomic::"),
    ("std::sync::", "crate::stand_in::sync::"),
    ("crossbeam_channel", "crate::stand_in::channel"),
    ("event_listener", "crate::stand_in::listener"),
    ("parking_lot::", "crate::stand_in::lock::"),
    ("thread_local! {", "crate::stand_in::local::keys! {"),
    ("hint::spin_loop()", "crate::stand_in::thread::yield_now()"),
    ("spumoni_core::", "crate::"),
    // The one use of std's channels in the core's sources stands in an example.
    ("crate::stand_in::sync::mpsc", "std::sync::mpsc"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?).join("core");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let core = Path::new("../runtime-core/src");
    let pool = Path::new("../flavour-thread/src");
    println!("cargo::rerun-if-changed={}", core.display());
    println!("cargo::rerun-if-changed={}", pool.display());
    println!("cargo::rerun-if-changed=build.rs");
    copy(core, &out)?;
    for (file, name) in [("pool.rs", "thread_pool.rs"), ("watch.rs", "watch.rs")] {
        write(&pool.join(file), &out.join(name))?;
    }
    let mut root = root(&fs::read_to_string(core.join("lib.rs"))?, &out);
    for module in ["watch", "thread_pool"] {
        let _ = writeln!(root, "#[path = {:?}] mod {module};", out.join(format!("{module}.rs")));
    }
    fs::write(out.join("root.rs"), root)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            write(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn write(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let mut text =
        fs::read_to_string(from).map_err(|error| format!("{}: {error}", from.display()))?;
    // Unit tests run where they stand.
    if let Some(tests) = text.find("#[cfg(test)]\nmod tests") {
        text.truncate(tests);
    }
    for (old, new) in REPLACED {
        text = text.replace(old, new);
    }
    fs::write(to, text)?;
    Ok(())
}

/// The modules and exports of the core's `lib.rs`, with the modules where they were copied to.
fn root(text: &str, out: &Path) -> String {
    let mut root = String::new();
    let mut path = None;
    let mut skipped = false;
    for line in text.lines().filter(|line| !line.starts_with("//!") && !line.starts_with("#![")) {
        if line.starts_with("#[cfg(feature") || line.starts_with("#[cfg(all(unix, feature") {
            // No feature is on here.
            skipped = true;
            continue;
        }
        if let Some(rest) = line.strip_prefix("#[path = \"") {
            path = rest.strip_suffix("\"]").map(|file| out.join(file));
            continue;
        }
        if line.starts_with("#[cfg(not(") {
            continue;
        }
        let module = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "));
        let Some(name) = module.and_then(|rest| rest.strip_suffix(';')) else {
            if !std::mem::take(&mut skipped) {
                root.push_str(line);
                root.push('\n');
            }
            continue;
        };
        if std::mem::take(&mut skipped) {
            continue;
        }
        let file = path.take().unwrap_or_else(|| {
            let folder = out.join(name).join("mod.rs");
            if folder.exists() { folder } else { out.join(format!("{name}.rs")) }
        });
        let _ = writeln!(root, "#[path = {file:?}] mod {name};");
    }
    root
}
