//! `execute`, for every flavour. Cases are those of `BEHAVIOURS.md`, rows those of `FAULTS.md`, here and in
//! the rest of the suite.

use std::panic;
use std::thread;

use spumoni::{Flavour, ServiceRunner};

use super::cause::{Refused, assert_is_boom, boom};
use crate::calls::Calls;
use crate::gate::Gate;
use crate::{finish, runner};

/// A140.
/// Cases C4, C11 and C13; before `run`, as row 46 has it.
pub fn f046_execute_gives_the_value_of_the_payload<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let value = runner.execute(flavour, <F::Mode>::payload(|| String::from("value")));
    assert_eq!(value.unwrap(), "value");
    finish(runner);
}

/// Cases C5 and C6: what is an argument elsewhere is a capture here.
pub fn execute_hands_over_what_the_closure_captures<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let (one, other) = (vec![1, 2, 3], String::from("four"));
    let payload = <F::Mode>::payload(move || format!("{one:?} {other}"));
    assert_eq!(runner.execute(flavour, payload).unwrap(), "[1, 2, 3] four");
    finish(runner);
}

/// Case C14, row 51.
pub fn f051_execute_gives_an_error_value_to_the_caller_and_the_runner_goes_on<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let failed = runner.execute(flavour, <F::Mode>::payload(|| Err::<(), _>(Refused)));
    assert!(failed.unwrap().is_err());
    assert_eq!(runner.execute(flavour, <F::Mode>::payload(|| 2)).unwrap(), 2);
    finish(runner);
}

/// Case C14, rows 1, 2 and 51.
pub fn f001_f002_f051_execute_gives_the_text_and_the_place_of_a_panic_to_the_caller_and_the_runner_goes_on<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let failed = runner.execute(flavour, <F::Mode>::payload(boom)).unwrap_err();
    assert_is_boom(failed.as_panic().unwrap());
    let payload = <F::Mode>::payload(|| -> () { panic::panic_any(42) });
    let failed = runner.execute(flavour, payload).unwrap_err();
    assert_eq!(failed.as_panic().unwrap().text(), "non-string panic payload");
    assert!(failed.into_payload().is_none());
    assert_eq!(runner.execute(flavour, <F::Mode>::payload(|| 2)).unwrap(), 2);
    finish(runner);
}

/// Row 45: the payload sees the stop, and its value comes back still.
pub fn f045_execute_in_flight_is_answered_when_a_stop_comes<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let (handle, payload) = (runner.handle(), <F::Mode>::until_stopped(&gate, || 7));
    let caller = thread::spawn(move || handle.execute(flavour, payload).unwrap());
    gate.wait_for(1);
    runner.stop();
    finish(runner);
    assert_eq!(caller.join().unwrap(), 7);
}

/// Row 62a.
pub fn f062a_closures_of_no_size_and_of_a_megabyte_run<F: Flavour<Mode: Calls>>(flavour: F) {
    const STACK: usize = 64 << 20;
    const MEGABYTE: usize = 1 << 20;
    let body = move || {
        let built = ServiceRunner::builder().signals(false).stack_size(STACK).build();
        let runner = built.unwrap();
        let empty = <F::Mode>::payload(|| ());
        assert_eq!(size_of_val(&empty), 0);
        runner.execute(flavour, empty).unwrap();
        let large = [7_u8; MEGABYTE];
        let payload = <F::Mode>::payload(move || large[MEGABYTE - 1]);
        assert_eq!(size_of_val(&payload), MEGABYTE);
        assert_eq!(runner.spawn(flavour, payload).unwrap().join(), Ok(7));
        let payload = <F::Mode>::payload(move || large[0]);
        assert_eq!(runner.execute(flavour, payload).unwrap(), 7);
        finish(runner);
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(body);
    thread.unwrap().join().unwrap();
}
