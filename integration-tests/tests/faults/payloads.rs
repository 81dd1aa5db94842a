//! Payloads that misbehave: rows 1 to 28.

use std::future::poll_fn;
use std::hint::black_box;
use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::told::Listener;
use integration_tests::{finish, on_each, on_each_lane, runner};
use spumoni::prelude::*;

use crate::{here_on, in_child};

on_each!(
    f001_texts_of_panics_are_told_literal_and_formatted,
    f022_a_stack_that_overflows_ends_the_process_and_names_its_thread,
    f024_a_process_that_two_payloads_exit_at_once_ends_with_the_code_of_one,
    f026_a_payload_that_gets_no_memory_ends_the_process,
);

on_each_lane!(
    f017_a_lane_that_is_held_is_told_of_once_while_it_happens,
    f021_a_future_that_always_wakes_itself_leaves_the_others_their_turns,
);

fn f001_texts_of_panics_are_told_literal_and_formatted<F: Any>(flavour: F) {
    let check = |call: fn(), said: &str, line: u32| {
        let runner = runner();
        runner.task("pump").adopt(flavour, F::Mode::payload(call)).expect("taken");
        let report = runner.run_until_stopped();
        let root = report.root_cause().expect("it failed");
        let panic = root.cause().as_panic().expect("a panic");
        assert_eq!((root.task().name(), panic.text()), (Some("pump"), said));
        let place = format!("{}:{line}:", file!());
        assert!(panic.location().is_some_and(|it| it.starts_with(&place)), "{panic:?}");
    };
    check(|| panic!("the pump is dry"), "the pump is dry", line!());
    check(|| panic!("{} is dry", black_box("the sump")), "the sump is dry", line!());
}

/// Twice in a row, so that the second time is seen to be another one.
fn f017_a_lane_that_is_held_is_told_of_once_while_it_happens(lane: impl Lane) {
    const NAME: &str = "f017_a_lane_that_is_held_is_told_of_once_while_it_happens";
    let body = move || {
        let (to, told) = crossbeam_channel::unbounded();
        tracing::subscriber::set_global_default(Listener(to)).expect("the only one");
        let limit = Duration::from_millis(20);
        let built = ServiceRunner::builder().signals(false).stall_limit(limit).build();
        let runner = built.expect("good settings");
        let handle = runner.handle();
        let running = std::thread::spawn(move || runner.run_until_stopped());
        for name in ["holder", "another"] {
            let free = Gate::default();
            let holds = free.clone();
            let held = handle.task(name).spawn(lane, async move || holds.pass_blocking());
            // It is held still when this is told. A lane that other processes keep from its core is no news here.
            let line = told.iter().find(|line| line.contains(name)).expect("told");
            assert!(line.starts_with("WARN"), "{line}");
            let what = format!("the {} lane has not come back for", lane.name());
            assert!(line.contains(&what) && line.contains("faults/payloads.rs"), "{line}");
            free.open();
            held.expect("taken").join().expect("it was let go");
            let goes_on = format!("the {} lane goes on", lane.name());
            let rest: Vec<_> = told.iter().take_while(|line| !line.contains(&goes_on)).collect();
            assert!(rest.iter().all(|line| !line.contains(name)), "told twice: {rest:?}");
        }
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
    };
    let here = here_on(module_path!(), "F_lane", lane, NAME);
    in_child(&here, body, |ended| ended.assert_well());
}

/// What stands behind it in the lane comes next, and not when the first one is done: that is never.
fn f021_a_future_that_always_wakes_itself_leaves_the_others_their_turns(lane: impl Lane) {
    let built = ServiceRunner::builder().signals(false).grace(Duration::ZERO).build();
    let runner = built.expect("good settings");
    let polls = Arc::<AtomicUsize>::default();
    let counts = Arc::clone(&polls);
    let restless = move || {
        poll_fn(move |cx| {
            counts.fetch_add(1, Ordering::SeqCst);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })
    };
    runner.adopt(lane, restless).expect("taken");
    for _ in 0..100 {
        let counts = Arc::clone(&polls);
        let next = runner.spawn(lane, async move || counts.load(Ordering::SeqCst)).expect("taken");
        // Read when it has been handed over: from now on it may take no more turns than that.
        let before = polls.load(Ordering::SeqCst);
        let seen = next.join().expect("it had its turn");
        assert!(seen.saturating_sub(before) <= 1000, "{} polls before its turn", seen - before);
    }
    runner.stop();
    finish(runner);
}

fn f022_a_stack_that_overflows_ends_the_process_and_names_its_thread<F: Any>(flavour: F) {
    const NAME: &str = "f022_a_stack_that_overflows_ends_the_process_and_names_its_thread";
    fn deep(level: usize) -> usize {
        let frame = black_box([level; 64]);
        if black_box(true) { deep(level + 1) + frame[level % 64] } else { 0 }
    }
    let overflows = move || {
        let runner = runner();
        let task = runner.spawn(flavour, F::Mode::payload(|| black_box(deep(0))));
        drop(task.expect("taken").join());
    };
    in_child(&here_on(module_path!(), "on_F", flavour, NAME), overflows, move |ended| {
        ended.assert_aborted();
        let thread = match flavour.name() {
            "thread" => "spumoni/pool-",
            lane => &format!("spumoni/{lane}"),
        };
        let named = ended.errors.lines().any(|it| it.contains(thread) && it.contains("overflowed"));
        assert!(named, "{}", ended.errors);
    });
}

/// On this flavour and on a thread of the pool.
fn f024_a_process_that_two_payloads_exit_at_once_ends_with_the_code_of_one<F: Any>(flavour: F) {
    const NAME: &str = "f024_a_process_that_two_payloads_exit_at_once_ends_with_the_code_of_one";
    let exits = move || {
        let runner = runner();
        let together = Arc::new(Barrier::new(2));
        let leave = |code: i32| {
            let together = Arc::clone(&together);
            move || -> () {
                together.wait();
                exit(code)
            }
        };
        runner.adopt(flavour, F::Mode::payload(leave(3))).expect("taken");
        runner.adopt(Thread, leave(4)).expect("taken");
        drop(runner.run_until_stopped());
    };
    in_child(&here_on(module_path!(), "on_F", flavour, NAME), exits, |ended| {
        let code = ended.output.status.code();
        assert!(code == Some(3) || code == Some(4), "{}: {}", ended.output.status, ended.errors);
    });
}

fn f026_a_payload_that_gets_no_memory_ends_the_process<F: Any>(flavour: F) {
    const NAME: &str = "f026_a_payload_that_gets_no_memory_ends_the_process";
    let asks = move || {
        let runner = runner();
        // As much as may be asked for, and more than there is anywhere.
        let most = isize::MAX.unsigned_abs();
        let asks = F::Mode::payload(move || drop(black_box(Vec::<u8>::with_capacity(most))));
        drop(runner.spawn(flavour, asks).expect("taken").join());
    };
    in_child(&here_on(module_path!(), "on_F", flavour, NAME), asks, |ended| {
        ended.assert_aborted();
        assert!(ended.errors.contains("memory allocation of"), "{}", ended.errors);
    });
}
