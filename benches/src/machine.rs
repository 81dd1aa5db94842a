//! The machine that it is measured on, and what others do to it meanwhile.

use std::fs;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::place;
use crate::record::Machine;

/// Ticks of the kernel's accounting in a second; fixed on Linux.
const TICKS: f64 = 100.0;

/// Looks at the machine from its making to [`describe`](Watch::describe).
pub(crate) struct Watch {
    since: Instant,
    busy: u64,
    own: u64,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        Watch { since: Instant::now(), busy: all_busy(), own: own_busy() }
    }

    /// How many cores' worth of work others have done since.
    pub(crate) fn others(&self) -> f64 {
        let busy = all_busy().saturating_sub(self.busy);
        let own = own_busy().saturating_sub(self.own);
        let ticks = self.since.elapsed().as_secs_f64() * TICKS;
        busy.saturating_sub(own) as f64 / ticks.max(1.0)
    }

    pub(crate) fn describe(&self, quick: bool) -> Machine {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        Machine {
            processor: processor(),
            cores: place::cores().len(),
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            compiler: env!("BENCH_RUSTC").to_owned(),
            at: at.map_or(0, |since| since.as_secs()),
            quick,
            others: self.others(),
        }
    }
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
