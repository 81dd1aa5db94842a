//! Every contestant in every case, each in a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::adapter::{Adapter, Stop};
use super::case::{self, Act, Case};
use super::facts::{self, Facts, note};
use super::verdict::{self, Seen};
use super::{graceful, smol_bare, spumoni, taskvisor, tokio_bare};
use crate::child::{Child, arg};
use crate::machine::{self, Watch};
use crate::record::{Cell, Row, Stamp, Table};
use crate::way;
use crate::{Error, date};

/// After that a child hangs.
const LIMIT: Duration = Duration::from_millis(2_500);
/// Before the first signal the payload has begun; the second one is none of the same burst.
const STARTED: Duration = Duration::from_millis(200);
const APART: Duration = Duration::from_millis(400);

fn contestants() -> Vec<Box<dyn Adapter>> {
    let mut all: Vec<Box<dyn Adapter>> = Vec::new();
    for way in way::ALL {
        all.push(Box::new(spumoni::Spumoni(way)));
    }
    all.push(Box::new(tokio_bare::Tokio));
    all.push(Box::new(smol_bare::Smol));
    all.push(Box::new(graceful::Graceful));
    all.push(Box::new(taskvisor::Taskvisor));
    all
}

/// The whole table.
pub(crate) fn compare(begun: Instant) -> Result<Table, Error> {
    let (contestants, watch) = (contestants(), Watch::begin());
    let mut rows = Vec::new();
    for case in case::all() {
        eprintln!("[{:>5.1} s] {}", begun.elapsed().as_secs_f64(), case.name);
        let cells = contestants.iter().map(|adapter| try_one(adapter.as_ref(), &case));
        rows.push(Row { case: case.name.to_owned(), cells: cells.collect::<Result<_, _>>()? });
    }
    let stamp = Stamp {
        at: date::now(),
        machine: watch.describe(),
        commit: machine::commit(),
        quick: false,
    };
    let contestants = contestants.iter().map(|adapter| adapter.name().to_owned()).collect();
    Ok(Table { contestants, rows, stamp })
}

/// Each contestant, and how it is used.
pub(crate) fn about() -> Vec<(&'static str, &'static str)> {
    contestants().iter().map(|adapter| (adapter.name(), adapter.about())).collect()
}

/// Each case, its rows in the list of faults, and what it expects.
pub(crate) fn expectations() -> Vec<(&'static str, &'static str, &'static str)> {
    case::all().iter().map(|case| (case.name, case.number, case.expected)).collect()
}

/// Prints both.
pub(crate) fn list() {
    for (name, about) in about() {
        println!("{:<20} {name}: {about}", "");
    }
    for case in case::all() {
        println!("{:<20} {}", "", case.name);
    }
}

/// The worst that happens to the contestant in that case.
fn try_one(adapter: &dyn Adapter, case: &Case) -> Result<Cell, Error> {
    if case.descriptors.is_empty() {
        return try_child(adapter, case, None);
    }
    let cells = case.descriptors.iter().map(|more| try_child(adapter, case, Some(*more)));
    let cells: Vec<Cell> = cells.collect::<Result<_, _>>()?;
    Ok(cells.into_iter().max_by_key(|cell| cell.grade).unwrap_or_else(verdict::absent))
}

fn try_child(adapter: &dyn Adapter, case: &Case, descriptors: Option<u64>) -> Result<Cell, Error> {
    let notebook = Notebook::new();
    let descriptors = descriptors.map(|more| more.to_string());
    let mut role = vec!["case", adapter.name(), case.name, notebook.path()?];
    role.extend(descriptors.as_deref());
    let child = Child::start(&role, case.output)?;
    if signals(case) {
        thread::sleep(STARTED);
        child.signal(Signal::INT);
        thread::sleep(APART);
        child.signal(Signal::INT);
    }
    let end = child.end(LIMIT)?;
    let facts = notebook.read();
    if facts.has("absent") {
        return Ok(verdict::absent());
    }
    let deadline = match &case.act {
        Act::Run(script) => script.deadline,
        Act::Own(_) => Duration::MAX,
    };
    Ok((case.judge)(&Seen { facts, end, names: adapter.has_names(), deadline }))
}

fn signals(case: &Case) -> bool {
    matches!(&case.act, Act::Run(script) if script.stop == Stop::Signal)
}

/// The child: plays one case, and writes down what happens.
pub(crate) fn play(args: &[String]) -> ExitCode {
    match prepared(args) {
        Ok((adapter, case)) => {
            act(adapter.as_ref(), &case);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("spumoni-proof, child `case`: {error}");
            ExitCode::from(2)
        }
    }
}

fn prepared(args: &[String]) -> Result<(Box<dyn Adapter>, Case), Error> {
    let [name, case] = [arg::<String>(args, 0)?, arg::<String>(args, 1)?];
    let adapter =
        contestants().into_iter().find(|one| one.name() == name).ok_or("no such contestant")?;
    let case = case::all().into_iter().find(|one| one.name == case).ok_or("no such case")?;
    facts::open(Path::new(&arg::<String>(args, 2)?))?;
    if args.len() > 3 {
        allow_descriptors(arg(args, 3)?)?;
    }
    Ok((adapter, case))
}

fn act(adapter: &dyn Adapter, case: &Case) {
    let told = match &case.act {
        Act::Run(script) => adapter.run(script).map(|()| None),
        Act::Own(act) => act(adapter).map(Some),
    };
    match told {
        None => note("absent", ""),
        Some(None) => {}
        Some(Some(told)) => {
            note("returned", "0");
            note("told", &told);
        }
    }
}

/// From now on only so many descriptors more may be opened.
fn allow_descriptors(more: usize) -> Result<(), Error> {
    // The limit is for their numbers, of which those that are free are taken first.
    let is_free = |number: &u64| fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_err();
    let first_refused = (0..).filter(is_free).nth(more).ok_or("no number is free")?;
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(first_refused), maximum })?;
    Ok(())
}

/// The file of a child's facts, for as long as it is needed.
struct Notebook(PathBuf);

impl Notebook {
    fn new() -> Self {
        let name = format!("spumoni-proof-{}.facts", std::process::id());
        let file = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&file);
        Notebook(file)
    }

    fn path(&self) -> Result<&str, Error> {
        self.0
            .to_str()
            .ok_or_else(|| "the folder for temporary files has a name that is no text".into())
    }

    /// What stands in it; nothing if the child did not come that far.
    fn read(&self) -> Facts {
        Facts::read(&fs::read_to_string(&self.0).unwrap_or_default())
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
