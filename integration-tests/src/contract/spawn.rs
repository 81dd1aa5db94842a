//! `spawn` and its handles, for every flavour.

use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use spumoni::{Flavour, JoinError, TaskState};

use super::cause::{Refused, assert_is_boom, boom};
use crate::calls::Calls;
use crate::fake::block_on;
use crate::gate::Gate;
use crate::witness::witness;
use crate::{finish, runner, until};

/// A126, T67.
/// The plain way.
pub fn a_joined_handle_gives_the_value<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let handle = runner.spawn(flavour, <F::Mode>::payload(|| vec![1, 2])).unwrap();
    assert_eq!(handle.label().flavour(), flavour.key().id());
    assert_eq!(handle.join().unwrap(), [1, 2]);
    finish(runner);
}

/// A155, T56, row 31.
pub fn f031_an_awaited_handle_gives_the_value_and_then_says_that_it_is_taken<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let mut handle = runner.spawn(flavour, <F::Mode>::after(&gate, || 3)).unwrap();
    assert!(!handle.is_finished());
    gate.open();
    assert_eq!(block_on(&mut handle), Ok(3));
    assert_eq!((handle.is_finished(), handle.state()), (true, TaskState::Completed));
    assert_eq!(block_on(&mut handle), Err(JoinError::Taken));
    assert_eq!(handle.join(), Err(JoinError::Taken));
    finish(runner);
}

/// A44, T68, rows 1 and 2, for a handle.
pub fn f001_a_panic_comes_back_through_the_handle_and_the_runner_goes_on<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let handle = runner.spawn(flavour, <F::Mode>::payload(boom)).unwrap();
    let failed = handle.join().unwrap_err();
    assert_is_boom(failed.as_panic().unwrap());
    let mut handle = runner.spawn(flavour, <F::Mode>::payload(boom)).unwrap();
    let failed = block_on(&mut handle).unwrap_err();
    assert_is_boom(failed.as_panic().unwrap());
    finish(runner);
}

/// A6, A45.
/// An `Err` is a value like any other, read or not.
pub fn an_error_value_of_a_spawned_payload_belongs_to_the_holder_of_the_handle<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let spawn = || runner.spawn(flavour, <F::Mode>::payload(|| Err::<(), _>(Refused))).unwrap();
    assert!(spawn().join().unwrap().is_err());
    drop(spawn());
    finish(runner);
}

/// Row 49: a limit of nothing, one that is over, and one that never is.
pub fn f049_a_join_with_a_limit_gives_the_handle_back_when_the_limit_is_over<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let handle = runner.spawn(flavour, <F::Mode>::after(&gate, || 3)).unwrap();
    let handle = handle.join_timeout(Duration::ZERO).unwrap_err();
    let handle = handle.join_timeout(Duration::from_millis(2)).unwrap_err();
    gate.open();
    assert_eq!(handle.join_timeout(Duration::MAX).unwrap(), Ok(3));
    finish(runner);
}

/// Row 29.
pub fn f029_a_task_goes_on_when_its_handle_is_dropped<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate, ran) = (runner(), Gate::default(), Gate::default());
    let of_payload = ran.clone();
    drop(runner.spawn(flavour, <F::Mode>::after(&gate, move || of_payload.open())).unwrap());
    gate.open();
    finish(runner);
    assert!(ran.is_open());
}

/// Row 29.
pub fn f029_a_panic_that_comes_after_its_handle_was_dropped_ends_the_run<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    drop(runner.task("pump").spawn(flavour, <F::Mode>::after(&gate, boom)).unwrap());
    gate.open();
    let report = runner.run_until_stopped();
    assert_eq!(report.failures().len(), 1, "{report}");
    let root = report.root_cause().unwrap();
    assert_eq!(root.task().name(), Some("pump"));
    assert_is_boom(root.cause().as_panic().unwrap());
}

/// Row 29, when the task has ended already: nothing is left to run, and yet it is not lost.
pub fn f029_a_panic_whose_handle_is_dropped_unread_ends_the_run<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let runner = runner();
    let handle = runner.task("pump").spawn(flavour, <F::Mode>::payload(boom)).unwrap();
    until(|| handle.is_finished());
    drop(handle);
    let report = runner.run();
    assert_eq!(report.failures().len(), 1, "{report}");
    let root = report.root_cause().unwrap();
    assert_eq!(root.task().name(), Some("pump"));
    assert_is_boom(root.cause().as_panic().unwrap());
}

/// A63.
/// Whoever has read the outcome owns it: nothing is reported twice.
pub fn a_panic_that_was_read_ends_nothing<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let mut handle = runner.spawn(flavour, <F::Mode>::payload(boom)).unwrap();
    assert!(block_on(&mut handle).is_err());
    drop(handle);
    finish(runner);
}

/// Row 29: a value is dropped where it was made.
pub fn f029_a_value_whose_handle_was_dropped_before_the_end_is_dropped_at_home<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let (value, dropped) = witness();
    drop(runner.spawn(flavour, <F::Mode>::after(&gate, move || value)).unwrap());
    assert_eq!(dropped.try_recv().unwrap_err(), TryRecvError::Empty);
    gate.open();
    let thread = dropped.recv().unwrap();
    assert!(thread.name().unwrap().starts_with("spumoni/"), "{thread:?}");
    finish(runner);
}

/// Row 29, when the task has ended already.
pub fn f029_a_value_whose_handle_is_dropped_after_the_end_is_dropped_at_home<
    F: Flavour<Mode: Calls>,
>(
    flavour: F,
) {
    let runner = runner();
    let (value, dropped) = witness();
    let handle = runner.spawn(flavour, <F::Mode>::payload(move || value)).unwrap();
    until(|| handle.is_finished());
    drop(handle);
    let thread = dropped.recv().unwrap();
    assert!(thread.name().unwrap().starts_with("spumoni/"), "{thread:?}");
    finish(runner);
}

/// Row 30.
pub fn f030_a_leaked_handle_holds_nothing_up<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    std::mem::forget(runner.spawn(flavour, <F::Mode>::payload(|| 1)).unwrap());
    std::mem::forget(runner.spawn(flavour, <F::Mode>::until_stopped(&gate, || 2)).unwrap());
    gate.wait_for(1);
    runner.stop();
    finish(runner);
}

/// Row 39a: asked twice, and asked when it has ended.
pub fn f039a_a_stop_of_one_task_reaches_it_once_and_no_other<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let spawn = || runner.spawn(flavour, <F::Mode>::until_stopped(&gate, || 1)).unwrap();
    let (one, other) = (spawn(), spawn());
    gate.wait_for(2);
    one.stop();
    one.stop();
    until(|| one.is_finished());
    one.stop();
    assert_eq!(one.join(), Ok(1));
    assert!(!other.is_finished() && !runner.is_stopping());
    other.stop();
    assert_eq!(other.join(), Ok(1));
    finish(runner);
}

/// Row 32.
pub fn f032_handles_give_their_outcome_after_the_end_of_the_runner<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let ended = runner.spawn(flavour, <F::Mode>::payload(|| 1)).unwrap();
    let joined = runner.spawn(flavour, <F::Mode>::until_stopped(&gate, || 2)).unwrap();
    let awaited = runner.spawn(flavour, <F::Mode>::until_stopped(&gate, || 3)).unwrap();
    let failed = runner.spawn(flavour, <F::Mode>::payload(boom)).unwrap();
    gate.wait_for(2);
    until(|| ended.is_finished() && failed.is_finished());
    runner.stop();
    finish(runner);
    assert_eq!((ended.join(), joined.join(), block_on(awaited)), (Ok(1), Ok(2), Ok(3)));
    assert_is_boom(failed.join().unwrap_err().as_panic().unwrap());
}
