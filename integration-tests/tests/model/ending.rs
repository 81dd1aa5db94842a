//! The end of a case: the report, and that every payload is accounted for exactly once.

use std::collections::BTreeSet;

use spumoni::{Failure, StopReason, StopReport};

use crate::driver::{Driver, Known, is_cause, until};
use crate::payload::words;
use crate::reference::{Fate, Model};

/// Ends the case: by itself if nobody is left, else by a stop.
pub(crate) fn end(mut driver: Driver) {
    let idle = driver.model.stop.is_none() && driver.model.running().next().is_none();
    if !idle && driver.model.stop.is_none() {
        driver.runner.stop();
        driver.model.stop_runner(false);
        driver.settle();
    }
    for number in 0..driver.groups() {
        driver.join_group(number);
    }
    let held: Vec<usize> = driver.model.held().collect();
    for number in held {
        driver.take(number);
    }
    for known in &driver.known {
        known.slip.gate.open();
    }
    let handle = driver.runner.handle();
    let (model, runner, known, groups) = driver.into_parts();
    let report = runner.run();
    drop(groups);
    check_reason(&model, idle, &report);
    check_stragglers(&model, &known, &report);
    check_failures(&model, &known, &report);
    for (number, known) in known.iter().enumerate() {
        check_payload(number, model.tasks[number].fate, known);
    }
    until("an empty tree", || handle.tree().alive() == 0 && handle.tree().groups().is_empty());
}

fn check_reason(model: &Model, idle: bool, report: &StopReport) {
    let is_right = match report.reason() {
        StopReason::Finished => idle,
        StopReason::Failure => model.stop == Some(true),
        StopReason::Requested { by: None, .. } => model.stop == Some(false),
        _ => false,
    };
    assert!(is_right, "{model:?}: {report}");
    assert!(!report.is_forced(), "{report}");
    let first = model.failures().first().cloned().unwrap_or_default();
    let codes: BTreeSet<u8> = first.iter().map(|number| code(model.tasks[*number].fate)).collect();
    let code = report.exit_code();
    assert!(codes.contains(&code) || codes.is_empty() && matches!(code, 0 | 3), "{code}: {report}");
}

/// Those that a group gave up were let go; whoever was not gone yet is named, and nobody else.
fn check_stragglers(model: &Model, known: &[Known], report: &StopReport) {
    let given_up = model.tasks.iter().filter(|task| task.fate == Some(Fate::GivenUp)).count();
    let told = report.abandoned().len() + usize::try_from(report.left()).expect("not so many");
    assert!(told <= given_up, "{report}");
    for straggler in report.abandoned() {
        let id = Some(straggler.task().id());
        let number = known.iter().position(|known| known.id == id);
        let fate = number.and_then(|number| model.tasks[number].fate);
        assert_eq!(fate, Some(Fate::GivenUp), "{report}");
    }
    assert_eq!(report.exit_code() == 3, told > 0 && report.failures().is_empty(), "{report}");
}

fn code(fate: Option<Fate>) -> u8 {
    if fate == Some(Fate::Panic) { 101 } else { 1 }
}

fn check_failures(model: &Model, known: &[Known], report: &StopReport) {
    let number_of = |failure: &Failure| {
        let id = Some(failure.task().id());
        known.iter().position(|known| known.id == id).expect("one of the payloads")
    };
    let mut told = report.failures().iter();
    for mut wave in model.failures() {
        while !wave.is_empty() {
            let failure = told.next().unwrap_or_else(|| panic!("{wave:?} not in {report}"));
            let number = number_of(failure);
            assert!(wave.remove(&number), "{number} before {wave:?} in {report}");
            assert!(is_cause(number, model.tasks[number].fate, failure.cause()), "{failure}");
        }
    }
    assert!(told.next().is_none(), "more than is known: {report}");
    let late: BTreeSet<usize> = report.late_failures().iter().map(number_of).collect();
    assert_eq!((late.len(), &late), (report.late_failures().len(), &model.late), "{report}");
    let contained: BTreeSet<usize> = report.contained().iter().map(number_of).collect();
    assert_eq!(
        (contained.len(), &contained),
        (report.contained().len(), &model.contained),
        "{report}"
    );
    for failure in report.contained() {
        let text = failure.cause().as_panic().map(|info| info.text().to_owned());
        assert_eq!(text, Some(words(number_of(failure))), "{report}");
    }
}

fn check_payload(number: usize, fate: Option<Fate>, known: &Known) {
    let slip = &known.slip;
    // One that was given up ends when it comes to it.
    until("dropped", || slip.dropped() > 0);
    assert_eq!(slip.dropped(), 1, "{number}");
    let expected = match fate {
        Some(Fate::Value | Fate::Error | Fate::Panic) => Some((true, true)),
        Some(Fate::Stopped) => Some((true, false)),
        Some(Fate::NeverBegun | Fate::CameBack) => Some((false, false)),
        Some(Fate::GivenUp) => None,
        None => panic!("{number} is left over"),
    };
    let found = (slip.has_begun(), slip.has_ended());
    assert!(expected.is_none_or(|expected| expected == found), "{number} {fate:?}: {found:?}");
}
