//! One session from flags to figures: measures, prints, writes and draws.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::flags::Flags;
use crate::machine::Watch;
use crate::measure::{Pace, Plan, Route};
use crate::place::{self, Place};
use crate::record::{Record, RouteRecord};
use crate::{daemon, goals, picture, routes, table};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What `--quick` takes at most; the rest of its 45 s is for what cannot be cut short.
const QUICK: Duration = Duration::from_secs(34);
/// What one route takes at most otherwise.
const ROUTE: Duration = Duration::from_secs(60);

/// Does what the flags say.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let chosen = chosen(flags)?;
    if flags.list {
        for route in &chosen {
            println!("{:<18} {}", route.name, route.title);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut record = match flags.from.split_first() {
        None => measured(flags, &chosen)?,
        Some((first, more)) => read(first, more)?,
    };
    table::print(&record);
    if flags.goals {
        record.goals = goals::judge(&record.routes);
        goals::print(&record.goals);
    }
    if let Some(file) = &flags.json {
        fs::write(file, serde_json::to_string_pretty(&record)?)?;
    }
    if let Some(folder) = &flags.svg {
        draw(&record, folder)?;
    }
    let missed = flags.strict && record.goals.iter().any(|goal| !goal.is_met());
    Ok(ExitCode::from(u8::from(missed)))
}

/// Measures what was chosen, where it was asked for.
fn measured(flags: &Flags, chosen: &[Route]) -> Result<Record> {
    let watch = Watch::begin();
    let routes =
        if flags.daemon { daemon::measure(flags.quick)? } else { in_places(flags, chosen)? };
    Ok(Record { machine: watch.describe(flags.quick), routes, goals: Vec::new() })
}

fn in_places(flags: &Flags, chosen: &[Route]) -> Result<Vec<RouteRecord>> {
    let mut measured = Vec::new();
    if flags.place != Some(Place::Pinned) {
        measured = measure(chosen, flags.quick, Place::Free);
    }
    match flags.place {
        Some(Place::Free) => {}
        Some(Place::Pinned) => measured = measure(chosen, flags.quick, Place::Pinned),
        None if flags.quick || place::cores().len() < 2 => {}
        None => merge(&mut measured, in_a_child(flags)?),
    }
    Ok(measured)
}

/// Reads what was measured before.
fn read(first: &Path, more: &[PathBuf]) -> Result<Record> {
    let open =
        |file: &Path| -> Result<Record> { Ok(serde_json::from_str(&fs::read_to_string(file)?)?) };
    let mut record = open(first)?;
    for file in more {
        merge(&mut record.routes, open(file)?.routes);
    }
    Ok(record)
}

fn chosen(flags: &Flags) -> Result<Vec<Route>> {
    let mut chosen = routes::all();
    if !flags.route.is_empty() {
        chosen.retain(|route| flags.route.iter().any(|name| route.name.starts_with(name.as_str())));
    }
    if let Some(text) = &flags.only {
        chosen.iter_mut().for_each(|route| route.keep(text));
    }
    if chosen.is_empty() {
        return Err("no route of that name; `--list` shows them".into());
    }
    Ok(chosen)
}

fn measure(routes: &[Route], quick: bool, place: Place) -> Vec<RouteRecord> {
    let begun = Instant::now();
    let routes: Vec<&Route> =
        routes.iter().filter(|route| place == Place::Free || route.pace == Pace::Short).collect();
    let mut measured = Vec::new();
    for (done, route) in routes.iter().enumerate() {
        // A route gets its part of the time that is left, by how much it needs.
        let left: u32 = routes[done..].iter().map(|route| route.pace.weight()).sum();
        let allowed = if quick {
            QUICK.saturating_sub(begun.elapsed()) * route.pace.weight() / left
        } else {
            ROUTE
        };
        eprintln!(
            "[{:>5.1} s] {} ({}), {} of {}",
            begun.elapsed().as_secs_f64(),
            route.name,
            place.name(),
            done + 1,
            routes.len(),
        );
        measured.push(route.measure(&Plan { quick, place, allowed }));
    }
    measured
}

/// Measures pinned, in a process of its own: the threads of the global executors stay for ever on
/// the cores where they were made.
fn in_a_child(flags: &Flags) -> Result<Vec<RouteRecord>> {
    let file = Scratch::new();
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--place", Place::Pinned.name(), "--json"]);
    child.arg(&file.0).stdout(std::process::Stdio::null());
    if let Some(text) = &flags.only {
        child.arg("--only").arg(text);
    }
    for route in &flags.route {
        child.arg("--route").arg(route);
    }
    let status = child.status()?;
    if !status.success() {
        return Err(format!("measuring pinned: {status}").into());
    }
    let record: Record = serde_json::from_str(&fs::read_to_string(&file.0)?)?;
    Ok(record.routes)
}

/// A file for as long as this lives.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let name = format!("spumoni-bench-{}.json", std::process::id());
        Scratch(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn merge(routes: &mut Vec<RouteRecord>, more: Vec<RouteRecord>) {
    for more in more {
        match routes.iter_mut().find(|route| route.name == more.name) {
            Some(route) => route.entries.extend(more.entries),
            None => routes.push(more),
        }
    }
}

fn draw(record: &Record, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for route in &record.routes {
        let file = folder.join(format!("{}.svg", route.name));
        fs::write(file, picture::draw(route, &record.machine))?;
    }
    if !record.goals.is_empty() {
        let goals = picture::draw_goals(&record.goals, &record.machine);
        fs::write(folder.join("goals.svg"), goals)?;
    }
    Ok(())
}
