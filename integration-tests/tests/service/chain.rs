//! Very many services, each after the one before it.

use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Lane;
use integration_tests::{on_each_lane, runner};
use spumoni::{Launch, ServiceState};

use crate::Made;

on_each_lane!(a_chain_of_ten_thousand_starts_and_stops_in_its_order);

/// Rules 20 and 24: no problem for the stack, nor for time, which would be minutes if it grew with the square of the
/// number.
fn a_chain_of_ten_thousand_starts_and_stops_in_its_order<F: Lane>(flavour: F) {
    let runner = runner();
    let names: Vec<String> = (0..10_000).map(|n| format!("s{n}")).collect();
    // The last is added first.
    for (at, name) in names.iter().enumerate().rev() {
        let body = Launch::repeat(flavour, F::Mode::each_run(|| Ok(true), || ()));
        let before = at.checked_sub(1).map(|before| names[before].as_str());
        runner.service(Made(body)).name(name.as_str()).after(before).add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let last = handle.start_service_blocking("s9999");
    assert_eq!(last, Ok(ServiceState::Running));
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    let (started, stopped) = (report.services().started(), report.services().stopped());
    assert!(started.iter().map(|name| &**name).eq(names.iter().map(String::as_str)));
    assert!(stopped.iter().eq(started.iter().rev()));
}
