//! The machine that it is measured on, and what others do to it meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

/// Ticks of the kernel's accounting in a second; fixed on Linux.
const TICKS: f64 = 100.0;
/// More than this of a core used by others is told beside the figures.
const NOISY: f64 = 0.1;

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Looks at the machine from its making on.
pub(crate) struct Watch {
    since: Instant,
    busy: u64,
    own: u64,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        Watch { since: Instant::now(), busy: all_busy(), own: own_busy() }
    }

    /// Where it was measured, in one line, and whether others were busy there meanwhile.
    pub(crate) fn describe(&self) -> String {
        let mut text = describe();
        let others = self.others();
        if others > NOISY {
            text.push_str(&format!(", NOISY: others used {others:.1} cores meanwhile"));
        }
        text
    }

    /// How many cores' worth of work others have done since.
    fn others(&self) -> f64 {
        let busy = all_busy().saturating_sub(self.busy);
        let own = own_busy().saturating_sub(self.own);
        let ticks = self.since.elapsed().as_secs_f64() * TICKS;
        busy.saturating_sub(own) as f64 / ticks.max(1.0)
    }
}

/// The machine in one line.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let compiler = env!("PROOF_RUSTC");
    format!("{}, {cores} cores, Linux {}, {compiler}", processor(), kernel.trim())
}

/// The commit that is checked out, with a `+` if something was changed since, the page and its record aside.
pub(crate) fn commit() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(workspace()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=8", "HEAD"])?;
    let page = ":!docs/reliability.*";
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", ".", page])?;
    Some(if changed.is_empty() { commit } else { commit + "+" })
}

/// What this process has in memory, in bytes.
pub(crate) fn resident() -> u64 {
    let status = read("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// How many threads this process has.
pub(crate) fn threads() -> usize {
    entries("/proc/self/task")
}

/// How many descriptors this process has open; the one that looks is among them.
pub(crate) fn descriptors() -> usize {
    entries("/proc/self/fd")
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn processor() -> String {
    read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(|| "an unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Ticks that all cores have been busy, those stolen by the host included.
fn all_busy() -> u64 {
    let stat = read("/proc/stat");
    let fields = stat.lines().next().unwrap_or_default().split_whitespace();
    let fields: Vec<u64> = fields.skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    [0, 1, 2, 5, 6, 7].iter().filter_map(|at| fields.get(*at)).sum()
}

/// Ticks that this process and its children have been busy.
fn own_busy() -> u64 {
    let stat = read("/proc/self/stat");
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(4);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}
