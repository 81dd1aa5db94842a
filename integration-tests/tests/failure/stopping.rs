//! Failures while the runner stops, and after the report.

use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, until, within};
use spumoni::StopReason;
use spumoni::prelude::*;

use crate::{Broken, numbers};

on_each!(
    f014_a_failure_during_a_requested_stop_is_reported_and_not_the_reason,
    f014_a_panic_during_a_requested_stop_is_reported_and_not_the_reason,
    f075_a_failure_after_the_report_is_a_late_one,
);

/// C44, FAULTS 14, T71.
fn f014_a_failure_during_a_requested_stop_is_reported_and_not_the_reason<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let fails = F::Mode::until_stopped(&begun, || Err::<(), _>(Broken(1)));
    runner.adopt(flavour, fails).expect("taken");
    begun.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(numbers(&report), [1]);
    assert!(report.root_cause().is_none());
    assert_eq!(report.exit_code(), 1);
    assert!(!report.to_string().contains("root cause"), "{report}");
}

fn f014_a_panic_during_a_requested_stop_is_reported_and_not_the_reason<F: Any>(flavour: F) {
    let runner = runner();
    let begun = Gate::default();
    let panics = F::Mode::until_stopped(&begun, || panic!("on purpose"));
    runner.adopt(flavour, panics).map(drop::<spumoni::TaskId>).expect("taken");
    begun.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!(report.failures().len(), 1);
    assert!(report.root_cause().is_none());
    assert_eq!(report.exit_code(), 101);
}

/// C47, FAULTS 75.
fn f075_a_failure_after_the_report_is_a_late_one<F: Any>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let fails = F::Mode::payload(move || {
        held.pass_blocking();
        Err::<(), _>(Broken(1))
    });
    runner.adopt(flavour, fails).expect("taken");
    gate.wait_for(1);
    runner.stop_within(Duration::from_millis(50));
    let report = runner.run();
    let before = report.to_string();
    assert_eq!((report.failures().len(), report.exit_code()), (0, 3), "{report}");
    assert!(report.late_failures().is_empty());
    gate.open();
    until(|| !report.late_failures().is_empty());
    let late = report.late_failures();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].cause().downcast_ref::<Broken>(), Some(&Broken(1)));
    // The report is what it was.
    assert_eq!((report.to_string(), report.exit_code()), (before, 3));
}

#[test]
fn a_straggler_that_fails_together_with_another_failure_leaves_the_code_of_the_failure() {
    within(LIMIT, || {
        let runner = ServiceRunner::builder()
            .signals(false)
            .stop_timeout(Duration::from_millis(100))
            .build()
            .expect("good settings");
        let gate = Gate::default();
        let held = gate.clone();
        runner.adopt(Smol, async move || held.pass_blocking()).expect("taken");
        gate.wait_for(1);
        runner.adopt(Thread, || Err::<(), _>(Broken(1))).expect("taken");
        let report = runner.run_until_stopped();
        assert_eq!(numbers(&report), [1]);
        assert_eq!((report.abandoned().len(), report.exit_code()), (1, 1), "{report}");
        gate.open();
    });
}
