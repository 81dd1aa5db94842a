//! Standing warnings: said, changed and taken back while a service runs.

use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner};
use spumoni::prelude::*;
use spumoni::{Launch, ServiceState};

use crate::{Made, reach};

on_each!(
    warnings_stand_until_they_are_cleared_one_by_one_or_all_at_once,
    warnings_are_seen_wherever_services_are_and_a_new_run_begins_without_them,
);

/// The texts, in their order.
fn standing(handle: &Handle) -> Vec<String> {
    let list = handle.services();
    let service = list.get("store").expect("there");
    service.warnings().iter().map(|one| one.text().to_owned()).collect()
}

/// S7: a key that is not known clears nothing.
fn warnings_stand_until_they_are_cleared_one_by_one_or_all_at_once<F: Any>(flavour: F) {
    let runner = runner();
    let begin = || {
        let (cx, handle) = (Context::current(), Handle::current());
        cx.warn("disk", "nearly full");
        cx.warn("cache", "cold");
        anyhow::ensure!(standing(&handle) == ["nearly full", "cold"]);
        anyhow::ensure!(!cx.clear_warning("disc"));
        cx.warn("disk", format_args!("{} % full", 93));
        anyhow::ensure!(standing(&handle) == ["93 % full", "cold"]);
        anyhow::ensure!(cx.clear_warning("disk") && !cx.clear_warning("disk"));
        anyhow::ensure!(standing(&handle) == ["cold"]);
        cx.warn("disk", "nearly full");
        anyhow::ensure!(cx.clear_warnings() && !cx.clear_warnings());
        anyhow::ensure!(standing(&handle).is_empty());
        Ok(false)
    };
    let store = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
    runner.service(Made(store)).name("store").oneshot().add().expect("taken");
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
}

fn warnings_are_seen_wherever_services_are_and_a_new_run_begins_without_them<F: Any>(flavour: F) {
    let (runner, runs) = (runner(), Gate::default());
    let count = runs.clone();
    let begin = move || {
        count.come();
        if count.count() == 1 {
            Context::current().warn("disk", "93 % full");
        }
        Context::current().ready();
        Ok(true)
    };
    let store = Launch::repeat(flavour, F::Mode::each_run(begin, || ()));
    runner.service(Made(store)).name("store").notify().add().expect("taken");
    let handle = runner.handle();
    // Elsewhere nobody has warnings.
    let other = F::Mode::payload(|| {
        Context::current().warn("disk", "somebody else's");
        Context::current().clear_warning("disk")
    });
    let other = handle.spawn(flavour, other).expect("taken");
    let running = thread::spawn(move || runner.run());
    let store = reach(&handle, "store", ServiceState::Running);
    assert_eq!(other.join(), Ok(false));
    assert_eq!(store.warnings()[0].key(), "disk");
    assert!(store.is_ready() && handle.health().is_ready(), "a warning changes nothing else");
    assert!(handle.services().to_string().contains("warns: 93 % full"), "{}", handle.services());
    assert!(handle.health().to_string().contains("running, warns: 93 % full"));
    let json = serde_json::to_value(handle.services()).expect("data");
    assert_eq!(json["services"][0]["warnings"][0]["text"], "93 % full", "{json:#}");
    assert_eq!(handle.restart_service_blocking("store"), Ok(ServiceState::Running));
    assert!(standing(&handle).is_empty());
    runs.wait_for(2);
    assert!(handle.services_until_blocking(LIMIT, |list| list.started().len() == 2).is_some());
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
}
