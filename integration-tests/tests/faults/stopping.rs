//! Stops, and the clocks that they go by: rows 68 and 81.

use std::fs;
use std::path::Path;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, until, within};
use spumoni::prelude::*;

on_each!(f068_a_payload_that_waits_for_its_own_runners_end_is_named_and_let_go);

/// Nobody else knows that it waits in vain: the stop ends by its deadline, and with the report the wait.
fn f068_a_payload_that_waits_for_its_own_runners_end_is_named_and_let_go<F: Any>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let come = gate.clone();
    let waits = runner.task("waits").spawn(
        flavour,
        F::Mode::payload(move || {
            let handle = Handle::current();
            handle.stop_within(Duration::from_millis(200));
            come.come();
            drop(handle.ended_blocking());
            come.come();
        }),
    );
    gate.wait_for(1);
    let report = runner.run();
    let [straggler] = report.abandoned() else { panic!("{report}") };
    assert_eq!(straggler.task().name(), Some("waits"));
    until(|| gate.count() == 2);
    drop(waits.expect("taken"));
}

/// Deadlines go by `Instant` alone. Who sets the wall clock moves the ticks that were asked to follow it, and
/// nothing else.
#[test]
fn f081_the_wall_clock_is_looked_at_for_its_ticks_only() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                look(&path, found);
            } else if fs::read_to_string(&path).is_ok_and(|text| text.contains("SystemTime")) {
                found.push(path.file_name().expect("a file").to_string_lossy().into_owned());
            }
        }
    }
    within(LIMIT, || {
        let mut found = Vec::new();
        for package in ["runtime-core", "flavour-tokio", "flavour-smol", "flavour-thread"] {
            look(
                &Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("src"),
                &mut found,
            );
        }
        assert_eq!(found, ["pace.rs"]);
    });
}
