//! The cases, with what is expected of everybody.

use std::time::Duration;

use super::adapter::{Adapter, Script, Stop};
use super::payload::{Does, Payload};
use super::verdict::{self, Seen};
use crate::child::Output;
use crate::record::Cell;

/// One case.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The rows of the list of faults.
    pub(crate) number: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) act: Act,
    pub(crate) judge: fn(&Seen) -> Cell,
    pub(crate) output: Output,
    /// How many descriptors the child may open, one child for each; empty where there is no such limit.
    pub(crate) descriptors: &'static [u64],
}

/// What the contestant does.
pub(crate) enum Act {
    Run(Script),
    Own(fn(&dyn Adapter) -> Option<String>),
}

const DEADLINE: Duration = Duration::from_millis(300);

/// All of them, in the order of the list of faults.
pub(crate) fn all() -> Vec<Case> {
    let mut all = failures();
    all.extend(stubborn());
    all.extend(handles());
    all.extend(stops());
    all.extend(surroundings());
    all
}

impl Case {
    fn run(
        name: &'static str,
        number: &'static str,
        script: Script,
        judge: fn(&Seen) -> Cell,
        expected: &'static str,
    ) -> Self {
        Case {
            name,
            number,
            expected,
            act: Act::Run(script),
            judge,
            output: Output::Nowhere,
            descriptors: &[],
        }
    }

    fn own(
        name: &'static str,
        number: &'static str,
        act: fn(&dyn Adapter) -> Option<String>,
        judge: fn(&Seen) -> Cell,
        expected: &'static str,
    ) -> Self {
        Case {
            name,
            number,
            expected,
            act: Act::Own(act),
            judge,
            output: Output::Nowhere,
            descriptors: &[],
        }
    }
}

fn script(payloads: &[(&'static str, Does)], stop: Stop) -> Script {
    let payloads = payloads.iter().map(|&(name, does)| Payload { name, does }).collect();
    Script {
        payloads,
        blocking: false,
        alone: false,
        stop,
        deadline: DEADLINE,
        linger: Duration::ZERO,
    }
}

fn worker(does: Does, stop: Stop) -> Script {
    script(&[("worker", does)], stop)
}

const ONCE: Stop = Stop::Threads(1);

fn failures() -> Vec<Case> {
    let three = |does| [("one", does), ("two", does), ("three", does)];
    let bomb = [("before", Does::Waits), ("bomb", Does::WaitsWithBomb), ("after", Does::Waits)];
    // An abort may have to look for the lines of a backtrace first.
    let bombed = Script { linger: Duration::from_millis(1_000), ..script(&bomb, ONCE) };
    vec![
        Case::run(
            "panic with a text",
            "1",
            worker(Does::Panics, Stop::Nobody),
            verdict::panic_text,
            "A task panics with a formatted text: the run ends, and text and name are told, where tasks have names.",
        ),
        Case::run(
            "panic with a number",
            "2",
            worker(Does::PanicsWithNumber, Stop::Nobody),
            verdict::panic_value,
            "The same with `panic_any(42)`: told as a panic, with the name.",
        ),
        Case::run(
            "panic whose value panics when dropped",
            "3",
            worker(Does::PanicsWithBomb, Stop::Nobody),
            verdict::panic_value,
            "The value of the panic has a destructor that panics: told as one panic, and the program goes on.",
        ),
        Case::run(
            "destructor panics at the stop",
            "5",
            bombed,
            verdict::drop_bomb,
            "One of three pending tasks panics in its destructor when it is cancelled: the process lives, the others are dropped, the stop comes back, the panic is told.",
        ),
        Case::run(
            "error with a source",
            "11",
            worker(Does::Fails, Stop::Nobody),
            verdict::error,
            "A task returns an error: the run ends; its text, its source and its name are told.",
        ),
        Case::run(
            "three errors at once",
            "13",
            script(&three(Does::FailsWithOthers), Stop::Nobody),
            verdict::three_errors,
            "Three tasks fail in the same moment: all three are told.",
        ),
        Case::run(
            "error during the stop",
            "14",
            worker(Does::FailsWhileStopping, ONCE),
            verdict::cleanup_error,
            "A task is asked to stop and returns an error: it is told.",
        ),
    ]
}

fn stubborn() -> Vec<Case> {
    let hog = script(&[("hog", Does::Holds)], ONCE);
    let late =
        Script { linger: Duration::from_millis(1_000), ..worker(Does::HoldsThenPanics, ONCE) };
    vec![
        Case::run(
            "async code that never yields",
            "16",
            hog.clone(),
            verdict::straggler,
            "The stop comes back by its deadline and names the task, and the process can end.",
        ),
        Case::run(
            "the same, executor of one thread",
            "16",
            Script { alone: true, ..hog.clone() },
            verdict::straggler,
            "The same where the executor has no other thread (spumoni's lanes and smol's global executor never have).",
        ),
        Case::run(
            "blocking code that ignores the stop",
            "18",
            Script { blocking: true, ..hog },
            verdict::straggler,
            "The same with a call on a thread for blocking code.",
        ),
        Case::run(
            "async code that ignores the stop",
            "19",
            worker(Does::Naps, ONCE),
            verdict::dropped,
            "It awaits again and again: it is dropped when its time is over, and the stop comes back.",
        ),
        Case::run(
            "straggler panics after the report",
            "75",
            late,
            verdict::late_failure,
            "A task holds its thread past the deadline and panics then: nothing breaks, and its failure can still be had.",
        ),
    ]
}

fn handles() -> Vec<Case> {
    vec![
        Case::own(
            "handle dropped, then a panic",
            "29",
            |adapter| adapter.lets_go_of_a_handle(),
            verdict::panic_text,
            "The task goes on without its handle (smol: `detach`), and its panic is told to somebody.",
        ),
        Case::own(
            "handle read twice",
            "31",
            |adapter| adapter.reads_a_handle_twice(),
            verdict::second_read,
            "A handle that has given its value is awaited once more: an answer, no panic.",
        ),
        Case::own(
            "task awaits itself",
            "33",
            |adapter| adapter.awaits_its_own_handle(),
            verdict::refused_wait,
            "A task awaits its own handle: refused, no hang.",
        ),
        Case::own(
            "task blocks on its own lane",
            "39",
            |adapter| adapter.blocks_on_its_own_lane(),
            verdict::refused_wait,
            "Sync code in a task blocks on another task of the same executor, which has one thread: refused by an error, no hang.",
        ),
        Case::own(
            "task handed over during the stop",
            "53",
            |adapter| adapter.submits_while_stopping(),
            verdict::refused_task,
            "Refused with an error, and the payload comes back.",
        ),
    ]
}

fn stops() -> Vec<Case> {
    let linger = Duration::from_millis(150);
    let signal = Script { deadline: Duration::from_secs(10), ..worker(Does::Naps, Stop::Signal) };
    vec![
        Case::run(
            "stop asked twice",
            "66",
            Script { linger, ..worker(Does::Naps, Stop::Twice) },
            verdict::one_end,
            "Asking again changes nothing; where an answer is given, it is the same one.",
        ),
        Case::run(
            "stop asked by 8 threads",
            "67",
            Script { linger, ..worker(Does::Naps, Stop::Threads(8)) },
            verdict::one_end,
            "One stop by its deadline; where an answer is given, all get the same one.",
        ),
        Case::run(
            "deadline of zero",
            "69",
            Script { deadline: Duration::ZERO, ..worker(Does::Waits, ONCE) },
            verdict::dropped_or_told,
            "The stop comes back at once; the task is dropped, or it is told that one was left.",
        ),
        Case::run(
            "deadline of `Duration::MAX`",
            "70",
            Script { deadline: Duration::MAX, ..worker(Does::Listens, ONCE) },
            verdict::ends,
            "No overflow, no panic; the stop ends when the task does.",
        ),
        Case::run(
            "second SIGINT during the stop",
            "100",
            signal,
            verdict::forced,
            "The stop has 10 s and the task uses them; a second SIGINT ends the process at once, with a code that is not 0.",
        ),
    ]
}

fn surroundings() -> Vec<Case> {
    let panics = worker(Does::Panics, Stop::Nobody);
    vec![
        Case {
            output: Output::Broken,
            ..Case::run(
                "standard output and error closed",
                "105",
                panics,
                verdict::panic_value,
                "A task panics and nobody reads the pipes any more: told as ever.",
            )
        },
        Case {
            descriptors: &[0, 1, 2, 3, 4],
            ..Case::own(
                "no descriptors left",
                "112",
                |adapter| adapter.starts_without_descriptors(),
                verdict::answers,
                "It is started where 0 to 4 more descriptors may be opened: an error or success, no panic. (tokio panics in its feature `signal`.)",
            )
        },
        Case::own(
            "made and dropped inside `#[tokio::main]`",
            "125",
            |adapter| adapter.lives_inside_tokio(),
            verdict::answers,
            "It is made, used and dropped by async code on a tokio runtime: no panic.",
        ),
    ]
}
