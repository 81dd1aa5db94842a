//! What holds for blocking flavours.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use spumoni::{Blocking, Context, Flavour, Stopping};

use crate::gate::Gate;
use crate::{finish, runner, until};

fn plain() -> u32 {
    1
}

/// A plain function, closures, and one in a box.
pub fn every_form_of_blocking_payload_is_taken<F: Flavour<Mode = Blocking>>(flavour: F) {
    let runner = runner();
    let captured = String::from("captured");
    let boxed: Box<dyn FnOnce() -> u32 + Send> = Box::new(|| 4);
    assert_eq!(runner.execute(flavour, plain).unwrap(), 1);
    assert_eq!(runner.execute(flavour, || 2).unwrap(), 2);
    assert_eq!(runner.execute(flavour, move || captured.len()).unwrap(), 8);
    assert_eq!(runner.execute(flavour, boxed).unwrap(), 4);
    assert_eq!(runner.spawn(flavour, plain).unwrap().join(), Ok(1));
    runner.adopt(flavour, || assert_eq!(plain(), 1)).unwrap();
    finish(runner);
}

/// Nobody is woken for it, and values that are bound to a thread can be used.
pub fn execute_runs_on_the_thread_of_its_caller<F: Flavour<Mode = Blocking>>(flavour: F) {
    let runner = runner();
    let here = thread::current().id();
    assert_eq!(runner.execute(flavour, || thread::current().id()).unwrap(), here);
    let spawned = runner.spawn(flavour, || thread::current().id()).unwrap();
    assert_ne!(spawned.join().unwrap(), here);
    finish(runner);
}

/// Each waits for all the others.
pub fn payloads_run_in_parallel<F: Flavour<Mode = Blocking>>(flavour: F) {
    let runner = runner();
    let together = Arc::new(Barrier::new(5));
    for _ in 0..5 {
        let together = Arc::clone(&together);
        let payload = move || {
            together.wait();
        };
        runner.adopt(flavour, payload).unwrap();
    }
    finish(runner);
}

/// Rows 49 and 118: nothing, a while, and for ever.
pub fn f118_the_sleep_of_the_context_ends_with_a_stop<F: Flavour<Mode = Blocking>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let come = gate.clone();
    let sleeper = runner.spawn(flavour, move || {
        let cx = Context::current();
        let begin = Instant::now();
        assert_eq!(cx.sleep_blocking(Duration::ZERO), Ok(()));
        assert_eq!(cx.sleep_blocking(Duration::from_millis(5)), Ok(()));
        assert!(begin.elapsed() >= Duration::from_millis(5));
        come.come();
        let woken = cx.sleep_blocking(Duration::MAX);
        assert!(cx.is_stopping() && cx.time_left().is_some());
        assert_eq!(cx.sleep_blocking(Duration::MAX), Err(Stopping));
        woken
    });
    gate.wait_for(1);
    runner.stop();
    finish(runner);
    assert_eq!(sleeper.unwrap().join(), Ok(Err(Stopping)));
}

/// A143.
/// Cases C46 and C47, rows 18 and 75: the stop has an end, and what comes later is kept.
pub fn f018_f075_a_thread_that_never_looks_is_given_up_and_its_failure_is_kept_as_a_late_one<
    F: Flavour<Mode = Blocking>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let of_payload = gate.clone();
    let deaf = runner.task("deaf").adopt(flavour, move || {
        of_payload.pass_blocking();
        panic!("too late");
    });
    gate.wait_for(1);
    runner.stop_within(Duration::from_millis(100));
    let report = runner.run();
    let [straggler] = report.abandoned() else { panic!("{report}") };
    assert_eq!(straggler.task().id(), deaf.unwrap());
    assert_eq!(straggler.task().name(), Some("deaf"));
    assert_eq!((report.failures().len(), report.exit_code()), (0, 3));
    gate.open();
    until(|| report.late_failures().len() == 1);
    let late = report.late_failures().remove(0);
    assert_eq!(late.cause().as_panic().unwrap().text(), "too late");
}
