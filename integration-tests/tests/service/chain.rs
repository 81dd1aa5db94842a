//! Very many services, each after the one before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Lane;
use integration_tests::{LIMIT, on_each_lane, runner, until, within};
use spumoni::{Async, Backoff, Context, Launch, ServiceState, Smol};

use crate::Made;

on_each_lane!(a_chain_of_two_thousand_starts_and_stops_in_its_order);

/// Rules 20 and 24: no problem for the stack, nor for time. Ten thousand of them are in `order`.
fn a_chain_of_two_thousand_starts_and_stops_in_its_order<F: Lane>(flavour: F) {
    // Whose turn to be asked does not come in time is asked out of order: that is not the matter here.
    let runner = spumoni::ServiceRunner::builder().signals(false).grace(LIMIT).group_grace(LIMIT);
    let runner = runner.stop_timeout(LIMIT).build().expect("good settings");
    let names: Vec<String> = (0..2_000).map(|n| format!("s{n}")).collect();
    // The last is added first.
    for (at, name) in names.iter().enumerate().rev() {
        let body = Launch::repeat(flavour, F::Mode::each_run(|| Ok(true), || ()));
        let before = at.checked_sub(1).map(|before| names[before].as_str());
        runner.service(Made(body)).name(name.as_str()).after(before).add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let last = handle.start_service_blocking("s1999");
    assert_eq!(last, Ok(ServiceState::Running));
    handle.stop();
    let report = running.join().expect("no panic");
    assert!(report.is_clean(), "{report}");
    let (started, stopped) = (report.services().started(), report.services().stopped());
    assert!(started.iter().map(|name| &**name).eq(names.iter().map(String::as_str)));
    assert!(stopped.iter().eq(started.iter().rev()));
}

/// As above, for the restart of a set: all end before any begins again.
#[test]
fn a_set_of_ten_thousand_is_restarted_whole() {
    const ALL: usize = 10_000;
    within(LIMIT, || {
        let runner = runner();
        let pause = Duration::from_millis(1);
        runner.service_set("all").backoff(Backoff::new(pause, pause)).add().expect("new");
        let (begun, up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for at in 0..ALL {
            let (begins, enters, leaves) = (Arc::clone(&begun), Arc::clone(&up), Arc::clone(&up));
            let begin = move || {
                let number = begins.fetch_add(1, Ordering::SeqCst) + 1;
                // The last of the first round fails; the first of the second finds nobody.
                anyhow::ensure!(number != ALL, "on purpose");
                let before = enters.fetch_add(1, Ordering::SeqCst);
                assert!(number != ALL + 1 || before == 0, "{before} are left");
                Context::current().ready();
                Ok(true)
            };
            let end = move || {
                leaves.fetch_sub(1, Ordering::SeqCst);
            };
            let body = Launch::repeat(Smol, Async::each_run(begin, end));
            let service = runner.service(Made(body)).name(format!("s{at}")).notify();
            service.set("all").add().expect("taken");
        }
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        until(|| begun.load(Ordering::SeqCst) == 2 * ALL);
        handle.stop();
        let report = running.join().expect("no panic");
        assert!(report.is_clean(), "{}", report.reason());
        assert_eq!(report.services().set("all").map(|set| set.restarts()), Some(1));
        assert_eq!(up.load(Ordering::SeqCst), 0);
    });
}
