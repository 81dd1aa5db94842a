//! Stops: from anywhere, at any time, of one task and of all; who is asked, who is cancelled, who is
//! given up, and when.
//!
//! BEHAVIOURS C46, C49, C50, O1 to O5, O10, O11, O28, O34 to O39, A11, A20, A165, S82, S83, S87, T39,
//! T58, T62 to T64; FAULTS 14, 16 to 20, 42, 62 to 70, 75, 125; PEERS test list 3 to 6, 16, 17.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::fake::Fake;
use integration_tests::gate::Gate;
use integration_tests::witness::{BANG, Bomb, witness};
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, Reason, RunnerBuilder, StopReason, TaskBuilder, TaskState};

/// What a loaded machine may add to a deadline.
const NOISE: Duration = Duration::from_secs(2);

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn built(settings: impl FnOnce(RunnerBuilder) -> RunnerBuilder) -> ServiceRunner {
    let builder = settings(ServiceRunner::builder().signals(false));
    builder.build().expect("good settings")
}

/// Spawns a task that waits until it is asked to stop, and returns when it does.
fn waiting<F: Any, T: Send + 'static>(
    task: TaskBuilder<'_>,
    flavour: F,
    then: impl FnOnce() -> T + Send + 'static,
) -> TaskHandle<T> {
    let begun = Gate::default();
    let payload = F::Mode::until_stopped(&begun, then);
    let handle = task.spawn(flavour, payload).expect("taken");
    begun.wait_for(1);
    handle
}

/// Returns when the controller has heard of everything that was sent before.
fn heard(handle: &Handle) {
    let fence = handle.spawn(Fake, async || Context::current().stopped().await);
    let fence = fence.expect("taken");
    until(|| fence.state() == TaskState::Running);
    fence.stop();
    fence.join().expect("it ends when asked");
}

#[track_caller]
fn assert_requested(report: &StopReport) {
    let StopReason::Requested { at, .. } = report.reason() else {
        panic!("{report}");
    };
    assert!(at.file().ends_with("stop.rs"), "{report}");
}

// -- when, from where, how often

on_each_lane!(
    a_sleep_ends_when_a_stop_is_asked,
    a_future_that_is_done_wins_over_the_stop,
    each_task_has_its_own_grace,
    a_task_that_ignores_the_stop_is_dropped_on_its_lane_when_its_grace_is_over,
    a_task_whose_waker_nobody_has_is_dropped_all_the_same,
    a_stopped_execute_ends,
    waits_for_a_stuck_lane_end_with_the_report,
    a_destructor_that_blocks_does_not_move_the_deadline,
    a_destructor_that_panics_at_a_stop_ends_nothing_but_itself,
    a_value_that_came_during_the_grace_is_kept,
    a_cleanup_may_await_its_child,
);

on_each!(
    a_stop_before_run_ends_run_at_once,
    after_a_stop_nothing_new_is_taken_and_the_payload_comes_back,
    a_stop_from_inside_a_task_names_the_task,
    a_stop_reaches_whoever_waits_for_it,
    a_task_that_is_never_asked_to_stop_keeps_a_runner_going,
    tasks_that_had_not_begun_when_the_stop_came_never_begin,
    a_task_that_is_asked_to_stop_before_it_began_never_begins,
    one_task_is_stopped_by_its_handle_and_the_others_go_on,
    a_task_may_ask_itself_to_stop,
    stopping_a_task_that_has_ended_does_nothing,
    a_stop_is_over_as_soon_as_everybody_has_left,
    no_budget_is_too_short_or_too_long,
    a_task_knows_how_long_is_left,
    a_cleanup_may_have_children_on_every_flavour,
    a_grace_of_its_own_is_what_a_task_sees,
    a_task_sees_that_a_stop_was_hurried,
    a_task_that_holds_its_thread_is_named_at_the_deadline,
    a_straggler_that_ends_later_disturbs_nobody,
);

/// C49, PEERS 4.
fn a_stop_before_run_ends_run_at_once<F: Any>(flavour: F) {
    let runner = runner();
    runner.stop();
    assert!(runner.is_stopping());
    let never = F::Mode::payload(|| unreachable!("it comes after the stop"));
    assert!(runner.adopt::<_, _>(flavour, F::Mode::payload(|| ())).is_err());
    assert!(runner.spawn(flavour, never).map(drop::<TaskHandle<()>>).is_err());
    let report = runner.run_until_stopped();
    assert_requested(&report);
    assert_eq!(report.exit_code(), 0);
}

/// PEERS 5, FAULTS 54.
fn after_a_stop_nothing_new_is_taken_and_the_payload_comes_back<F: Any>(flavour: F) {
    let runner = runner();
    // Somebody cleans up meanwhile, so that the runner is stopping and has not stopped.
    let clean = Gate::default();
    let cleaning = clean.clone();
    let cleaner = waiting(runner.task("cleaner"), Thread, move || cleaning.pass_blocking());
    runner.stop();
    let error = runner.spawn(flavour, F::Mode::payload(|| 7)).expect_err("too late");
    assert!(matches!(error.reason(), Reason::Stopping), "{error}");
    let other = integration_tests::runner();
    let seven = other.spawn(flavour, error.into_payload()).expect("taken");
    assert_eq!(seven.join(), Ok(7));
    finish(other);
    let error = runner.adopt(flavour, F::Mode::payload(|| ())).expect_err("too late");
    assert!(error.is_stopping());
    let error = runner.execute(flavour, F::Mode::payload(|| ())).expect_err("too late");
    assert!(error.into_payload().is_some());
    clean.open();
    assert_eq!(cleaner.join(), Ok(()));
    let handle = runner.handle();
    assert_eq!(runner.run().exit_code(), 0);
    let error = handle.spawn(flavour, F::Mode::payload(|| 7)).expect_err("too late");
    assert!(matches!(error.reason(), Reason::Stopped), "{error}");
}

fn a_stop_from_inside_a_task_names_the_task<F: Any>(flavour: F) {
    let runner = runner();
    let stop = F::Mode::payload(|| Handle::current().stop());
    let task = runner.task("quitter").adopt(flavour, stop);
    task.expect("taken");
    let report = runner.run_until_stopped();
    assert_requested(&report);
    let StopReason::Requested { by, .. } = report.reason() else {
        unreachable!();
    };
    let by = by.as_deref().expect("a task asked");
    assert!(by.contains("quitter"), "{by}");
    assert!(report.to_string().contains("quitter"), "{report}");
    assert!(report.is_clean());
}

/// O1: asked, it ends; nobody waits for its natural end.
fn a_stop_reaches_whoever_waits_for_it<F: Any>(flavour: F) {
    let runner = runner();
    let asked = waiting(runner.task("asked"), flavour, || Context::current().is_stopping());
    let stopped = runner.stopped();
    runner.stop();
    smol::block_on(stopped);
    assert_eq!(asked.join(), Ok(true));
    finish_stopped(runner);
}

#[track_caller]
fn finish_stopped(runner: ServiceRunner) {
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
}

fn a_task_that_is_never_asked_to_stop_keeps_a_runner_going<F: Any>(flavour: F) {
    let runner = runner();
    let handle = runner.handle();
    let gate = Gate::default();
    runner.adopt(flavour, F::Mode::after(&gate, || ())).expect("taken");
    let running = thread::spawn(move || runner.run());
    heard(&handle);
    assert!(!running.is_finished());
    assert!(!handle.is_stopping());
    gate.open();
    let report = running.join().expect("no panic");
    assert_eq!(report.reason(), &StopReason::Finished);
}

/// C49, T63, rule 15.
fn tasks_that_had_not_begun_when_the_stop_came_never_begin<F: Any>(flavour: F) {
    let runner = built(|settings| settings.pool_size(1));
    let free = stubborn(&runner, flavour);
    let begun = Arc::new(AtomicBool::new(false));
    let never = || {
        let begun = Arc::clone(&begun);
        F::Mode::payload(move || begun.store(true, Ordering::Relaxed))
    };
    for _ in 0..10 {
        runner.adopt(flavour, never()).expect("taken");
    }
    let waiting = runner.spawn(flavour, never()).expect("taken");
    runner.stop();
    free.open();
    assert_eq!(waiting.join(), Err(JoinError::Stopped));
    finish_stopped(runner);
    assert!(!begun.load(Ordering::Relaxed));
}

/// C49, T62, rule 15.
fn a_task_that_is_asked_to_stop_before_it_began_never_begins<F: Any>(flavour: F) {
    let runner = built(|settings| settings.pool_size(1));
    let free = stubborn(&runner, flavour);
    let (told, tells) = witness();
    let never = F::Mode::payload(move || {
        let _told = told;
        unreachable!("it was asked before")
    });
    let never = runner.spawn(flavour, never).expect("taken");
    let never: TaskHandle<()> = never;
    never.stop();
    heard(&runner);
    free.open();
    tells.recv().expect("its payload is dropped");
    assert_eq!(never.join(), Err(JoinError::Stopped));
    finish(runner);
}

/// A20, T39, T58, T115, O11.
fn one_task_is_stopped_by_its_handle_and_the_others_go_on<F: Any>(flavour: F) {
    let runner = runner();
    let one = waiting(runner.task("one"), flavour, || 1);
    let other = waiting(runner.task("other"), flavour, || 2);
    one.stop();
    one.stop();
    assert_eq!(one.join(), Ok(1));
    heard(&runner);
    assert!(!other.is_finished());
    assert!(!runner.is_stopping());
    runner.stop();
    assert_eq!(other.join(), Ok(2));
    finish_stopped(runner);
}

/// T81.
fn a_task_may_ask_itself_to_stop<F: Any>(flavour: F) {
    let runner = runner();
    let (give, take) = channel::<TaskHandle<bool>>();
    let gate = Gate::default();
    let payload = F::Mode::after(&gate, move || {
        let own = take.recv().expect("its handle");
        own.stop();
        heard(&Handle::current());
        let asked = Context::current().is_stopping();
        assert!(asked && !Handle::current().is_stopping());
        asked
    });
    let own = runner.spawn(flavour, payload).expect("taken");
    give.send(own).expect("it listens");
    gate.open();
    // Its handle is gone, so a failed assertion would be in the report.
    finish(runner);
}

/// A11, O2.
fn stopping_a_task_that_has_ended_does_nothing<F: Any>(flavour: F) {
    let runner = runner();
    let ended = runner.spawn(flavour, F::Mode::payload(|| 7)).expect("taken");
    until(|| ended.is_finished());
    ended.stop();
    heard(&runner);
    assert_eq!(ended.state(), TaskState::Completed);
    assert_eq!(ended.join(), Ok(7));
    finish(runner);
}

/// Graces are limits, not delays.
fn a_stop_is_over_as_soon_as_everybody_has_left<F: Any>(flavour: F) {
    let day = Duration::from_secs(86_400);
    let runner = built(|settings| settings.grace(day).group_grace(day).stop_timeout(day));
    let task = waiting(runner.task("asked"), flavour, || ());
    runner.stop();
    finish_stopped(runner);
    assert_eq!(task.join(), Ok(()));
}

/// FAULTS 69 and 70.
fn no_budget_is_too_short_or_too_long<F: Any>(flavour: F) {
    let endless = Duration::from_secs(i64::MAX.unsigned_abs());
    let budgets = [Duration::ZERO, Duration::from_nanos(1), millis(1), endless, Duration::MAX];
    for budget in budgets {
        let runner = runner();
        let (told, tells) = witness();
        let task = waiting(runner.task("asked").grace(budget), flavour, move || drop(told));
        runner.stop_within(budget);
        let report = runner.run();
        assert_requested(&report);
        assert!([0, 3].contains(&report.exit_code()), "{budget:?}: {report}");
        assert!(report.took() < NOISE, "{budget:?}: {report}");
        // With whatever budget nobody is skipped: it is asked, or dropped.
        tells.recv().expect("it ends");
        drop(task);
    }
}

#[test]
fn graces_and_limits_of_any_length_build_a_runner_that_stops() {
    within(LIMIT, || {
        for limit in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let runner =
                built(|settings| settings.grace(limit).group_grace(limit).stop_timeout(limit));
            let asked = runner.spawn(Smol, async || Context::current().stopped().await);
            drop(asked.expect("taken"));
            runner.stop();
            let report = runner.run();
            assert_requested(&report);
        }
    });
}

/// FAULTS 66 and 67: one stop, the first one's reason, the shortest budget.
#[test]
fn of_two_stops_the_first_is_the_reason() {
    within(LIMIT, || {
        let runner = runner();
        let line = line!() + 1;
        runner.stop();
        runner.stop();
        let report = runner.run();
        let StopReason::Requested { at, .. } = report.reason() else {
            panic!("{report}");
        };
        assert_eq!(at.line(), line);
    });
}

#[test]
fn stops_from_eight_threads_with_different_budgets_are_one_stop_with_the_shortest() {
    within(LIMIT, || {
        let runner = runner();
        let stubborn = stubborn(&runner, Thread);
        let handle = runner.handle();
        let all_there = Arc::new(Barrier::new(8));
        let stoppers: Vec<_> = (0..8)
            .map(|number| {
                let (handle, all_there) = (handle.clone(), Arc::clone(&all_there));
                thread::spawn(move || {
                    all_there.wait();
                    let longer = Duration::from_secs(3 * number);
                    handle.stop_within(millis(200) + longer);
                    handle.ended_blocking()
                })
            })
            .collect();
        let report = runner.run_until_stopped();
        assert_requested(&report);
        assert!(report.took() < millis(200) + NOISE, "{report}");
        assert_eq!(report.abandoned().len(), 1, "{report}");
        for stopper in stoppers {
            assert_same(&stopper.join().expect("no panic"), &report);
        }
        stubborn.open();
    });
}

#[test]
fn a_later_stop_shortens_the_budget_and_never_lengthens_it() {
    within(LIMIT, || {
        for budgets in [[25_000, 200], [200, 25_000]] {
            let runner = runner();
            let stubborn = stubborn(&runner, Thread);
            for budget in budgets {
                runner.stop_within(millis(budget));
            }
            let report = runner.run();
            assert!(report.took() < millis(200) + NOISE, "{report}");
            assert_eq!(report.exit_code(), 3);
            stubborn.open();
        }
    });
}

#[track_caller]
fn assert_same(one: &StopReport, other: &StopReport) {
    assert_eq!(one.to_string(), other.to_string());
    assert_eq!((one.took(), one.asked_at()), (other.took(), other.asked_at()));
    assert_eq!(one.exit_code(), other.exit_code());
}

/// Adopts a task that holds its thread until the gate is opened, and waits until it does.
fn stubborn<F: Any>(handle: &Handle, flavour: F) -> Gate {
    stubborn_as(handle, flavour, "stuck")
}

#[test]
fn everybody_who_waits_for_the_end_gets_the_same_report() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        assert!(handle.report().is_none());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || handle.ended_blocking())
            })
            .collect();
        let other = integration_tests::runner();
        let elsewhere = {
            let handle = handle.clone();
            other.spawn(Smol, async move || handle.ended().await).expect("taken")
        };
        runner.adopt(Tokio, async || anyhow::bail!("the cause")).expect("taken");
        let report = runner.run_until_stopped();
        for thread in threads {
            assert_same(&thread.join().expect("no panic"), &report);
        }
        assert_same(&elsewhere.join().expect("an answer"), &report);
        assert_same(&smol::block_on(handle.ended()), &report);
        assert_same(&handle.ended_blocking(), &report);
        assert_same(&handle.report().expect("it is made"), &report);
        finish(other);
    });
}

#[test]
fn a_runner_that_has_stopped_ignores_further_stops() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let report = runner.run();
        handle.stop();
        handle.stop_within(Duration::ZERO);
        handle.stop_now();
        assert!(handle.is_stopping());
        assert_same(&handle.ended_blocking(), &report);
        assert_eq!(report.reason(), &StopReason::Finished);
    });
}

/// PEERS 17.
#[test]
fn a_forced_stop_cancels_at_once_and_is_not_clean() {
    within(LIMIT, || {
        let runner = runner();
        let (told, tells) = witness();
        let never = runner.task("never").grace(Duration::MAX).spawn(Smol, async move || {
            let _told = told;
            pending::<()>().await
        });
        let never = never.expect("taken");
        until(|| never.state() == TaskState::Running);
        runner.stop_now();
        tells.recv().expect("dropped");
        assert_eq!(never.join(), Err(JoinError::Stopped));
        let report = runner.run();
        assert!(report.is_forced());
        assert!(!report.is_clean());
        assert_eq!(report.exit_code(), 1);
    });
}

#[test]
fn a_stop_under_way_can_be_forced() {
    within(LIMIT, || {
        let runner = built(|settings| settings.grace(Duration::MAX).stop_timeout(Duration::MAX));
        let never = runner.spawn(Tokio, pending::<()>).expect("taken");
        until(|| never.state() == TaskState::Running);
        runner.stop();
        assert!(!never.is_finished());
        runner.stop_now();
        assert_eq!(never.join(), Err(JoinError::Stopped));
        let report = runner.run();
        assert_requested(&report);
        assert!(report.is_forced());
        assert_eq!(report.exit_code(), 1);
    });
}

/// FAULTS 68: on a lane too nobody is asked to wait for himself.
#[test]
fn run_called_by_a_payload_of_the_same_runner_panics_and_says_so() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let panic =
            handle.execute(Smol, async move || drop(runner.run())).expect_err("it could never end");
        let text = panic.as_panic().expect("a panic").text().to_owned();
        assert!(text.contains("run"), "{text}");
        assert!(text.contains("never end"), "{text}");
        // The runner was dropped by the unwinding.
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
    });
}

// -- what a task sees

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
fn a_task_that_ignores_the_stop_is_dropped_on_its_lane_when_its_grace_is_over(flavour: impl Lane) {
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
fn a_task_whose_waker_nobody_has_is_dropped_all_the_same(flavour: impl Lane) {
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

/// C44 in sense: a value beats the cancel.
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
fn a_cleanup_may_have_children_on_every_flavour<F: Any>(flavour: F) {
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

fn a_cleanup_may_await_its_child(flavour: impl Lane) {
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

// -- deadlines

/// Blocks in its destructor.
struct Slow {
    dropping: Gate,
    free: Gate,
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.dropping.open();
        self.free.pass_blocking();
    }
}

/// C46, FAULTS 16 and 18, O5, O10, O32.
fn a_task_that_holds_its_thread_is_named_at_the_deadline<F: Any>(flavour: F) {
    let runner = runner();
    let free = stubborn(&runner, flavour);
    let budget = millis(500);
    runner.stop_within(budget);
    let report = runner.run();
    assert_requested(&report);
    assert!(report.took() < budget + NOISE, "{report}");
    let [stuck] = report.abandoned() else {
        panic!("{report}");
    };
    assert_eq!(stuck.task().name(), Some("stuck"));
    assert_eq!(stuck.flavour().as_str(), flavour.name());
    assert!(stuck.held() >= millis(400), "{report}");
    assert!(stuck.task().spawned_at().file().ends_with("stop.rs"));
    assert_eq!((report.left(), report.exit_code()), (0, 3), "{report}");
    free.open();
}

/// O39, FAULTS 75.
fn a_straggler_that_ends_later_disturbs_nobody<F: Any>(flavour: F) {
    let runner = runner();
    let free = stubborn(&runner, flavour);
    runner.stop_within(millis(50));
    let handle = runner.handle();
    let report = runner.run();
    assert_eq!(report.exit_code(), 3);
    let before = report.to_string();
    free.open();
    // Its lane or its thread goes: the last thing that holds on to the runner beside the handle.
    until(|| handle.tree().alive() == 0);
    assert_eq!(handle.ended_blocking().to_string(), before);
    assert!(report.late_failures().is_empty());
}

/// S87, O37, FAULTS 17, PEERS 6.
fn waits_for_a_stuck_lane_end_with_the_report(flavour: impl Lane) {
    let runner = runner();
    let free = stubborn(&runner, flavour);
    let handle = runner.handle();
    let executes = {
        let handle = handle.clone();
        thread::spawn(move || handle.execute(flavour, async || ()).expect_err("never ran"))
    };
    let queue = || runner.spawn(flavour, async || ()).expect("taken");
    let joins = {
        let task = queue();
        thread::spawn(move || task.join())
    };
    let timed = {
        let task = queue();
        thread::spawn(move || task.join_timeout(LIMIT).map_err(drop))
    };
    let awaits = {
        let task = queue();
        thread::spawn(move || smol::block_on(task))
    };
    let elsewhere = {
        let (told, task) = (runner.handle(), queue());
        let other = integration_tests::runner();
        thread::spawn(move || {
            let outcome = other.execute(Fake, async move || task.await);
            drop(told);
            finish(other);
            outcome.expect("an answer")
        })
    };
    let late = queue();
    // All of them wait: the lane's inbox holds their tasks.
    until(|| handle.tree().homes()[0].waiting() == 6);
    runner.stop_within(millis(100));
    let report = runner.run();
    assert_eq!(report.abandoned().len(), 1, "{report}");
    assert_eq!(report.left(), 6, "{report}");
    let executed = executes.join().expect("no panic");
    assert!(matches!(executed, ExecuteError::Abandoned), "{executed}");
    let abandoned = Err(JoinError::Abandoned);
    assert_eq!(joins.join().expect("no panic"), abandoned);
    assert_eq!(timed.join().expect("no panic"), Ok(abandoned.clone()));
    assert_eq!(awaits.join().expect("no panic"), abandoned);
    assert_eq!(elsewhere.join().expect("no panic"), abandoned);
    // Who comes late is told at once.
    assert_eq!(late.join(), abandoned);
    free.open();
}

fn a_stopped_execute_ends(flavour: impl Lane) {
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

/// PEERS 3, FAULTS 6 in sense.
fn a_destructor_that_blocks_does_not_move_the_deadline(flavour: impl Lane) {
    let runner = built(|settings| settings.grace(millis(5)));
    let (dropping, free) = (Gate::default(), Gate::default());
    let slow = Slow { dropping: dropping.clone(), free: free.clone() };
    let task = runner.task("slow to go").adopt(flavour, async move || {
        let _slow = slow;
        pending::<()>().await
    });
    task.expect("taken");
    let neighbour = runner.spawn(flavour, pending::<()>).expect("taken");
    until(|| neighbour.state() == TaskState::Running);
    let budget = millis(500);
    runner.stop_within(budget);
    let report = runner.run();
    assert!(dropping.is_open());
    assert!(report.took() < budget + NOISE, "{report}");
    let [slow] = report.abandoned() else {
        panic!("{report}");
    };
    assert_eq!(slow.task().name(), Some("slow to go"));
    assert_eq!(report.exit_code(), 3);
    assert!(neighbour.join().is_err());
    free.open();
}

fn a_destructor_that_panics_at_a_stop_ends_nothing_but_itself(flavour: impl Lane) {
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
fn a_captured_value_that_panics_when_an_unbegun_payload_is_dropped_is_contained() {
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

/// FAULTS 42: a wait that we cannot see ends nothing, but is named.
#[test]
fn a_pool_task_that_waits_by_a_channel_for_a_queued_one_is_named() {
    within(LIMIT, || {
        let runner = built(|settings| settings.pool_size(1));
        let (to, from) = channel::<()>();
        let (begun, begins) = channel();
        let waits = runner.task("waits").adopt(Thread, move || {
            let _ = begun.send(());
            let _ = from.recv();
        });
        waits.expect("taken");
        begins.recv().expect("it begins");
        let ran = Arc::new(AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let keep = to.clone();
        runner
            .adopt(Thread, move || {
                runs.store(true, Ordering::Relaxed);
                let _ = to.send(());
            })
            .expect("taken");
        runner.stop_within(millis(100));
        let report = runner.run();
        assert_eq!(report.abandoned().len(), 1, "{report}");
        assert_eq!(report.abandoned()[0].task().name(), Some("waits"));
        assert_eq!(report.left(), 1);
        assert!(!ran.load(Ordering::Relaxed));
        drop(keep);
    });
}

/// Deadlines run beside each other and are not summed.
#[test]
fn stragglers_on_every_flavour_share_one_deadline() {
    within(LIMIT, || {
        let runner = runner();
        let gates = [
            stubborn_as(&runner, Tokio, "one"),
            stubborn_as(&runner, Smol, "two"),
            stubborn_as(&runner, AsyncStd, "three"),
            stubborn_as(&runner, Thread, "four"),
            stubborn_as(&runner, Thread, "five"),
        ];
        runner.stop_within(millis(500));
        let report = runner.run();
        assert!(report.took() < millis(500) + NOISE, "{report}");
        let mut names: Vec<_> =
            report.abandoned().iter().filter_map(|straggler| straggler.task().name()).collect();
        names.sort_unstable();
        assert_eq!(names, ["five", "four", "one", "three", "two"]);
        for gate in gates {
            gate.open();
        }
    });
}

fn stubborn_as<F: Any>(handle: &Handle, flavour: F, name: &str) -> Gate {
    let free = Gate::default();
    let holds = free.clone();
    let payload = F::Mode::payload(move || holds.pass_blocking());
    handle.task(name).adopt(flavour, payload).expect("taken");
    free.wait_for(1);
    free
}

// -- runners that are dropped

/// FAULTS 62 and 63.
#[test]
fn a_dropped_runner_asks_its_tasks_and_does_not_wait() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let clean = Gate::default();
        let go = clean.clone();
        let task = waiting(runner.task("cleanup"), Thread, move || go.pass_blocking());
        drop(runner);
        // The drop is over, and the task is not.
        assert!(!task.is_finished());
        assert!(handle.report().is_none());
        clean.open();
        assert_eq!(task.join(), Ok(()));
        let report = handle.ended_blocking();
        assert_eq!(report.reason(), &StopReason::Dropped);
        assert_eq!(report.exit_code(), 0);
    });
}

#[test]
fn a_runner_that_is_dropped_before_it_started_takes_nothing_more() {
    within(LIMIT, || {
        let handle = runner().handle();
        let error = handle.adopt(Smol, async || ()).expect_err("too late");
        assert!(error.is_stopping());
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
    });
}

/// FAULTS 64.
#[test]
fn a_runner_dropped_by_unwinding_does_not_panic_again() {
    within(LIMIT, || {
        let handle = parking_lot::Mutex::new(None);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let runner = runner();
            *handle.lock() = Some(runner.handle());
            let task = runner.spawn(Smol, async || Context::current().stopped().await);
            drop(task.expect("taken"));
            panic!("on purpose");
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"on purpose"));
        let handle = handle.lock().take().expect("left behind");
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
    });
}

/// FAULTS 125, PEERS 16.
#[test]
fn a_runner_lives_and_dies_inside_any_other_runtime() {
    fn live_and_die() {
        let runner = runner();
        assert_eq!(runner.execute(Tokio, async || 1).expect("an answer"), 1);
        assert_eq!(runner.execute(Smol, async || 2).expect("an answer"), 2);
        finish(runner);
        let dropped = integration_tests::runner();
        let handle = dropped.handle();
        dropped.adopt(Tokio, pending::<()>).expect("taken");
        dropped.stop_now();
        drop(dropped);
        drop(handle.ended_blocking());
    }
    within(LIMIT, || {
        let mut current = tokio::runtime::Builder::new_current_thread();
        let mut multi = tokio::runtime::Builder::new_multi_thread();
        for builder in [&mut current, &mut multi] {
            let runtime = builder.enable_all().build().expect("a runtime");
            runtime.block_on(async { live_and_die() });
            runtime.block_on(runtime.spawn(async { live_and_die() })).expect("no panic");
        }
        smol::block_on(async { live_and_die() });
        async_std::task::block_on(async { live_and_die() });
    });
}

/// Waiting for the end costs no lane: it is awaited like everything else.
#[test]
fn the_end_of_one_runner_is_awaited_on_a_lane_of_another() {
    within(LIMIT, || {
        let [here, there] = [runner(), runner()];
        let ended = there.handle();
        let waits = here.spawn(Smol, async move || ended.ended().await.exit_code());
        let still = here.execute(Smol, async || 7).expect("the lane is free");
        assert_eq!(still, 7);
        there.stop();
        drop(there.run());
        assert_eq!(waits.expect("taken").join(), Ok(0));
        finish(here);
    });
}

/// Rule 19 counts from the asking, not from `run`.
#[test]
fn a_stop_needs_no_run() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let task = handle.spawn(Smol, async || Context::current().stopped().await);
        let task = task.expect("taken");
        until(|| task.state() == TaskState::Running);
        let asked = Instant::now();
        handle.stop();
        let report = handle.ended_blocking();
        assert!(report.took() <= asked.elapsed());
        assert_same(&runner.run(), &report);
    });
}
