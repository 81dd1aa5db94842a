//! One session from flags to page: measures, keeps what is not measured, prints or writes.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::figures::{self, Figure, Gate, How, Measured, Pace};
use crate::flags::Flags;
use crate::machine::Watch;
use crate::record::{Entry, Record, Stamp};
use crate::{Error, date, machine, page, peers};

/// What `--only` calls the other table.
const PEERS: &str = "peers";

/// Does what the flags say.
pub(crate) fn run(flags: &Flags) -> Result<(), Error> {
    let figures = figures::all();
    if flags.list {
        list(&figures);
        return Ok(());
    }
    let kept = flags.write.as_deref().map(|page| page.with_extension("json"));
    let mut record = kept.as_deref().map(Record::read).transpose()?.unwrap_or_default();
    let mut failed = Vec::new();
    let begun = Instant::now();
    for figure in figures.iter().filter(|figure| chosen(figure, flags)) {
        eprintln!("[{:>5.1} s] {}: {}", begun.elapsed().as_secs_f64(), figure.key, figure.title);
        match measure(figure, flags) {
            Ok(entry) => drop(record.figures.insert(figure.key.to_owned(), entry)),
            // One that cannot be had is no reason to lose the others.
            Err(error) => failed.push(format!("{}: {error}", figure.key)),
        }
    }
    if chooses_none(flags) || flags.only.iter().any(|only| only == PEERS) {
        let mut table = peers::compare(begun)?;
        table.stamp.quick = false;
        record.peers = Some(table);
    }
    for (key, log) in &flags.read {
        match read(&figures, key, log) {
            Ok(entry) => drop(record.figures.insert(key.clone(), entry)),
            Err(error) => failed.push(format!("{key}: {error}")),
        }
    }
    let text = page::write(&figures, &record);
    match (&flags.write, &kept) {
        (Some(file), Some(kept)) => {
            record.write(kept)?;
            save(file, &text)?;
        }
        _ => print!("{text}"),
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not measured: {}", failed.join("; ")).into())
    }
}

fn list(figures: &[Figure]) {
    for figure in figures {
        println!("{:<20} {}", figure.key, figure.title);
    }
    println!("{PEERS:<20} the same faults on each of:");
    peers::list();
}

/// Whether no figure is asked for by its key.
fn chooses_none(flags: &Flags) -> bool {
    flags.only.is_empty() && flags.read.is_empty()
}

/// Whether it is measured this time.
fn chosen(figure: &Figure, flags: &Flags) -> bool {
    let named = flags.only.iter().any(|only| figure.key.starts_with(only.as_str()));
    match &figure.how {
        How::Short(_) => named || chooses_none(flags),
        How::Script(Gate { takes_hours: true, .. }) => named,
        How::Script(_) => named || (chooses_none(flags) && flags.all),
    }
}

fn measure(figure: &Figure, flags: &Flags) -> Result<Entry, Error> {
    let pace = Pace { quick: flags.quick };
    let watch = Watch::begin();
    let Measured { value, tried } = match &figure.how {
        How::Short(measure) => measure(&pace)?,
        How::Script(gate) => gate.run()?,
    };
    let stamp = Stamp {
        at: date::now(),
        machine: watch.describe(),
        commit: machine::commit(),
        quick: flags.quick,
    };
    Ok(Entry { value, tried, stamp })
}

/// A figure whose script has run before, on this machine.
fn read(figures: &[Figure], key: &str, log: &Path) -> Result<Entry, Error> {
    let figure = figures.iter().find(|figure| figure.key == key);
    let figure = figure.ok_or("no figure has this key; `--list` has them")?;
    let How::Script(gate) = &figure.how else {
        return Err("no script counts it; measure it with `--only`".into());
    };
    let text = fs::read_to_string(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let Measured { value, tried } = gate.measured(&text)?;
    let commit = text.lines().find_map(|line| line.strip_prefix("commit: ").map(str::to_owned));
    let at = date::seconds(fs::metadata(log)?.modified()?);
    let stamp = Stamp { at, machine: machine::describe(), commit, quick: false };
    Ok(Entry { value, tried, stamp })
}

fn save(file: &Path, text: &str) -> Result<(), Error> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()).into())
}
