//! What a task sees of a stop, and what it may do until its grace is over.

use std::future::pending;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::witness::{BANG, Bomb, witness};
use integration_tests::{LIMIT, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, TaskState};

use crate::{NOISE, built, finish_stopped, millis, stubborn, waiting};

on_each_lane!(
    a_sleep_ends_when_a_stop_is_asked,
    a_future_that_is_done_wins_over_the_stop,
    each_task_has_its_own_grace,
    f019_a_task_that_ignores_the_stop_is_dropped_on_its_lane_when_its_grace_is_over,
    f020_a_task_whose_waker_nobody_has_is_dropped_all_the_same,
    f045_a_stopped_execute_ends,
    f005_a_destructor_that_panics_at_a_stop_ends_nothing_but_itself,
    a_value_that_came_during_the_grace_is_kept,
    f076_a_cleanup_may_await_its_child,
);

on_each!(
    a_task_knows_how_long_is_left,
    f076_a_cleanup_may_have_children_on_every_flavour,
    a_grace_of_its_own_is_what_a_task_sees,
    a_task_sees_that_a_stop_was_hurried,
);

fn a_sleep_ends_when_a_stop_is_asked(flavour: impl Lane) {
    let runner = runner();
    let sleeper = runner.spawn(flavour, async || {
        let context = Context::current();
        let first = context.sleep(Duration::MAX).await;
        (first, context.sleep(Duration::MAX).await, context.sleep(Duration::ZERO).await)
    });
    let sleeper = sleeper.expect("taken");
    until(|| sleeper.state() == TaskState::Running);
    runner.stop();
    let stopping = Err(Stopping);
    assert_eq!(sleeper.join(), Ok((stopping, stopping, stopping)));
    finish_stopped(runner);
}

#[test]
fn a_blocking_sleep_ends_when_a_stop_is_asked() {
    within(LIMIT, || {
        let runner = runner();
        let asleep = Gate::default();
        let sleeps = asleep.clone();
        let sleeper = runner.spawn(Thread, move || {
            let context = Context::current();
            assert_eq!(context.sleep_blocking(Duration::ZERO), Ok(()));
            assert_eq!(context.sleep_blocking(millis(1)), Ok(()));
            sleeps.come();
            let first = context.sleep_blocking(Duration::MAX);
            context.stopped_blocking();
            (first, context.sleep_blocking(Duration::MAX))
        });
        let sleeper = sleeper.expect("taken");
        asleep.wait_for(1);
        runner.stop();
        assert_eq!(sleeper.join(), Ok((Err(Stopping), Err(Stopping))));
        finish_stopped(runner);
    });
}

fn a_future_that_is_done_wins_over_the_stop(flavour: impl Lane) {
    let runner = runner();
    let task = runner.spawn(flavour, async || {
        let context = Context::current();
        let never = context.run_until_stopped(pending::<()>()).await;
        (never, context.run_until_stopped(async { 7 }).await)
    });
    let task = task.expect("taken");
    until(|| task.state() == TaskState::Running);
    runner.stop();
    assert_eq!(task.join(), Ok((Err(Stopping), Ok(7))));
    finish_stopped(runner);
}

fn a_task_knows_how_long_is_left<F: Any>(flavour: F) {
    let runner = built(|settings| settings.grace(Duration::from_secs(5)));
    let before = F::Mode::payload(|| Context::current().time_left());
    assert_eq!(runner.execute(flavour, before).expect("an answer"), None);
    let after = waiting(runner.task("asked"), flavour, || Context::current().time_left());
    runner.stop();
    let left = after.join().expect("an answer").expect("a stop was asked");
    assert!(left <= Duration::from_secs(5), "{left:?}");
    assert!(left > Duration::from_secs(5) - NOISE, "{left:?}");
    finish_stopped(runner);
}

/// Rule 18: what a context says is the grace of the task, not of all.
fn a_grace_of_its_own_is_what_a_task_sees<F: Any>(flavour: F) {
    let runner = built(|settings| settings.grace(Duration::from_secs(5)));
    let own = |grace| {
        let task = runner.task(format!("{grace:?}")).grace(grace);
        waiting(task, flavour, || Context::current().time_left())
    };
    let (short, long) = (own(Duration::from_secs(3)), own(Duration::from_secs(9)));
    runner.stop();
    let short = short.join().expect("an answer").expect("a stop was asked");
    let long = long.join().expect("an answer").expect("a stop was asked");
    assert!(short <= Duration::from_secs(3), "{short:?}");
    assert!(long > Duration::from_secs(9) - NOISE, "{long:?}");
    assert!(long <= Duration::from_secs(9), "{long:?}");
    finish_stopped(runner);
}

fn a_task_sees_that_a_stop_was_hurried<F: Any>(flavour: F) {
    let runner = runner();
    let hurry = Gate::default();
    let hurried = hurry.clone();
    let task = waiting(runner.task("asked"), flavour, move || {
        hurried.pass_blocking();
        let left = || Context::current().time_left().expect("a stop was asked");
        // The controller hears of it in a moment.
        until(|| left() <= Duration::from_secs(3));
        left()
    });
    runner.stop();
    hurry.wait_for(1);
    runner.stop_within(Duration::from_secs(5));
    hurry.open();
    assert!(task.join().expect("an answer") > Duration::ZERO);
    finish_stopped(runner);
}

fn each_task_has_its_own_grace(flavour: impl Lane) {
    let day = Duration::from_secs(86_400);
    let runner = built(|settings| settings.grace(day).group_grace(day).stop_timeout(day));
    let (told, tells) = witness();
    let hasty = runner.task("hasty").grace(millis(5)).spawn(flavour, async move || {
        let _told = told;
        pending::<()>().await
    });
    let hasty = hasty.expect("taken");
    // Ends only when the other one was dropped, long before its own grace is over.
    let patient = waiting(runner.task("patient"), Thread, move || tells.recv().is_ok());
    until(|| hasty.state() == TaskState::Running);
    runner.stop();
    assert_eq!(hasty.join(), Err(JoinError::Stopped));
    assert_eq!(patient.join(), Ok(true));
    finish_stopped(runner);
}

/// C46, A165, O39, FAULTS 19.
fn f019_a_task_that_ignores_the_stop_is_dropped_on_its_lane_when_its_grace_is_over(
    flavour: impl Lane,
) {
    let runner = built(|settings| settings.grace(millis(5)));
    let (told, tells) = witness();
    let deaf = runner.spawn(flavour, async move || {
        let _told = told;
        loop {
            // It sees the stop and goes on.
            let _ = Context::current().sleep(millis(1)).await;
            smol::future::yield_now().await;
        }
    });
    let deaf: TaskHandle<()> = deaf.expect("taken");
    until(|| deaf.state() == TaskState::Running);
    runner.stop();
    let thread = tells.recv().expect("dropped");
    assert_eq!(thread.name(), Some(&*format!("spumoni/{}", flavour.name())));
    assert_eq!(deaf.join(), Err(JoinError::Stopped));
    finish_stopped(runner);
}

/// FAULTS 20.
fn f020_a_task_whose_waker_nobody_has_is_dropped_all_the_same(flavour: impl Lane) {
    let runner = built(|settings| settings.grace(millis(5)));
    let (told, tells) = witness();
    let lost = move || async move {
        let _told = told;
        pending::<()>().await;
    };
    runner.adopt(flavour, lost).expect("taken");
    let other = runner.spawn(flavour, pending::<()>).expect("taken");
    until(|| other.state() == TaskState::Running);
    other.stop();
    assert_eq!(other.join(), Err(JoinError::Stopped));
    assert!(tells.try_recv().is_err());
    runner.stop();
    tells.recv().expect("dropped");
    finish_stopped(runner);
}

/// T54, C44 in sense: a value beats the cancel.
fn a_value_that_came_during_the_grace_is_kept(flavour: impl Lane) {
    let runner = built(|settings| settings.grace(Duration::from_secs(86_400)));
    let slow = runner.spawn(flavour, async || {
        Context::current().stopped().await;
        for _ in 0..100 {
            smol::future::yield_now().await;
        }
        7
    });
    let slow = slow.expect("taken");
    until(|| slow.state() == TaskState::Running);
    runner.stop();
    assert_eq!(slow.join(), Ok(7));
    finish_stopped(runner);
}

/// Rule 21: a task that cleans up may have children; nobody else gets in.
fn f076_a_cleanup_may_have_children_on_every_flavour<F: Any>(flavour: F) {
    let runner = runner();
    let clean = Gate::default();
    let go = clean.clone();
    let (ended, ends) = channel();
    let cleanup = waiting(runner.task("cleanup"), flavour, move || {
        go.pass_blocking();
        let handle = Handle::current();
        // Lanes and pools that nobody had used start for it.
        adopt_child(&handle, Tokio, &ended);
        adopt_child(&handle, Smol, &ended);
        adopt_child(&handle, AsyncStd, &ended);
        adopt_child(&handle, Thread, &ended);
        handle.execute(Thread, || 7).expect("an answer")
    });
    runner.stop();
    clean.wait_for(1);
    assert!(runner.adopt(flavour, F::Mode::payload(|| ())).is_err());
    clean.open();
    assert_eq!(cleanup.join(), Ok(7));
    finish_stopped(runner);
    let mut ended: Vec<_> = ends.iter().collect();
    ended.sort_unstable();
    assert_eq!(ended, ["async-std", "smol", "thread", "tokio"]);
}

fn adopt_child<F: Any>(handle: &Handle, flavour: F, ended: &std::sync::mpsc::Sender<&'static str>) {
    let ended = ended.clone();
    let child = F::Mode::payload(move || {
        assert!(Context::current().is_stopping());
        let _ = ended.send(flavour.name());
    });
    handle.adopt(flavour, child).expect("a cleanup may");
}

/// A90.
fn f076_a_cleanup_may_await_its_child(flavour: impl Lane) {
    let runner = runner();
    let cleanup = runner.spawn(flavour, async move || {
        Context::current().stopped().await;
        let child = Handle::current().spawn(flavour, async || 7);
        child.expect("a cleanup may").await
    });
    let cleanup = cleanup.expect("taken");
    until(|| cleanup.state() == TaskState::Running);
    runner.stop();
    assert_eq!(cleanup.join(), Ok(Ok(7)));
    finish_stopped(runner);
}

fn f045_a_stopped_execute_ends(flavour: impl Lane) {
    let runner = built(|settings| settings.grace(millis(5)));
    let handle = runner.handle();
    let begun = Gate::default();
    let begins = begun.clone();
    let executes = thread::spawn(move || {
        handle.execute(flavour, async move || {
            begins.open();
            pending::<()>().await
        })
    });
    begun.pass_blocking();
    runner.stop();
    let error = executes.join().expect("no panic").expect_err("stopped");
    assert!(matches!(error, ExecuteError::Stopped), "{error}");
    finish_stopped(runner);
}

fn f005_a_destructor_that_panics_at_a_stop_ends_nothing_but_itself(flavour: impl Lane) {
    let runner = built(|settings| settings.grace(millis(5)));
    let bomb = Bomb;
    let task = runner.task("bomber").spawn(flavour, async move || {
        let _bomb = bomb;
        pending::<()>().await
    });
    let (told, tells) = witness();
    let neighbour = runner.spawn(flavour, async move || {
        let _told = told;
        pending::<()>().await
    });
    let (task, neighbour) = (task.expect("taken"), neighbour.expect("taken"));
    until(|| neighbour.state() == TaskState::Running);
    runner.stop();
    let report = runner.run();
    tells.recv().expect("the neighbour is dropped too");
    assert_eq!(task.join(), Err(JoinError::Stopped));
    assert_eq!(neighbour.join(), Err(JoinError::Stopped));
    let [contained] = report.contained() else {
        panic!("{report}");
    };
    assert_eq!(contained.task().name(), Some("bomber"));
    assert_eq!(contained.cause().as_panic().map(|panic| panic.text()), Some(BANG));
    assert_eq!(report.failures().len(), 0);
    assert_eq!(report.exit_code(), 0);
}

/// A payload that never began is dropped too, and may panic in it.
#[test]
fn f005_a_captured_value_that_panics_when_an_unbegun_payload_is_dropped_is_contained() {
    within(LIMIT, || {
        let runner = built(|settings| settings.pool_size(1));
        let free = stubborn(&runner, Thread);
        let bomb = Bomb;
        runner.adopt(Thread, move || drop(bomb)).expect("taken");
        runner.stop();
        free.open();
        let report = runner.run();
        assert_eq!(report.contained().len(), 1, "{report}");
        assert_eq!(report.exit_code(), 0);
    });
}
