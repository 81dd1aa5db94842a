//! `adopt`, for every flavour.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use spumoni::{Flavour, StopReason};

use super::cause::{DRY, Refused, assert_is_boom, boom};
use crate::calls::Calls;
use crate::gate::Gate;
use crate::{finish, runner};

/// A122.
/// Case C18, row 28: nothing is wrong with `()` and `Ok(())`.
pub fn f028_adopted_payloads_that_end_well_let_the_run_end_well<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let runner = runner();
    runner.adopt(flavour, <F::Mode>::payload(|| ())).unwrap();
    runner.adopt(flavour, <F::Mode>::payload(|| Ok::<(), Refused>(()))).unwrap();
    runner.adopt(flavour, <F::Mode>::payload(|| anyhow::Ok(()))).unwrap();
    let report = runner.run();
    assert_eq!((report.reason(), report.exit_code()), (&StopReason::Finished, 0));
    assert!(report.failures().is_empty() && report.root_cause().is_none());
}

/// Case C17, row 11.
pub fn f011_an_adopted_error_ends_the_run_as_its_root_cause_with_all_its_sources<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let payload = <F::Mode>::payload(|| {
        Err::<(), _>(anyhow::Error::new(Refused).context("cannot reach the pump"))
    });
    let id = runner.task("pump").adopt(flavour, payload).unwrap();
    let report = runner.run_until_stopped();
    assert_eq!(*report.reason(), StopReason::Failure);
    assert_eq!((report.failures().len(), report.exit_code()), (1, 1));
    let root = report.root_cause().unwrap();
    assert_eq!((root.task().id(), root.task().name()), (id, Some("pump")));
    assert_eq!(root.task().flavour(), flavour.key().id());
    assert_eq!(root.task().spawned_at().file(), file!());
    assert!(root.cause().downcast_ref::<Refused>().is_some());
    assert_eq!(root.cause().to_string(), "cannot reach the pump: connection refused");
    assert!(report.to_string().contains("`pump`: cannot reach the pump"), "{report}");
}

/// A9.
/// Case C17, rows 1 and 2.
pub fn f001_an_adopted_panic_ends_the_run_with_its_text_and_place<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let runner = runner();
    let id = runner.adopt(flavour, <F::Mode>::payload(boom)).unwrap();
    let report = runner.run_until_stopped();
    assert_eq!((report.failures().len(), report.exit_code()), (1, 101));
    let root = report.root_cause().unwrap();
    assert_eq!(root.task().id(), id);
    assert_is_boom(root.cause().as_panic().unwrap());
    assert!(root.cause().as_panic().unwrap().thread().starts_with("spumoni/"), "{root}");
    assert!(report.to_string().contains(DRY), "{report}");
}

/// Row 2.
pub fn f002_a_panic_with_a_value_that_is_no_string_is_told_by_a_fixed_text<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    runner.adopt(flavour, <F::Mode>::payload(|| -> () { panic::panic_any(42) })).unwrap();
    let report = runner.run_until_stopped();
    let root = report.root_cause().unwrap().cause().as_panic().unwrap().clone();
    assert_eq!(root.text(), "non-string panic payload");
    assert!(root.location().unwrap().starts_with(file!()));
}

/// Case C18: one ends, one never does by itself, one fails.
pub fn a_failure_ends_the_run_although_others_never_end_by_themselves<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    runner.adopt(flavour, <F::Mode>::payload(|| ())).unwrap();
    runner.adopt(flavour, <F::Mode>::until_stopped(&gate, || ())).unwrap();
    gate.wait_for(1);
    runner.adopt(flavour, <F::Mode>::payload(|| Err::<(), _>(Refused))).unwrap();
    let report = runner.run();
    assert!(report.root_cause().unwrap().cause().downcast_ref::<Refused>().is_some());
    assert_eq!(report.failures().len(), 1, "{report}");
    assert!(report.abandoned().is_empty(), "{report}");
}

/// Case C7.
pub fn adopt_returns_at_once_while_the_flavour_is_busy<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let of_payload = gate.clone();
    runner.adopt(flavour, <F::Mode>::payload(move || of_payload.pass_blocking())).unwrap();
    gate.wait_for(1);
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..8 {
        let ran = Arc::clone(&ran);
        let payload = <F::Mode>::payload(move || {
            ran.fetch_add(1, Ordering::Relaxed);
        });
        runner.adopt(flavour, payload).unwrap();
    }
    gate.open();
    finish(runner);
    assert_eq!(ran.load(Ordering::Relaxed), 8);
}

/// T84, row 14.
pub fn f014_a_failure_during_a_stop_is_reported_and_does_not_change_the_reason<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let payload = <F::Mode>::until_stopped(&gate, || Err::<(), _>(Refused));
    runner.adopt(flavour, payload).unwrap();
    gate.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert_eq!((report.failures().len(), report.exit_code()), (1, 1));
    assert!(report.root_cause().is_none());
}
