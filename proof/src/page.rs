//! The page: what was measured, as Markdown.

use std::fmt::Write;

use crate::date;
use crate::figures::{Figure, How};
use crate::peers;
use crate::record::{Cell, Entry, Grade, Record, Stamp, Table};

const INTRODUCTION: &str = "\
# Reliability

What spumoni does when things go wrong, in figures, and what its peers do with the same faults. The page is written
by one command, and everything on it can be had again with it:

```sh
cargo run --release -p spumoni-proof -- --write docs/reliability.md
```

`--quick` takes a tenth of everything. `--all` also runs what takes minutes: models, planted faults, sanitizers, kills and
the soak; without it their figures stay, with the date and the commit of which they were taken. `--only KEY` measures one
figure, which is the one way for those that take hours, or with the key `peers` the second table; `--list` has the keys.
`--read KEY=LOG` takes the figure of a script from what that wrote earlier. What was measured is kept in `reliability.json`
beside this page. Which test
holds which fault is in [`faults.md`](faults.md), what it costs in [`performance.md`](performance.md).
";

const PEERS: &str = "
## The same faults on its peers

Every case is a process of its own with a time limit, in which the contestant is used as its documentation shows. *Told* is what its API gives back
to the program: values, errors, reports; lines in a log do not count, because a program cannot act on them. A cell says

- **yes**: as expected;
- in plain letters what one would want to know or have and does not: the program goes on;
- in **bold letters** what went wrong: it hangs, aborts, panics, comes late, or a failure is lost;
- –: there is no such thing there, by intent, and nothing is wrong with that.

A bare runtime is no supervisor and does not claim to be one: it has no names for tasks and makes no report. Its columns show what is left for the
program to do.
";

/// All of it.
pub(crate) fn write(figures: &[Figure], record: &Record) -> String {
    let mut page = INTRODUCTION.to_owned();
    let machines = machines(record);
    page.push_str("\n## Figures\n\n");
    for (index, machine) in machines.iter().enumerate() {
        let _ = writeln!(page, "Machine {}: {machine}.", letter(index));
    }
    page.push_str("\n| | figure | goal | tried | taken |\n|---|---|---|---|---|\n");
    for figure in figures {
        let _ = writeln!(page, "{}", row(figure, record.figures.get(figure.key), &machines));
    }
    page.push_str("\n### What they mean\n\n");
    for figure in figures {
        let _ = writeln!(page, "- **{}** (`{}`). {}", figure.title, figure.key, figure.explained);
    }
    if let Some(table) = &record.peers {
        page.push_str(PEERS);
        write_peers(&mut page, table, &machines);
    }
    page
}

fn row(figure: &Figure, entry: Option<&Entry>, machines: &[String]) -> String {
    let title = figure.title;
    let goal = if figure.goal.is_empty() { "–" } else { figure.goal };
    match (entry, &figure.how) {
        (Some(Entry { value, tried, stamp }), _) => {
            format!("| {title} | {value} | {goal} | {tried} | {} |", taken(stamp, machines))
        }
        (None, How::Script(gate)) => {
            format!("| {title} | not run | {goal} | {} | – |", gate.command())
        }
        (None, How::Short(_)) => {
            format!("| {title} | not run | {goal} | `--only {}` | – |", figure.key)
        }
    }
}

/// Day, machine, commit, and whether it was a tenth only.
fn taken(stamp: &Stamp, machines: &[String]) -> String {
    let place = machines.iter().position(|machine| *machine == plain(stamp));
    let place = place.map_or_else(String::new, |index| format!(", {}", letter(index)));
    let quick = if stamp.quick { ", quick" } else { "" };
    let noisy = if stamp.machine.contains(NOISY) { ", others busy" } else { "" };
    let commit = stamp.commit.as_ref().map_or_else(String::new, |commit| format!(", {commit}"));
    format!("{}{place}{commit}{quick}{noisy}", date::day(stamp.at))
}

/// What the description of a machine ends with if it was not for us alone.
const NOISY: &str = ", NOISY";

fn plain(stamp: &Stamp) -> &str {
    stamp.machine.split(NOISY).next().unwrap_or(&stamp.machine)
}

/// Each machine once, in the order of the figures.
fn machines(record: &Record) -> Vec<String> {
    let stamps = record.figures.values().map(|entry| &entry.stamp);
    let mut machines: Vec<String> = Vec::new();
    for stamp in stamps.chain(record.peers.as_ref().map(|table| &table.stamp)) {
        if !machines.iter().any(|machine| machine == plain(stamp)) {
            machines.push(plain(stamp).to_owned());
        }
    }
    machines
}

fn letter(index: usize) -> char {
    char::from(b'A' + u8::try_from(index % 26).unwrap_or(0))
}

fn write_peers(page: &mut String, table: &Table, machines: &[String]) {
    let _ = writeln!(page, "\nTaken {}.\n", taken(&table.stamp, machines));
    for (name, about) in peers::about() {
        let _ = writeln!(page, "- *{name}*: {about}");
    }
    let _ = writeln!(page, "\n| case | {} |", table.contestants.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(table.contestants.len()));
    for row in &table.rows {
        let cells: Vec<String> = row.cells.iter().map(shown).collect();
        let _ = writeln!(page, "| {} | {} |", row.case, cells.join(" | "));
    }
    let _ = writeln!(page, "| as expected | {} |", sums(table).join(" | "));
    page.push_str("\n### What each case expects\n\n");
    for (case, number, expected) in peers::expectations() {
        let _ = writeln!(page, "- **{case}** (FAULTS {number}). {expected}");
    }
}

fn shown(cell: &Cell) -> String {
    match cell.grade {
        Grade::Absent => "–".to_owned(),
        Grade::Held => "yes".to_owned(),
        Grade::Lacks => cell.what.clone(),
        Grade::Broke => format!("**{}**", cell.what),
    }
}

/// How many cases of those that apply each contestant takes as expected.
fn sums(table: &Table) -> Vec<String> {
    (0..table.contestants.len())
        .map(|column| {
            let cells = table.rows.iter().filter_map(|row| row.cells.get(column));
            let apply: Vec<&Cell> = cells.filter(|cell| cell.grade != Grade::Absent).collect();
            let held = apply.iter().filter(|cell| cell.grade == Grade::Held).count();
            format!("{held} of {}", apply.len())
        })
        .collect()
}
