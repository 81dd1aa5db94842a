//! Sections of a task that a first stop does not cut, and what cuts them all the same.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, JoinError, Payload};

use crate::{NOISE, built, finish_stopped, heard, millis, waiting};

on_each!(
    a_first_stop_is_heard_of_when_the_section_is_over,
    a_second_stop_of_the_task_is_heard_of_in_the_section,
    a_stop_of_the_task_and_one_of_what_is_above_it_are_two,
    a_second_stop_of_the_group_is_heard_of_in_the_section,
    a_second_stop_of_the_runner_is_the_same_as_the_first_but_a_forced_one_is_heard_of,
    without_a_stop_nothing_is_left_of_a_section,
    sections_within_each_other_count_as_one,
    a_second_stop_is_heard_of_in_all_sections_at_once,
    children_hear_of_nothing_while_their_parent_is_in_a_section,
);

on_each_lane!(
    a_second_stop_drops_a_section_that_does_not_listen_when_the_grace_is_over,
    sections_beside_each_other_count_as_one,
    a_section_that_is_dropped_is_over,
    a_section_that_panics_is_over,
    the_grace_begins_when_the_section_is_over,
    a_section_does_not_outlive_the_deadline_of_its_group,
    a_section_does_not_outlive_the_deadline_of_the_runner,
    a_section_does_not_outlive_the_limit_of_its_task,
);

/// Payloads of either mode with sections in them.
trait Sections: Calls {
    /// So many sections within each other. In the innermost it waits at the gate, then says whether it has heard
    /// of a stop; so it does in each further out, and behind the last.
    fn sections(depth: u32, gate: &Gate) -> impl Payload<Self, Output = Vec<bool>>;

    /// In so many sections within each other it comes to the gate and waits for a stop; says whether it is heard
    /// of in there.
    fn until_heard(depth: u32, gate: &Gate) -> impl Payload<Self, Output = bool>;
}

impl Sections for Async {
    fn sections(depth: u32, gate: &Gate) -> impl Payload<Self, Output = Vec<bool>> {
        let gate = gate.clone();
        async move || {
            let mut told = Vec::new();
            nest(&Context::current(), depth, &mut told, &gate).await;
            told
        }
    }

    fn until_heard(depth: u32, gate: &Gate) -> impl Payload<Self, Output = bool> {
        let gate = gate.clone();
        async move || {
            let cx = Context::current();
            let mut heard: std::pin::Pin<Box<dyn Future<Output = bool>>> = Box::pin(async {
                gate.come();
                cx.stopped().await;
                cx.is_stopping()
            });
            for _ in 0..depth {
                heard = Box::pin(cx.defer_stop(heard));
            }
            heard.await
        }
    }
}

async fn nest(cx: &Context, depth: u32, told: &mut Vec<bool>, gate: &Gate) {
    if depth == 0 {
        gate.pass().await;
        // Nor do waits end.
        let asleep = cx.sleep(millis(1)).await;
        assert_eq!(asleep.is_err(), cx.is_stopping());
    } else {
        Box::pin(cx.defer_stop(nest(cx, depth - 1, told, gate))).await;
    }
    told.push(cx.is_stopping());
}

impl Sections for Blocking {
    fn sections(depth: u32, gate: &Gate) -> impl Payload<Self, Output = Vec<bool>> {
        let gate = gate.clone();
        move || {
            let mut told = Vec::new();
            nest_blocking(&Context::current(), depth, &mut told, &gate);
            told
        }
    }

    fn until_heard(depth: u32, gate: &Gate) -> impl Payload<Self, Output = bool> {
        fn within(cx: &Context, depth: u32, gate: &Gate) -> bool {
            if depth > 0 {
                return cx.defer_stop_blocking(|| within(cx, depth - 1, gate));
            }
            gate.come();
            cx.stopped_blocking();
            cx.is_stopping()
        }
        let gate = gate.clone();
        move || within(&Context::current(), depth, &gate)
    }
}

fn nest_blocking(cx: &Context, depth: u32, told: &mut Vec<bool>, gate: &Gate) {
    if depth == 0 {
        gate.pass_blocking();
        let asleep = cx.sleep_blocking(millis(1));
        assert_eq!(asleep.is_err(), cx.is_stopping());
    } else {
        cx.defer_stop_blocking(|| nest_blocking(cx, depth - 1, told, gate));
    }
    told.push(cx.is_stopping());
}

/// A58, A59.
fn a_first_stop_is_heard_of_when_the_section_is_over<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let task = runner.spawn(flavour, F::Mode::sections(1, &gate)).expect("taken");
    gate.wait_for(1);
    task.stop();
    heard(&runner);
    gate.open();
    assert_eq!(task.join(), Ok(vec![false, true]));
    finish(runner);
}

/// A58.
fn a_second_stop_of_the_task_is_heard_of_in_the_section<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let inside = Gate::default();
    let task = runner.spawn(flavour, F::Mode::until_heard(1, &inside)).expect("taken");
    inside.wait_for(1);
    task.stop();
    heard(&runner);
    assert!(!task.is_finished());
    task.stop();
    assert_eq!(task.join(), Ok(true));
    finish(runner);
}

/// A58: whichever comes first.
fn a_stop_of_the_task_and_one_of_what_is_above_it_are_two<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    for (name, own_first) in [("own first", true), ("own last", false)] {
        let group = runner.group(name).open().expect("free");
        let inside = Gate::default();
        let task = group.try_spawn(flavour, F::Mode::until_heard(1, &inside)).expect("taken");
        inside.wait_for(1);
        if own_first {
            task.stop()
        } else {
            group.stop()
        }
        heard(&runner);
        assert!(!task.is_finished());
        if own_first {
            group.stop()
        } else {
            task.stop()
        }
        assert_eq!(task.join(), Ok(true));
    }
    finish(runner);
}

/// A58.
fn a_second_stop_of_the_group_is_heard_of_in_the_section<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let group = runner.group("pressed").open().expect("free");
    let inside = Gate::default();
    let task = group.try_spawn(flavour, F::Mode::until_heard(1, &inside)).expect("taken");
    inside.wait_for(1);
    group.stop();
    heard(&runner);
    assert!(!task.is_finished());
    group.stop();
    assert_eq!(task.join(), Ok(true));
    finish(runner);
}

/// A58.
fn a_second_stop_of_the_runner_is_the_same_as_the_first_but_a_forced_one_is_heard_of<F>(flavour: F)
where
    F: Any<Mode: Sections>,
{
    let runner = runner();
    let inside = Gate::default();
    let task = runner.spawn(flavour, F::Mode::until_heard(1, &inside)).expect("taken");
    inside.wait_for(1);
    let other = waiting(runner.task("other"), flavour, || ());
    runner.stop();
    runner.stop();
    other.join().expect("it is asked");
    assert!(!task.is_finished());
    runner.stop_now();
    // Told in there, or dropped right where it waits to be told.
    let outcome = task.join();
    assert!(matches!(outcome, Ok(true) | Err(JoinError::Stopped)), "{outcome:?}");
    let report = runner.run();
    assert!(report.is_forced() && report.abandoned().is_empty(), "{report}");
}

/// A61.
fn without_a_stop_nothing_is_left_of_a_section<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let (gate, begun) = (Gate::default(), Gate::default());
    gate.open();
    let task = runner.spawn(flavour, F::Mode::sections(2, &gate)).expect("taken");
    assert_eq!(task.join(), Ok(vec![false, false, false]));
    let comes = begun.clone();
    let after = runner.spawn(flavour, F::Mode::until_stopped(&begun, || ()));
    let after = after.expect("taken");
    comes.wait_for(1);
    after.stop();
    assert_eq!(after.join(), Ok(()));
    finish(runner);
}

/// A58, A59.
fn sections_within_each_other_count_as_one<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let task = runner.spawn(flavour, F::Mode::sections(3, &gate)).expect("taken");
    gate.wait_for(1);
    let other = waiting(runner.task("other"), flavour, || ());
    runner.stop();
    other.join().expect("it is asked");
    gate.open();
    assert_eq!(task.join(), Ok(vec![false, false, false, true]));
    finish_stopped(runner);
}

fn a_second_stop_is_heard_of_in_all_sections_at_once<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let inside = Gate::default();
    let task = runner.spawn(flavour, F::Mode::until_heard(3, &inside)).expect("taken");
    inside.wait_for(1);
    task.stop();
    task.stop();
    assert_eq!(task.join(), Ok(true));
    finish(runner);
}

/// A59.
fn children_hear_of_nothing_while_their_parent_is_in_a_section<F: Any<Mode: Sections>>(flavour: F) {
    let runner = runner();
    let (gate, begun) = (Gate::default(), Gate::default());
    let (held, comes) = (gate.clone(), begun.clone());
    let parent = runner.task("parent").spawn(Thread, move || {
        let cx = Context::current();
        let below = cx.handle().group("below");
        let scope = below.scope_blocking(|group| {
            let child = F::Mode::until_stopped(&comes, Instant::now);
            let child = group.try_spawn(flavour, child).expect("taken");
            let over = cx.defer_stop_blocking(|| {
                held.pass_blocking();
                assert!(!child.is_finished());
                Instant::now()
            });
            let asked = child.join()?;
            anyhow::Ok(over <= asked)
        });
        scope.map_err(|error| error.to_string())
    });
    let parent = parent.expect("taken");
    begun.wait_for(1);
    gate.wait_for(1);
    parent.stop();
    heard(&runner);
    gate.open();
    assert_eq!(parent.join(), Ok(Ok(true)));
    finish(runner);
}

/// A58, A11.
fn a_second_stop_drops_a_section_that_does_not_listen_when_the_grace_is_over(lane: impl Lane) {
    let runner = runner();
    let (inside, (held, dropped)) = (Gate::default(), witness());
    let comes = inside.clone();
    let task = runner.task("deaf").grace(Duration::ZERO).spawn(lane, async move || {
        let cut = async {
            let _held = held;
            comes.come();
            pending::<()>().await;
        };
        Context::current().defer_stop(cut).await;
    });
    let task = task.expect("taken");
    inside.wait_for(1);
    task.stop();
    heard(&runner);
    assert!(dropped.try_recv().is_err() && !task.is_finished());
    task.stop();
    assert_eq!(task.join(), Err(JoinError::Stopped));
    dropped.recv().expect("dropped");
    finish(runner);
}

/// A58, A59.
fn sections_beside_each_other_count_as_one(lane: impl Lane) {
    let runner = runner();
    let (first, second) = (Gate::default(), Gate::default());
    let gates = (first.clone(), second.clone());
    let task = runner.spawn(lane, async move || {
        let cx = Context::current();
        let one = cx.defer_stop(async {
            gates.0.pass().await;
            cx.is_stopping()
        });
        let other = cx.defer_stop(async {
            gates.1.pass().await;
            cx.is_stopping()
        });
        let (one, (other, between)) = smol::future::zip(one, async {
            let other = other.await;
            (other, cx.is_stopping())
        })
        .await;
        (one, other, between, cx.is_stopping())
    });
    let task = task.expect("taken");
    second.wait_for(1);
    first.wait_for(1);
    task.stop();
    heard(&runner);
    second.open();
    runner.execute(lane, async || ()).expect("no panic");
    first.open();
    assert_eq!(task.join(), Ok((false, false, false, true)));
    finish(runner);
}

/// A59.
fn a_section_that_is_dropped_is_over(lane: impl Lane) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let task = runner.spawn(lane, async move || {
        let cx = Context::current();
        let mut section = Box::pin(cx.defer_stop(pending::<()>()));
        let begun = smol::future::poll_once(&mut section).await;
        held.pass().await;
        let before = cx.is_stopping();
        drop(section);
        (begun, before, cx.is_stopping())
    });
    let task = task.expect("taken");
    gate.wait_for(1);
    task.stop();
    heard(&runner);
    gate.open();
    assert_eq!(task.join(), Ok((None, false, true)));
    finish(runner);
}

/// A59.
fn a_section_that_panics_is_over(lane: impl Lane) {
    let runner = runner();
    for blocking in [true, false] {
        let gate = Gate::default();
        let (held, comes) = (gate.clone(), gate.clone());
        let fails = move |cx: &Context| {
            held.pass_blocking();
            assert!(cx.is_stopping(), "on purpose");
        };
        let task = if blocking {
            runner.spawn(Thread, move || {
                let cx = Context::current();
                let section = || cx.defer_stop_blocking(|| fails(&cx));
                (catch_unwind(AssertUnwindSafe(section)).is_err(), cx.is_stopping())
            })
        } else {
            let task = runner.spawn(lane, async move || {
                let cx = Context::current();
                let mut section = Box::pin(cx.defer_stop(async { fails(&cx) }));
                let mut polled = |task: &mut std::task::Context<'_>| {
                    catch_unwind(AssertUnwindSafe(|| section.as_mut().poll(task).is_ready()))
                };
                let panicked =
                    std::future::poll_fn(|task| std::task::Poll::Ready(polled(task).is_err()));
                (panicked.await, cx.is_stopping())
            });
            task.map_err(|_| unreachable!("taken"))
        };
        let task = task.unwrap_or_else(|_| unreachable!("taken"));
        comes.wait_for(1);
        task.stop();
        heard(&runner);
        gate.open();
        assert_eq!(task.join(), Ok((true, true)));
    }
    finish(runner);
}

/// A59.
fn the_grace_begins_when_the_section_is_over(lane: impl Lane) {
    let runner = runner();
    let (grace, lasts) = (LIMIT, millis(100));
    let gate = Gate::default();
    let held = gate.clone();
    let task = runner.task("late").grace(grace).spawn(lane, async move || {
        let cx = Context::current();
        let within = cx.defer_stop(async {
            held.pass().await;
            // After the stop was asked.
            cx.sleep(lasts).await.expect("not told");
            cx.time_left()
        });
        let within = within.await;
        let over = Instant::now();
        let left = cx.time_left().expect("asked");
        (within, left + over.elapsed())
    });
    let task = task.expect("taken");
    gate.wait_for(1);
    task.stop();
    heard(&runner);
    gate.open();
    let (within, left) = task.join().expect("a value");
    assert_eq!(within, None);
    assert!(left > grace - lasts && left <= grace + NOISE, "{left:?}");
    finish(runner);
}

/// Deadlines are not put off.
fn a_section_does_not_outlive_the_deadline_of_its_group(lane: impl Lane) {
    let runner = runner();
    let group = runner.group("short").grace(LIMIT).group_grace(millis(1000)).open().expect("free");
    let inside = Gate::default();
    let comes = inside.clone();
    let task = group.try_spawn(lane, async move || {
        comes.come();
        Context::current().defer_stop(pending::<()>()).await
    });
    let task = task.expect("taken");
    inside.wait_for(1);
    let asked = Instant::now();
    group.stop();
    assert_eq!(task.join(), Err(JoinError::Stopped));
    // When four fifths of the group's grace are over.
    assert!(asked.elapsed() >= millis(790) && asked.elapsed() < millis(1000) + NOISE);
    finish(runner);
}

/// As above.
fn a_section_does_not_outlive_the_deadline_of_the_runner(lane: impl Lane) {
    let runner = built(|settings| settings.grace(millis(20)).group_grace(millis(1100)));
    let inside = Gate::default();
    let comes = inside.clone();
    let task = runner.spawn(lane, async move || {
        comes.come();
        Context::current().defer_stop(pending::<()>()).await
    });
    let task = task.expect("taken");
    inside.wait_for(1);
    runner.stop();
    let report = runner.run();
    assert_eq!(task.join(), Err(JoinError::Stopped));
    assert!(report.abandoned().is_empty() && !report.is_forced(), "{report}");
    // Half-way between the grace of a task and the end of the group grace.
    assert!(report.took() >= millis(500) && report.took() < millis(1100) + NOISE, "{report}");
}

/// Nor is the limit of the task itself.
fn a_section_does_not_outlive_the_limit_of_its_task(lane: impl Lane) {
    let runner = runner();
    let task = runner
        .task("limited")
        .timeout(millis(5))
        .spawn(lane, async || Context::current().defer_stop(pending::<()>()).await);
    let outcome = task.expect("taken").join();
    assert!(matches!(outcome, Err(JoinError::TimedOut(_))), "{outcome:?}");
    finish(runner);
}
