//! One session from flags to page: measures, keeps what is not measured, prints or writes.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::figures::{self, Figure, How, Measured, Pace};
use crate::flags::Flags;
use crate::machine::Watch;
use crate::record::{Entry, Record, Stamp};
use crate::{Error, date, page, peers};

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
    if flags.only.is_empty() || flags.only.iter().any(|only| only == PEERS) {
        let mut table = peers::compare(begun)?;
        table.stamp.quick = false;
        record.peers = Some(table);
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

/// Whether it is measured this time.
fn chosen(figure: &Figure, flags: &Flags) -> bool {
    let named = flags.only.iter().any(|only| figure.key.starts_with(only.as_str()));
    match figure.how {
        How::Short(_) => named || flags.only.is_empty(),
        How::Long(_) => named || (flags.only.is_empty() && flags.all),
        How::NotRun(_) => false,
    }
}

fn measure(figure: &Figure, flags: &Flags) -> Result<Entry, Error> {
    let pace = Pace { quick: flags.quick, kills: flags.kills, soak: flags.soak };
    let watch = Watch::begin();
    let Measured { value, tried } = match figure.how {
        How::Short(measure) | How::Long(measure) => measure(&pace)?,
        How::NotRun(_) => return Err("it is not measured here".into()),
    };
    let stamp = Stamp { at: date::now(), machine: watch.describe(), quick: flags.quick };
    Ok(Entry { value, tried, stamp })
}

fn save(file: &Path, text: &str) -> Result<(), Error> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()).into())
}
