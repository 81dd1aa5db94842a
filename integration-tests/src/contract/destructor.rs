//! User code that panics where nobody expects it, for every flavour.

use std::fmt;
use std::panic;

use spumoni::{Cause, Flavour, ServiceRunner};

use crate::calls::Calls;
use crate::gate::Gate;
use crate::witness::{BANG, Bomb};
use crate::{runner, until};

/// Row 5, for a closure. The flavour is kept busy, so that the stop comes before the payload begins.
pub fn f005_a_payload_whose_destructor_panics_is_contained_and_named_when_it_never_ran<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = ServiceRunner::builder().signals(false).pool_size(1).build().unwrap();
    let gate = Gate::default();
    let of_payload = gate.clone();
    runner.adopt(flavour, <F::Mode>::payload(move || of_payload.pass_blocking())).unwrap();
    gate.wait_for(1);
    let (bomb, after) = (Bomb, Gate::default());
    let payload = <F::Mode>::payload(move || drop(bomb));
    runner.task("mined").adopt(flavour, payload).unwrap();
    let ran = after.clone();
    runner.adopt(flavour, <F::Mode>::payload(move || ran.open())).unwrap();
    runner.stop();
    until(|| runner.is_stopping());
    gate.open();
    let report = runner.run();
    assert!(report.failures().is_empty() && report.abandoned().is_empty(), "{report}");
    let [contained] = report.contained() else { panic!("{report}") };
    assert_eq!(contained.task().name(), Some("mined"));
    assert_eq!(contained.cause().as_panic().unwrap().text(), BANG);
    assert!(!after.is_open());
}

/// Row 5, for a value: its handle is dropped before the end of its task, and after it.
pub fn f005_a_value_whose_destructor_panics_unread_is_contained_and_named<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let before = runner.task("before").spawn(flavour, <F::Mode>::after(&gate, || Bomb)).unwrap();
    let after = runner.task("after").spawn(flavour, <F::Mode>::after(&gate, || Bomb)).unwrap();
    drop(before);
    gate.open();
    until(|| after.is_finished());
    drop(after);
    assert_eq!(runner.execute(flavour, <F::Mode>::payload(|| 2)).unwrap(), 2);
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    let mut names: Vec<_> = report.contained().iter().map(|it| it.task().name().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["after", "before"]);
    let bang = |it: &spumoni::Failure| it.cause().as_panic().is_some_and(|it| it.text() == BANG);
    assert!(report.contained().iter().all(bang), "{report}");
}

/// Row 3: adopted, executed, joined, dropped unread.
pub fn f003_a_panic_whose_value_panics_when_dropped_is_one_failure_and_no_more<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let mine = || <F::Mode>::payload(|| -> () { panic::panic_any(Bomb) });
    let executed = runner.execute(flavour, mine()).unwrap_err();
    assert_eq!(executed.as_panic().unwrap().text(), "non-string panic payload");
    let joined = runner.spawn(flavour, mine()).unwrap().join().unwrap_err();
    assert_eq!(joined.as_panic().unwrap().text(), "non-string panic payload");
    drop(runner.task("unread").spawn(flavour, mine()).unwrap());
    let report = runner.run_until_stopped();
    let [failure] = report.failures() else { panic!("{report}") };
    assert_eq!(failure.task().name(), Some("unread"));
    assert_eq!(failure.cause().as_panic().unwrap().text(), "non-string panic payload");
}

/// Row 5, for the error of an adopted payload, which lives in the report.
pub fn f005_an_error_whose_destructor_panics_ends_nothing<F: Flavour<Mode: Calls>>(flavour: F) {
    #[derive(Debug)]
    struct Mined(#[allow(dead_code, reason = "it is there to be dropped")] Bomb);
    impl fmt::Display for Mined {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("mined")
        }
    }
    impl std::error::Error for Mined {}
    let runner = runner();
    runner.adopt(flavour, <F::Mode>::payload(|| Err::<(), _>(Mined(Bomb)))).unwrap();
    let report = runner.run_until_stopped();
    assert!(report.root_cause().unwrap().cause().downcast_ref::<Mined>().is_some());
    assert!(report.to_string().contains("mined"));
    let dropped = panic::catch_unwind(panic::AssertUnwindSafe(|| drop(report)));
    assert!(dropped.is_ok(), "dropping a report panicked");
}

/// A text that panics costs the text and nothing else.
pub fn an_error_that_panics_when_printed_is_reported<F: Flavour<Mode: Calls>>(flavour: F) {
    #[derive(Debug)]
    struct Mute;
    impl fmt::Display for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words")
        }
    }
    impl std::error::Error for Mute {}
    let runner = runner();
    runner.task("mute").adopt(flavour, <F::Mode>::payload(|| Err::<(), _>(Mute))).unwrap();
    let report = runner.run_until_stopped();
    assert!(matches!(report.root_cause().unwrap().cause(), Cause::Error(_)));
    let text = panic::catch_unwind(panic::AssertUnwindSafe(|| report.to_string()));
    assert!(text.expect("printing a report panicked").contains("`mute`"));
}
