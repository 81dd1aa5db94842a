//! Futures that are dropped instead of polled, for async flavours.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as Cx, Poll};
use std::thread::{self};
use std::time::Duration;

use spumoni::{Async, Context, ExecuteError, Flavour, JoinError};

use super::future::{hasty, stays, yield_now};
use crate::fake::Each;
use crate::gate::Gate;
use crate::witness::{BANG, Bomb, witness};
use crate::{finish, runner};

/// A future that is called for each poll, and holds something that is dropped with it.
struct Polled<C, H>(C, #[allow(dead_code, reason = "it is there to be dropped")] H);

impl<C, H> Unpin for Polled<C, H> {}

impl<T, C: FnMut(&mut Cx<'_>) -> Poll<T>, H> Future for Polled<C, H> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<T> {
        (self.0)(cx)
    }
}

/// Row 45, for a payload that never ends by itself.
pub fn f045_execute_is_answered_when_its_payload_is_cancelled_by_a_stop<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let (runner, gate) = (hasty(), Gate::default());
    let (value, dropped) = witness();
    let (handle, payload) = (runner.handle(), stays(&gate, value));
    let caller = thread::spawn(move || {
        let failed = handle.execute(flavour, payload).unwrap_err();
        assert!(matches!(failed, ExecuteError::Stopped), "{failed}");
        assert!(dropped.try_recv().is_ok(), "answered before the destructors had run");
    });
    gate.wait_for(1);
    runner.stop();
    finish(runner);
    caller.join().unwrap();
}

/// Case C46, row 19.
pub fn f019_a_future_that_ignores_the_stop_is_dropped_when_its_grace_is_over<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let (runner, gate) = (hasty(), Gate::default());
    let come = gate.clone();
    let (value, dropped) = witness();
    let payload = async move || {
        let _value = value;
        come.come();
        loop {
            yield_now().await;
        }
    };
    runner.adopt(flavour, payload).unwrap();
    gate.wait_for(1);
    runner.stop();
    finish(runner);
    assert!(dropped.try_recv().is_ok());
}

/// Row 20, and a grace of its own that is shorter than the runner's.
pub fn f020_a_future_that_nobody_wakes_is_dropped_when_its_own_grace_is_over<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let (value, dropped) = witness();
    runner.task("deaf").grace(Duration::ZERO).adopt(flavour, stays(&gate, value)).unwrap();
    gate.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean() && report.took() < Duration::from_secs(8), "{report}");
    assert!(dropped.try_recv().is_ok());
}

/// Row 39b: its lane is busy when the stop comes. What it captured is dropped on the lane.
pub fn f039b_a_stopped_task_that_has_not_begun_never_begins<F: Flavour<Mode = Async>>(flavour: F) {
    let (runner, gate, told) = (runner(), Gate::default(), Gate::default());
    let lane = runner.execute(flavour, async || thread::current().id()).unwrap();
    let holds = gate.clone();
    runner.adopt(flavour, async move || holds.pass_blocking()).unwrap();
    gate.wait_for(1);
    let (value, dropped) = witness();
    let ran = Gate::default();
    let runs = ran.clone();
    let stopped = runner.spawn(flavour, async move || {
        let _value = value;
        runs.open();
    });
    let stopped = stopped.unwrap();
    stopped.stop();
    // Wishes are heard in their order: when this one has had its effect, so had the one above.
    let come = told.clone();
    let marker = runner.spawn(Each, move || {
        come.come();
        Context::current().stopped_blocking();
    });
    let marker = marker.unwrap();
    told.wait_for(1);
    marker.stop();
    marker.join().unwrap();
    gate.open();
    assert_eq!(stopped.join(), Err(JoinError::Stopped));
    assert_eq!(dropped.recv().unwrap().id(), lane);
    finish(runner);
    assert!(!ran.is_open());
}

/// What a handle says is over is over.
pub fn destructors_have_run_when_the_handle_says_that_its_task_was_stopped<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    for round in 1..=50 {
        let (value, dropped) = witness();
        let task = runner.task("pump").grace(Duration::ZERO);
        let handle = task.spawn(flavour, stays(&gate, value)).unwrap();
        gate.wait_for(round);
        handle.stop();
        assert_eq!(handle.join(), Err(JoinError::Stopped));
        assert!(dropped.try_recv().is_ok());
    }
    finish(runner);
}

/// Row 5: three at a stop, the one in the middle is mined.
pub fn f005_one_future_whose_destructor_panics_does_not_keep_the_others_from_being_dropped<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let (runner, gate) = (hasty(), Gate::default());
    let ((one, first), (other, last)) = (witness(), witness());
    runner.adopt(flavour, stays(&gate, one)).unwrap();
    runner.task("mined").adopt(flavour, stays(&gate, Bomb)).unwrap();
    runner.adopt(flavour, stays(&gate, other)).unwrap();
    gate.wait_for(3);
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    let [contained] = report.contained() else { panic!("{report}") };
    assert_eq!(contained.task().name(), Some("mined"));
    assert_eq!(contained.cause().as_panic().unwrap().text(), BANG);
    assert!(report.to_string().contains("`mined`: panicked: the bomb went off"), "{report}");
    assert!(first.try_recv().is_ok() && last.try_recv().is_ok());
}

/// Row 5, at the end: adopted, executed, spawned.
pub fn f005_a_future_whose_destructor_panics_at_its_end_still_gives_its_value<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let mined = || || Polled(|_: &mut Cx<'_>| Poll::Ready(7), Bomb);
    let runner = runner();
    assert_eq!(runner.task("executed").execute(flavour, mined()).unwrap(), 7);
    assert_eq!(runner.task("spawned").spawn(flavour, mined()).unwrap().join(), Ok(7));
    drop(runner.task("unread").spawn(flavour, mined()).unwrap());
    let ends = || Polled(|_: &mut Cx<'_>| Poll::Ready(()), Bomb);
    runner.task("adopted").adopt(flavour, ends).unwrap();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    let mut names: Vec<_> = report.contained().iter().map(|it| it.task().name().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["adopted", "executed", "spawned", "unread"]);
}

/// Rows 1 and 5 together: the first panic is the failure, the second one is contained.
pub fn f005_a_future_that_panics_and_whose_destructor_panics_too_is_one_failure_and_one_contained<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let mined = || || Polled(|_: &mut Cx<'_>| -> Poll<()> { panic!("no more") }, Bomb);
    let runner = runner();
    let failed = runner.task("executed").execute(flavour, mined()).unwrap_err();
    assert_eq!(failed.as_panic().unwrap().text(), "no more");
    runner.task("adopted").adopt(flavour, mined()).unwrap();
    let report = runner.run_until_stopped();
    let [failure] = report.failures() else { panic!("{report}") };
    assert_eq!(failure.task().name(), Some("adopted"));
    assert_eq!(failure.cause().as_panic().unwrap().text(), "no more");
    let names: Vec<_> = report.contained().iter().map(|it| it.task().name().unwrap()).collect();
    assert_eq!(names, ["executed", "adopted"]);
}
