//! What is not taken comes back, for every flavour.

use std::panic;
use std::sync::mpsc::TryRecvError;

use spumoni::{Context, ExecuteError, Flavour, Reason};

use crate::calls::Calls;
use crate::gate::Gate;
use crate::witness::witness;
use crate::{finish, runner, until};

/// Rows 44 and 53: while stopping, and when all is over.
pub fn f044_f053_payloads_refused_while_stopping_and_after_the_end_come_back_usable<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (first, gate) = (runner(), Gate::default());
    let handle = first.handle();
    first.adopt(flavour, <F::Mode>::after(&gate, || ())).unwrap();
    gate.wait_for(1);
    first.stop();
    until(|| handle.is_stopping());
    let (value, dropped) = witness();
    let payload = <F::Mode>::payload(move || value);
    let refused = handle.spawn(flavour, payload).unwrap_err();
    assert!(matches!(refused.reason(), Reason::Stopping), "{refused}");
    let refused = handle.execute(flavour, refused.into_payload()).unwrap_err();
    assert!(matches!(&refused, ExecuteError::Refused(it) if it.is_stopping()), "{refused}");
    let adopted = handle.adopt(flavour, <F::Mode>::payload(|| ())).unwrap_err();
    gate.open();
    finish(first);
    let refused = handle.spawn(flavour, refused.into_payload().unwrap()).unwrap_err();
    assert!(matches!(refused.reason(), Reason::Stopped), "{refused}");
    let second = runner();
    assert_eq!(dropped.try_recv().unwrap_err(), TryRecvError::Empty);
    second.adopt(flavour, adopted.into_payload()).unwrap();
    drop(second.execute(flavour, refused.into_payload()).unwrap());
    assert!(dropped.try_recv().is_ok());
    finish(second);
}

/// A name belongs to one living task of a runner.
pub fn f085_a_name_in_use_is_refused_with_both_places_and_the_payload_is_usable<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let first = runner.task("pump").spawn(flavour, <F::Mode>::after(&gate, || 1)).unwrap();
    let second = runner.task("pump").spawn(flavour, <F::Mode>::payload(|| 2)).unwrap_err();
    match second.reason() {
        Reason::DuplicateName { name, there, here } => {
            assert_eq!((&**name, *there), ("pump", first.label().spawned_at()));
            assert_eq!((here.file(), here.line()), (file!(), there.line() + 1));
            let text = second.to_string();
            assert!(
                text.contains(&there.to_string()) && text.contains(&here.to_string()),
                "{text}"
            );
        }
        other => panic!("{other}"),
    }
    let payload = second.into_payload();
    let refused = runner.task("pump").execute(flavour, payload).unwrap_err();
    let payload = refused.into_payload().unwrap();
    assert_eq!(runner.task("other").execute(flavour, payload).unwrap(), 2);
    gate.open();
    assert_eq!(first.join(), Ok(1));
    finish(runner);
}

/// Row 86, for tasks.
pub fn f086_a_bad_name_is_refused_and_the_payload_is_usable<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    for bad in ["", "a\0b", "line\nbreak", &long] {
        let refused = runner.task(bad).execute(flavour, <F::Mode>::payload(|| 2)).unwrap_err();
        let reason = matches!(&refused, ExecuteError::Refused(it) if matches!(it.reason(), Reason::BadName { .. }));
        assert!(reason, "{bad:?}: {refused}");
        let payload = refused.into_payload().unwrap();
        assert_eq!(runner.task("good").execute(flavour, payload).unwrap(), 2);
    }
    for good in ["http-api", "naïve name", "日本", &longest] {
        let named = <F::Mode>::payload(|| Context::current().name().to_owned());
        assert_eq!(runner.task(good).execute(flavour, named).unwrap(), good);
    }
    finish(runner);
}

/// O34.
/// Whoever has seen the end of a task can give its name to the next one.
pub fn a_name_is_free_again_as_soon_as_the_outcome_is_seen<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    for _ in 0..1000 {
        let handle = runner.task("pump").spawn(flavour, <F::Mode>::payload(|| ())).unwrap();
        handle.join().unwrap();
        runner.task("pump").execute(flavour, <F::Mode>::payload(|| ())).unwrap();
    }
    finish(runner);
}
