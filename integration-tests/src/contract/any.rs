//! What holds for every flavour, async or blocking. Cases are those of `BEHAVIOURS.md`, rows those of
//! `FAULTS.md`.

use std::fmt;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{TryRecvError, channel};
use std::thread;
use std::time::Duration;

use spumoni::{
    Cause, Context, ExecuteError, Flavour, Handle, JoinError, PanicInfo, Reason, ServiceRunner,
    StopReason, TaskState,
};

use crate::calls::Calls;
use crate::fake::block_on;
use crate::gate::Gate;
use crate::witness::{BANG, Bomb, witness};
use crate::{finish, runner, until};

/// An error as libraries make them.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused")
    }
}

impl std::error::Error for Refused {}

const DRY: &str = "the pump is dry";

/// Panics with `DRY` in line `BOOM`.
fn boom() {
    panic!("{DRY}");
}

const BOOM: u32 = line!() - 3;

#[track_caller]
fn assert_is_boom(info: &PanicInfo) {
    assert_eq!(info.text(), DRY);
    let place = format!("{}:{BOOM}:", file!());
    assert!(info.location().is_some_and(|it| it.starts_with(&place)), "{info:?}");
}

// -- execute

/// Cases C4, C11 and C13; before `run`, as row 46 has it.
pub fn execute_gives_the_value_of_the_payload<F: Flavour<Mode: Calls>>(flavour: F) {
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
pub fn execute_gives_an_error_value_to_the_caller_and_the_runner_goes_on<
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
pub fn execute_gives_the_text_and_the_place_of_a_panic_to_the_caller_and_the_runner_goes_on<
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
pub fn execute_in_flight_is_answered_when_a_stop_comes<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let (handle, payload) = (runner.handle(), <F::Mode>::until_stopped(&gate, || 7));
    let caller = thread::spawn(move || handle.execute(flavour, payload).unwrap());
    gate.wait_for(1);
    runner.stop();
    finish(runner);
    assert_eq!(caller.join().unwrap(), 7);
}

// -- adopt

/// Case C18, row 28: nothing is wrong with `()` and `Ok(())`.
pub fn adopted_payloads_that_end_well_let_the_run_end_well<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    runner.adopt(flavour, <F::Mode>::payload(|| ())).unwrap();
    runner.adopt(flavour, <F::Mode>::payload(|| Ok::<(), Refused>(()))).unwrap();
    runner.adopt(flavour, <F::Mode>::payload(|| anyhow::Ok(()))).unwrap();
    let report = runner.run();
    assert_eq!((report.reason(), report.exit_code()), (&StopReason::Finished, 0));
    assert!(report.failures().is_empty() && report.root_cause().is_none());
}

/// Case C17, row 11.
pub fn an_adopted_error_ends_the_run_as_its_root_cause_with_all_its_sources<
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

/// Case C17, rows 1 and 2.
pub fn an_adopted_panic_ends_the_run_with_its_text_and_place<F: Flavour<Mode: Calls>>(flavour: F) {
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
pub fn a_panic_with_a_value_that_is_no_string_is_told_by_a_fixed_text<F: Flavour<Mode: Calls>>(
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

/// Row 14.
pub fn a_failure_during_a_stop_is_reported_and_does_not_change_the_reason<
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

// -- spawn

/// The plain way.
pub fn a_joined_handle_gives_the_value<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let handle = runner.spawn(flavour, <F::Mode>::payload(|| vec![1, 2])).unwrap();
    assert_eq!(handle.label().flavour(), flavour.key().id());
    assert_eq!(handle.join().unwrap(), [1, 2]);
    finish(runner);
}

/// Row 31.
pub fn an_awaited_handle_gives_the_value_and_then_says_that_it_is_taken<F: Flavour<Mode: Calls>>(
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

/// Rows 1 and 2, for a handle.
pub fn a_panic_comes_back_through_the_handle_and_the_runner_goes_on<F: Flavour<Mode: Calls>>(
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
pub fn a_join_with_a_limit_gives_the_handle_back_when_the_limit_is_over<F: Flavour<Mode: Calls>>(
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
pub fn a_task_goes_on_when_its_handle_is_dropped<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate, ran) = (runner(), Gate::default(), Gate::default());
    let of_payload = ran.clone();
    drop(runner.spawn(flavour, <F::Mode>::after(&gate, move || of_payload.open())).unwrap());
    gate.open();
    finish(runner);
    assert!(ran.is_open());
}

/// Row 29.
pub fn a_panic_that_comes_after_its_handle_was_dropped_ends_the_run<F: Flavour<Mode: Calls>>(
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
pub fn a_panic_whose_handle_is_dropped_unread_ends_the_run<F: Flavour<Mode: Calls>>(flavour: F) {
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

/// Whoever has read the outcome owns it: nothing is reported twice.
pub fn a_panic_that_was_read_ends_nothing<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let mut handle = runner.spawn(flavour, <F::Mode>::payload(boom)).unwrap();
    assert!(block_on(&mut handle).is_err());
    drop(handle);
    finish(runner);
}

/// Row 29: a value is dropped where it was made.
pub fn a_value_whose_handle_was_dropped_before_the_end_is_dropped_at_home<
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
pub fn a_value_whose_handle_is_dropped_after_the_end_is_dropped_at_home<F: Flavour<Mode: Calls>>(
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
pub fn a_leaked_handle_holds_nothing_up<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    std::mem::forget(runner.spawn(flavour, <F::Mode>::payload(|| 1)).unwrap());
    std::mem::forget(runner.spawn(flavour, <F::Mode>::until_stopped(&gate, || 2)).unwrap());
    gate.wait_for(1);
    runner.stop();
    finish(runner);
}

/// Row 39a: asked twice, and asked when it has ended.
pub fn a_stop_of_one_task_reaches_it_once_and_no_other<F: Flavour<Mode: Calls>>(flavour: F) {
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
pub fn handles_give_their_outcome_after_the_end_of_the_runner<F: Flavour<Mode: Calls>>(flavour: F) {
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

// -- refusals and names

/// Rows 44 and 53: while stopping, and when all is over.
pub fn payloads_refused_while_stopping_and_after_the_end_come_back_usable<
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
pub fn a_name_in_use_is_refused_with_both_places_and_the_payload_is_usable<
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
pub fn a_bad_name_is_refused_and_the_payload_is_usable<F: Flavour<Mode: Calls>>(flavour: F) {
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

// -- context

/// And a payload without a name goes by its id.
pub fn the_context_of_a_payload_names_it_and_there_is_none_outside<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let runner = runner();
    let look = || {
        <F::Mode>::payload(|| {
            let cx = Context::current();
            assert!(!cx.is_stopping() && cx.time_left().is_none());
            (cx.name().to_owned(), cx.label())
        })
    };
    let handle = runner.task("pump").spawn(flavour, look()).unwrap();
    let label = handle.label().clone();
    assert_eq!(label.flavour(), flavour.key().id());
    assert_eq!(handle.join().unwrap(), (String::from("pump"), label));
    let (name, label) = runner.execute(flavour, look()).unwrap();
    assert_eq!(name, label.id().to_string());
    assert!(Context::try_current().is_none());
    let outside = panic::catch_unwind(Context::current).unwrap_err();
    assert!(outside.downcast_ref::<&str>().unwrap().contains("no payload of a runner"));
    finish(runner);
}

/// Also through `execute` on the calling thread, after which it is gone again.
pub fn the_current_handle_of_a_payload_is_that_of_its_runner<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let (told, tells) = channel();
    let payload = <F::Mode>::payload(move || {
        let nested =
            <F::Mode>::payload(move || told.send(Context::current().name().to_owned()).unwrap());
        let of_context = Context::current().handle();
        assert!(format!("{of_context:?}") == format!("{:?}", Handle::current()));
        Handle::current().task("nested").adopt(flavour, nested).map(drop).unwrap();
    });
    runner.execute(flavour, payload).unwrap();
    assert!(Handle::try_current().is_none());
    let outside = panic::catch_unwind(Handle::current).unwrap_err();
    assert!(outside.downcast_ref::<&str>().unwrap().contains("runs no payload"));
    finish(runner);
    assert_eq!(tells.recv().unwrap(), "nested");
}

/// A runner that is dropped asks its payloads to stop; they can still look where they are.
pub fn a_payload_finds_its_runner_when_nobody_else_holds_it<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let payload = <F::Mode>::after(&gate, || {
        (Context::current().handle().is_stopping(), Handle::current().is_stopping())
    });
    let handle = runner.spawn(flavour, payload).unwrap();
    gate.wait_for(1);
    drop(runner);
    gate.open();
    assert_eq!(handle.join().unwrap(), (true, true));
}

// -- destructors that panic

/// Row 5, for a closure. The flavour is kept busy, so that the stop comes before the payload begins.
pub fn a_payload_whose_destructor_panics_is_contained_and_named_when_it_never_ran<
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
pub fn a_value_whose_destructor_panics_unread_is_contained_and_named<F: Flavour<Mode: Calls>>(
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
pub fn a_panic_whose_value_panics_when_dropped_is_one_failure_and_no_more<
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
pub fn an_error_whose_destructor_panics_ends_nothing<F: Flavour<Mode: Calls>>(flavour: F) {
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

// -- sizes

/// Row 62a.
pub fn closures_of_no_size_and_of_a_megabyte_run<F: Flavour<Mode: Calls>>(flavour: F) {
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
