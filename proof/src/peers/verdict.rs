//! How a contestant has taken a case, judged by what its child left behind.

use std::time::Duration;

use super::facts::Facts;
use super::payload;
use crate::child::End;
use crate::record::{Cell, Grade};

/// What a loaded machine may add to a deadline.
const NOISE: Duration = Duration::from_millis(250);
const SIGABRT: i32 = 6;
/// The exit code of a Rust program whose `main` has panicked.
const PANICKED: i32 = 101;

/// What there is to judge by.
pub(crate) struct Seen {
    pub(crate) facts: Facts,
    pub(crate) end: End,
    /// Whether tasks have names there.
    pub(crate) names: bool,
    pub(crate) deadline: Duration,
}

pub(crate) fn held() -> Cell {
    Cell { grade: Grade::Held, what: String::new() }
}

pub(crate) fn absent() -> Cell {
    Cell { grade: Grade::Absent, what: String::new() }
}

pub(crate) fn lacks(what: &str) -> Cell {
    Cell { grade: Grade::Lacks, what: what.to_owned() }
}

pub(crate) fn broke(what: &str) -> Cell {
    Cell { grade: Grade::Broke, what: what.to_owned() }
}

impl Seen {
    /// What the contestant has told, of both kinds.
    fn told(&self) -> String {
        let told = self.facts.all("told").chain(self.facts.all("answer"));
        told.collect::<Vec<_>>().join("\n")
    }

    /// How the process ended, if it did not end well.
    fn bad_end(&self) -> Option<Cell> {
        let End { code, signal, hung, .. } = &self.end;
        match (hung, signal, code) {
            (true, ..) if self.facts.has("returned") => {
                Some(broke("returns, but the process hangs"))
            }
            (true, ..) => Some(broke("hangs")),
            (_, Some(SIGABRT), _) => Some(broke("aborts")),
            (_, Some(signal), _) => Some(broke(&format!("ends by signal {signal}"))),
            (_, _, Some(PANICKED)) => Some(broke("panics")),
            (_, _, Some(0)) => None,
            (_, _, code) => Some(broke(&format!("ends with {code:?}"))),
        }
    }

    /// Whether the stop came back by its deadline.
    fn is_late(&self) -> bool {
        let took = self.facts.number("returned").map(Duration::from_millis);
        took.is_none_or(|took| took > self.deadline.saturating_add(NOISE))
    }

    /// The name of who it was, where there are names.
    fn named(&self, name: &str) -> Cell {
        if self.names && !self.told().contains(name) { lacks("unnamed") } else { held() }
    }
}

/// A panic with a text.
pub(crate) fn panic_text(seen: &Seen) -> Cell {
    text(seen, payload::PANIC)
}

/// A panic with something that is no text.
pub(crate) fn panic_value(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.told().to_lowercase().contains("panic") {
        seen.named("worker")
    } else {
        broke("failure lost")
    }
}

/// One of three is a bomb.
pub(crate) fn drop_bomb(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if !(seen.facts.has_with("dropped", "before") && seen.facts.has_with("dropped", "after")) {
        return broke("others not dropped");
    }
    if seen.told().contains("destructor") { held() } else { lacks("contained, not told") }
}

/// An error with a source.
pub(crate) fn error(seen: &Seen) -> Cell {
    let cell = text(seen, payload::ERROR);
    if cell.grade == Grade::Held && !seen.told().contains(payload::SOURCE) {
        return lacks("source lost");
    }
    cell
}

pub(crate) fn three_errors(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    let told = seen.told();
    let lost = ["one", "two", "three"]
        .iter()
        .filter(|name| !told.contains(&format!("failure of {name}")))
        .count();
    if lost == 0 { held() } else { broke(&format!("{lost} of 3 lost")) }
}

pub(crate) fn cleanup_error(seen: &Seen) -> Cell {
    text(seen, payload::CLEANUP)
}

fn text(seen: &Seen, text: &str) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    let told = seen.told();
    if told.contains(text) {
        return seen.named("worker");
    }
    if told.contains("worker") || told.to_lowercase().contains("panic") {
        return lacks("text lost");
    }
    if seen.facts.has_with("event", text) {
        lacks("told by an event only")
    } else {
        broke("failure lost")
    }
}

/// One who holds its thread.
pub(crate) fn straggler(seen: &Seen) -> Cell {
    if !seen.facts.has("returned") {
        return seen.bad_end().unwrap_or_else(|| broke("does not return"));
    }
    let mut lacking = Vec::new();
    if !seen.told().contains("hog") {
        lacking.push("straggler unnamed".to_owned());
    }
    if seen.is_late() {
        lacking.push(broke("late").what);
    }
    let bad = seen.bad_end();
    if let Some(bad) = &bad {
        lacking.push(bad.what.clone());
    }
    if bad.is_some() || seen.is_late() {
        return broke(&lacking.join("; "));
    }
    if lacking.is_empty() { held() } else { lacks(&lacking.join("; ")) }
}

/// One who can be dropped, by the deadline.
pub(crate) fn dropped(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.is_late() {
        return broke("late");
    }
    if seen.facts.has("dropped") { held() } else { broke("not dropped") }
}

/// The same with no time at all, when what is left can only be told.
pub(crate) fn dropped_or_told(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.is_late() {
        return broke("late");
    }
    let told = seen.told();
    let left = ["worker", "did not stop", "timed out"].iter().any(|words| told.contains(words));
    if left || seen.facts.has("dropped") { held() } else { lacks("left behind, untold") }
}

/// Somebody reads what has been read.
pub(crate) fn second_read(seen: &Seen) -> Cell {
    seen.bad_end().unwrap_or_else(held)
}

/// A wait that could never end.
pub(crate) fn refused_wait(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.told().starts_with("panicked") { lacks("refused by a panic") } else { held() }
}

/// Something handed over while a stop is under way.
pub(crate) fn refused_task(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    let refused = seen.told().contains("refused");
    match (refused, seen.facts.has("ran"), seen.facts.has("back")) {
        (_, true, _) => lacks("accepted, and it runs"),
        (true, false, true) => held(),
        (true, false, false) => lacks("refused, payload not given back"),
        (false, false, _) => broke("accepted, never runs"),
    }
}

/// Several who asked.
pub(crate) fn one_end(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.is_late() {
        return broke("late");
    }
    let mut answers = seen.facts.all("answer");
    let first = answers.next();
    if answers.any(|other| Some(other) != first) { lacks("answers differ") } else { held() }
}

/// It ends in time, and that is all.
pub(crate) fn ends(seen: &Seen) -> Cell {
    match seen.bad_end() {
        Some(bad) => bad,
        None if seen.is_late() => broke("late"),
        None => held(),
    }
}

/// The straggler fails when all is told already.
pub(crate) fn late_failure(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.is_late() {
        return broke("late");
    }
    if seen.facts.has_with("late", payload::LATE) { held() } else { lacks("late failure not told") }
}

/// The second signal.
pub(crate) fn forced(seen: &Seen) -> Cell {
    let End { code, signal, hung, .. } = &seen.end;
    match (hung, code, signal) {
        (true, ..) => broke("second SIGINT without effect"),
        (_, Some(0), _) => lacks("ends, with code 0"),
        (_, Some(PANICKED), _) => broke("panics"),
        (_, Some(_), _) => held(),
        (_, None, _) => lacks("dies by the signal, without a report"),
    }
}

/// It answers, whatever the answer is.
pub(crate) fn answers(seen: &Seen) -> Cell {
    if let Some(bad) = seen.bad_end() {
        return bad;
    }
    if seen.told().is_empty() { broke("no answer") } else { held() }
}
