//! Stoppers: functions that tell a task to end, brought by whoever hands it over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, JoinError, OnFailure, StopReason, TaskState};

on_each!(
    a_stop_calls_the_stopper_once_and_the_task_ends_by_itself,
    a_stop_of_the_runner_calls_the_stoppers_of_plain_tasks,
    a_task_that_ended_by_itself_has_its_stopper_dropped_and_never_called,
    a_task_that_never_begins_does_not_need_its_stopper,
    a_stop_right_after_the_start_is_never_lost,
    f073_the_panic_of_a_stopper_is_in_the_end_of_its_member,
    f073_the_error_of_a_stopper_does_not_replace_the_failure_of_its_task,
    a_refused_task_comes_back_and_its_stopper_is_not_called,
);

on_each_lane!(
    a_stopper_without_effect_leaves_the_task_its_grace,
    a_task_of_its_members_stops_them_by_their_stoppers,
);

/// How often a stopper was called.
#[derive(Clone, Default)]
struct Calling(Arc<AtomicUsize>);

impl Calling {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A stopper that opens the gate.
    fn opens(&self, gate: &Gate) -> impl FnOnce() + Send + use<> {
        let (calls, gate) = (self.clone(), gate.clone());
        move || {
            calls.0.fetch_add(1, Ordering::SeqCst);
            gate.open();
        }
    }

    /// One that does nothing.
    fn only(&self) -> impl FnOnce() + Send + use<> {
        self.opens(&Gate::default())
    }
}

fn open(handle: &Handle, name: &str) -> Group {
    handle.group(name).open().expect("the name is free")
}

/// O1, O2, O11, O16, O23, O25: the task's own result stands, and asking again calls nobody.
fn a_stop_calls_the_stopper_once_and_the_task_ends_by_itself<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "servers");
    let (gate, calls) = (Gate::default(), Calling::default());
    let served = F::Mode::after(&gate, || 42);
    let server = group.task("server").stopper(calls.opens(&gate)).try_spawn(flavour, served);
    let server = server.expect("taken");
    gate.wait_for(1);
    assert_eq!(calls.count(), 0);
    for _ in 0..3 {
        group.stop();
        server.stop();
        group.stop_all();
    }
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!(ends.len(), 1);
    assert!(ends[0].is_completed(), "{ends:?}");
    assert_eq!(server.join(), Ok(42));
    group.stop();
    finish(runner);
    assert_eq!(calls.count(), 1);
}

/// O1 for a task without a group, and with one stop for each who asks.
fn a_stop_of_the_runner_calls_the_stoppers_of_plain_tasks<F: Any>(flavour: F) {
    let runner = runner();
    let one = (Gate::default(), Calling::default());
    let all = (Gate::default(), Calling::default());
    let single = runner.task("single").stopper(one.1.opens(&one.0));
    let single = single.spawn(flavour, F::Mode::after(&one.0, || 1)).expect("taken");
    let adopted = runner.task("adopted").stopper(all.1.opens(&all.0));
    adopted.adopt(flavour, F::Mode::after(&all.0, || ())).expect("taken");
    one.0.wait_for(1);
    all.0.wait_for(1);
    single.stop();
    assert_eq!(single.join(), Ok(1));
    assert_eq!((one.1.count(), all.1.count()), (1, 0));
    runner.stop();
    finish(runner);
    assert_eq!((one.1.count(), all.1.count()), (1, 1));
}

/// O3, O7.
fn a_task_that_ended_by_itself_has_its_stopper_dropped_and_never_called<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("brief").on_failure(OnFailure::Continue).open().expect("free");
    let calls = Calling::default();
    let fails = F::Mode::payload(|| anyhow::Result::<()>::Err(anyhow::anyhow!("by itself")));
    group.task("fails").stopper(calls.only()).try_adopt(flavour, fails).expect("taken");
    let end = group.join_next().blocking().expect("no ring").expect("one has ended");
    assert!(end.to_string().ends_with("by itself"), "{end}");
    // Dropped with what it holds, before the end was told.
    assert_eq!(Arc::strong_count(&calls.0), 1);
    group.stop();
    assert!(group.join_all().blocking().expect("no ring").is_empty());
    runner.stop();
    finish(runner);
    assert_eq!(calls.count(), 0);
}

/// O19, O38: the stop is not lost, the body never runs.
fn a_task_that_never_begins_does_not_need_its_stopper<F: Any>(flavour: F) {
    let built = ServiceRunner::builder().signals(false).pool_size(1).build();
    let runner = built.expect("good settings");
    let free = Gate::default();
    let holds = free.clone();
    runner.adopt(flavour, F::Mode::payload(move || holds.pass_blocking())).expect("taken");
    free.wait_for(1);
    let group = open(&runner, "unborn");
    let calls = Calling::default();
    let never = F::Mode::payload(|| panic!("it began"));
    group.task("late").stopper(calls.only()).try_adopt(flavour, never).expect("taken");
    group.stop();
    free.open();
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!(ends[0].state(), TaskState::Stopped);
    finish(runner);
    assert_eq!((calls.count(), Arc::strong_count(&calls.0)), (0, 1));
}

/// O19, O38: whether the stop or the begin comes first, the task ends: it never begins, or is told.
fn a_stop_right_after_the_start_is_never_lost<F: Any>(flavour: F) {
    let runner = runner();
    for _ in 0..200 {
        let (gate, calls) = (Gate::default(), Calling::default());
        let server = runner.task("server").stopper(calls.opens(&gate));
        let server = server.spawn(flavour, F::Mode::after(&gate, || ())).expect("taken");
        server.stop();
        match server.join() {
            Ok(()) => assert_eq!(calls.count(), 1),
            Err(error) => {
                assert_eq!(error, JoinError::Stopped);
                assert_eq!((calls.count(), gate.count()), (0, 0));
            }
        }
    }
    finish(runner);
}

/// O4, O5, O10, O26, O27.
fn a_stopper_without_effect_leaves_the_task_its_grace(lane: impl Lane) {
    let runner = runner();
    let grace = Duration::from_millis(50);
    let group = open(&runner, "deaf");
    let (gate, calls) = (Gate::default(), Calling::default());
    let deaf = Async::after(&gate, || ());
    group.task("deaf").grace(grace).stopper(calls.only()).try_adopt(lane, deaf).expect("taken");
    gate.wait_for(1);
    let asked = Instant::now();
    group.stop();
    let ends = group.join_all().blocking().expect("no ring");
    assert!(asked.elapsed() >= grace);
    assert_eq!(ends[0].state(), TaskState::Stopped);
    assert_eq!(calls.count(), 1);
    finish(runner);
}

/// A stop that comes by way of the task above, which no group was told of.
fn a_task_of_its_members_stops_them_by_their_stoppers(lane: impl Lane) {
    let runner = runner();
    let (gate, calls) = (Gate::default(), Calling::default());
    let (served, stops) = (gate.clone(), calls.opens(&gate));
    let above = runner.spawn(lane, async move || {
        let scope = Handle::current().scope("inner", async |group| {
            let server = group.task("server").stopper(stops);
            server.adopt(Thread, move || served.pass_blocking()).await?;
            anyhow::Ok(())
        });
        scope.await.map_err(|error| error.to_string())
    });
    let above = above.expect("taken");
    gate.wait_for(1);
    above.stop();
    assert_eq!(above.join(), Ok(Ok(())));
    assert_eq!(calls.count(), 1);
    finish(runner);
}

#[test]
fn a_thread_that_blocks_in_a_scope_stops_its_members_by_their_stoppers() {
    within(LIMIT, || {
        let runner = runner();
        let (gate, calls) = (Gate::default(), Calling::default());
        let (served, stops) = (gate.clone(), calls.opens(&gate));
        let above = runner.spawn(Thread, move || {
            let scope = Handle::current().scope_blocking("inner", |group| {
                let server = group.task("server").stopper(stops);
                server.adopt_blocking(Thread, move || served.pass_blocking())?;
                anyhow::Ok(())
            });
            scope.map_err(|error| error.to_string())
        });
        let above = above.expect("taken");
        gate.wait_for(1);
        above.stop();
        assert_eq!(above.join(), Ok(Ok(())));
        assert_eq!(calls.count(), 1);
        finish(runner);
    });
}

/// O28: it holds up no other stopper, no deadline, and the report no longer than for a while.
#[test]
fn f074_a_stopper_that_hangs_holds_up_nobody_and_is_named() {
    within(LIMIT, || {
        let runner = runner();
        let group = open(&runner, "servers");
        let hung = Gate::default();
        let mut gates = Vec::new();
        for index in 0..8 {
            let (gate, hangs) = (Gate::default(), hung.clone());
            let opens = gate.clone();
            let task = group.task(format!("server-{index}")).stopper(move || {
                opens.open();
                hangs.pass_blocking();
            });
            match index % 2 {
                0 => task.try_adopt(Thread, Blocking::after(&gate, || ())).expect("taken"),
                _ => task.try_adopt(Smol, Async::after(&gate, || ())).expect("taken"),
            };
            gate.wait_for(1);
            gates.push(gate);
        }
        group.stop();
        // All of them were called though none has come back, and the members have ended.
        let ends = group.join_all().blocking().expect("no ring");
        assert!(ends.len() == 8 && ends.iter().all(spumoni::MemberEnd::is_completed), "{ends:?}");
        hung.wait_for(8);
        let report = runner.run();
        assert_eq!(report.reason(), &StopReason::Finished);
        assert_eq!((report.abandoned().len(), report.exit_code()), (8, 3), "{report}");
        assert!(report.to_string().contains("stopper of `servers/server-0` from"), "{report}");
        hung.open();
    });
}

/// O28, O32: the group's deadline fires whatever the stopper does.
#[test]
fn f074_the_deadline_of_a_group_holds_while_a_stopper_hangs() {
    within(LIMIT, || {
        let runner = runner();
        let grace = Duration::from_millis(100);
        let group = runner.group("late").group_grace(grace).open().expect("free");
        let (gate, hung) = (Gate::default(), Gate::default());
        let hangs = hung.clone();
        let stuck = group.task("stuck").stopper(move || hangs.pass_blocking());
        stuck.try_adopt(Thread, Blocking::after(&gate, || ())).expect("taken");
        let (other, calls) = (Gate::default(), Calling::default());
        let quick = group.task("quick").stopper(calls.opens(&other));
        quick.try_adopt(Thread, Blocking::after(&other, || ())).expect("taken");
        gate.wait_for(1);
        other.wait_for(1);
        let asked = Instant::now();
        group.stop();
        let ends = group.join_all().blocking().expect("no ring");
        assert!(asked.elapsed() >= grace);
        assert_eq!(ends[0].name(), Some("quick"));
        assert_eq!((ends[1].name(), ends[1].is_abandoned()), (Some("stuck"), true));
        gate.open();
        hung.open();
        until(|| runner.tree().alive() == 0);
        drop(runner.run());
    });
}

/// O30: the others are stopped, since a failing stopper is a failure of the group.
fn f073_the_panic_of_a_stopper_is_in_the_end_of_its_member<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "servers");
    let gates = [Gate::default(), Gate::default()];
    let calls = Calling::default();
    let bad = group.task("bad").stopper(|| panic!("no such server"));
    let bad = bad.try_spawn(flavour, F::Mode::after(&gates[0], || ())).expect("taken");
    let good = group.task("good").stopper(calls.opens(&gates[1]));
    good.try_adopt(flavour, F::Mode::after(&gates[1], || ())).expect("taken");
    gates.iter().for_each(|gate| gate.wait_for(1));
    bad.stop();
    let first = group.join_next().blocking().expect("no ring").expect("one ends");
    assert_eq!((first.name(), first.is_completed()), (Some("good"), true));
    assert!(group.is_stopping());
    gates[0].open();
    assert_eq!(bad.join(), Ok(()));
    let end = group.join_next().blocking().expect("no ring").expect("one ends");
    assert_eq!((end.state(), end.is_completed()), (TaskState::Completed, false));
    assert!(end.failure().is_none());
    let failure = end.stopper_failure().expect("it panicked");
    assert_eq!(failure.cause().as_panic().expect("a panic").text(), "no such server");
    assert!(failure.to_string().starts_with("stopper of `servers/bad`: panicked"), "{failure}");
    finish(runner);
}

/// O30, O35: both are there, in one end.
fn f073_the_error_of_a_stopper_does_not_replace_the_failure_of_its_task<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "servers");
    let gate = Gate::default();
    let bad = group.task("bad").stopper(|| anyhow::Result::<()>::Err(anyhow::anyhow!("refused")));
    let fails = F::Mode::after(&gate, || anyhow::Result::<()>::Err(anyhow::anyhow!("broken")));
    bad.try_adopt(flavour, fails).expect("taken");
    gate.wait_for(1);
    group.stop_all();
    until(|| group.is_stopping());
    gate.open();
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!(ends.len(), 1);
    let text = ends[0].to_string();
    assert!(text.ends_with("servers/bad`: broken; stopper of `servers/bad`: refused"), "{text}");
    finish(runner);
}

/// O30, and rule 6: what nobody holds is the runner's.
#[test]
fn f073_the_error_of_a_stopper_whose_task_has_ended_is_in_the_report() {
    within(LIMIT, || {
        let runner = runner();
        let (gate, ended) = (Gate::default(), Gate::default());
        let (opens, waits) = (gate.clone(), ended.clone());
        let server = runner.task("server").stopper(move || {
            opens.open();
            waits.pass_blocking();
            anyhow::bail!("the socket was gone")
        });
        let server = server.spawn(Tokio, Async::after(&gate, || ())).expect("taken");
        gate.wait_for(1);
        let told = ended.clone();
        let waiting = thread::spawn(move || {
            assert_eq!(server.join(), Ok(()));
            told.open();
        });
        runner.stop();
        let report = runner.run();
        waiting.join().expect("no panic");
        assert_eq!(report.failures().len(), 1, "{report}");
        let text = report.failures()[0].to_string();
        assert_eq!(text, "stopper of `server`: the socket was gone");
    });
}

fn a_refused_task_comes_back_and_its_stopper_is_not_called<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "closed");
    group.stop();
    let calls = Calling::default();
    let late = group.task("late").stopper(calls.only());
    let refused = late.try_adopt(flavour, F::Mode::payload(|| ())).expect_err("it has stopped");
    drop(refused.into_payload());
    assert_eq!((calls.count(), Arc::strong_count(&calls.0)), (0, 1));
    finish(runner);
}

/// Rule 5: the stopper finds the runner, and the spans of whoever brought it.
#[test]
fn a_stopper_finds_its_runner_on_a_thread_that_runs_no_task() {
    within(LIMIT, || {
        let runner = ServiceRunner::builder().name("named").signals(false).build();
        let runner = runner.expect("good settings");
        let (gate, told) = (Gate::default(), std::sync::mpsc::channel());
        let opens = gate.clone();
        let server = runner.task("server").stopper(move || {
            let name = thread::current().name().map(str::to_owned);
            told.0.send((name, Handle::current().is_stopping())).expect("the test listens");
            opens.open();
        });
        server.adopt(Thread, Blocking::after(&gate, || ())).expect("taken");
        gate.wait_for(1);
        runner.stop();
        finish(runner);
        assert_eq!(told.1.recv(), Ok((Some("named/stopper".to_owned()), true)));
    });
}

/// O37: nobody joins, and nothing is left of it.
#[test]
fn many_stoppers_of_a_group_that_nobody_joins_are_called_once_each() {
    within(LIMIT, || {
        let runner = runner();
        let calls = Calling::default();
        let group = open(&runner, "many");
        let begun = Gate::default();
        for index in 0..1_000 {
            let (gate, come) = (Gate::default(), begun.clone());
            let payload = {
                let gate = gate.clone();
                async move || {
                    come.come();
                    gate.pass().await;
                }
            };
            let task = group.task(index.to_string());
            task.stopper(calls.opens(&gate)).try_adopt(Smol, payload).expect("taken");
        }
        begun.wait_for(1_000);
        drop(group);
        finish(runner);
        assert_eq!(calls.count(), 1_000);
        assert_eq!(Arc::strong_count(&calls.0), 1);
    });
}
