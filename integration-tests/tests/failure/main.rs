//! Failures: every one of them is in the report, once, and one of them is the root cause.
//!
//! BEHAVIOURS C15 to C18, C42, C43, C44, C47, S84, O3, O29, T54, T71, T72; FAULTS 13 to 15, 75, 102 in
//! sense, 127; PEERS test list 1, 3, 10, 15.

mod root_cause;
mod together;
mod stopping;
mod whose;
mod of_groups;
mod broken_lane;

use std::fmt;

use spumoni::prelude::*;
use spumoni::{Cause, StopReason};

#[derive(Debug, PartialEq, Eq)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken, number {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// The numbers of the failures in the report, sorted: each must be a `Broken`.
fn numbers(report: &StopReport) -> Vec<u32> {
    let number = |cause: &Cause| cause.downcast_ref::<Broken>().expect("ours").0;
    let mut numbers: Vec<_> =
        report.failures().iter().map(|failure| number(failure.cause())).collect();
    numbers.sort_unstable();
    numbers
}

#[track_caller]
fn assert_all_reported(report: &StopReport, expected: &[u32]) {
    assert_eq!(numbers(report), expected, "{report}");
    assert_eq!(report.reason(), &StopReason::Failure);
    assert_eq!(report.exit_code(), 1);
    let root = report.root_cause().expect("there is one");
    assert_eq!(root.task().id(), report.failures()[0].task().id());
    // The text has each of them, and one as the root cause.
    let text = report.to_string();
    assert_eq!(text.matches("root cause").count(), 1, "{text}");
    for number in expected {
        assert_eq!(text.matches(&format!("number {number}")).count(), 1, "{text}");
    }
}
