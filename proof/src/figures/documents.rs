//! Figures that stand in the tables of `docs/`, where tests hold them to the tests that they name.

use std::collections::BTreeMap;
use std::fs;

use super::gate::Gate;
use super::{Measured, Pace};
use crate::Error;
use crate::machine::workspace;

/// Rows of the fault matrix, by their state.
pub(crate) fn faults(_: &Pace) -> Result<Measured, Error> {
    let rows = rows("docs/faults.md", |first| first.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let state = row.last().map_or("", String::as_str);
        let state = state.split(':').next().unwrap_or(state).trim();
        *states.entry(state.to_owned()).or_default() += 1;
    }
    let held = states.remove("held").unwrap_or_default();
    let rest: Vec<String> =
        states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let value = format!("{held} held of {} ({})", rows.len(), rest.join("; "));
    Ok(Measured { value, tried: "`docs/faults.md`".to_owned() })
}

/// Rows of the behaviours, and how many of them are open.
pub(crate) fn behaviours(_: &Pace) -> Result<Measured, Error> {
    let case = |first: &str| {
        let mut letters = first.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.next().is_some_and(|c| c.is_ascii_digit())
    };
    let rows = rows("docs/behaviours.md", case)?;
    let last = |row: &Vec<String>| row.last().cloned().unwrap_or_default();
    let tested = rows.iter().filter(|row| last(row).contains("::")).count();
    let open = rows
        .iter()
        .filter(|row| last(row).contains("*open*") || last(row).starts_with("open"))
        .count();
    let value = format!(
        "{tested} of {} shown by tests; {open} open, {} answered by a reason",
        rows.len(),
        rows.len() - tested - open
    );
    Ok(Measured { value, tried: "`docs/behaviours.md`".to_owned() })
}

/// Places of `unsafe` code, as the gate counts them.
pub(crate) fn unsafe_code(_: &Pace) -> Result<Measured, Error> {
    Gate::minutes("ci/unsafe.sh").run()
}

/// The cells of those rows of a page's tables whose first cell is wanted.
fn rows(page: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Vec<String>>, Error> {
    let text =
        fs::read_to_string(workspace().join(page)).map_err(|error| format!("{page}: {error}"))?;
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")).map(|line| {
        let line = line.trim_end().trim_end_matches('|');
        line.split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let rows: Vec<_> = rows.filter(|row| row.first().is_some_and(|first| wanted(first))).collect();
    if rows.is_empty() { Err(format!("{page} has no rows").into()) } else { Ok(rows) }
}
