//! No more threads, no more descriptors, no more memory; settings at their edges: rows 43 and 110 to 118.

use std::fs::{self, File, read_dir};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use rustix::process::{Resource, Rlimit, Signal, getpid, getrlimit, kill_process, setrlimit};
use spumoni::prelude::*;
use spumoni::{Async, BuildError, JoinError, Reason, StopReason};

use crate::{as_somebody, here, here_on, in_child};

on_each!(
    f112_whatever_number_of_descriptors_is_left_a_flavour_works_or_says_what_is_missing,
    f117_stacks_of_no_size_are_the_usual_ones_and_absurd_ones_are_refused,
);

/// As much as there may be.
const ALL: u64 = u64::MAX;

/// Sets a limit of this process, so that it can be set higher again.
fn limit(resource: Resource, most: u64) {
    let maximum = getrlimit(resource).maximum;
    let current = maximum.map_or(Some(most), |maximum| Some(most.min(maximum)));
    setrlimit(resource, Rlimit { current: current.filter(|most| *most < ALL), maximum })
        .expect("no more than may be");
}

/// From now on there may be so many threads more. The process has a user of its own.
fn allow_threads(more: usize) {
    limit(Resource::Nproc, (entries("/proc/self/task") + more) as u64);
}

/// From now on there may be so many descriptors more.
fn allow_descriptors(more: usize) {
    // The limit is for their numbers, of which those that are free are taken first.
    let is_free = |number: &u64| fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_err();
    let past = (0..).filter(is_free).nth(more);
    limit(Resource::Nofile, past.expect("numbers do not end"));
}

fn entries(folder: &str) -> usize {
    read_dir(folder).expect("of linux").count()
}

/// The threads of this process but those that stay for good once async-io or async-std were used.
fn threads() -> usize {
    let tasks = read_dir("/proc/self/task").expect("of linux").flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| !name.starts_with("async-")).count()
}

/// A number out of `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("of linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    let number = line.trim_start_matches(':').split_whitespace().next();
    number.and_then(|number| number.parse().ok()).expect("a number")
}

/// One payload that gets its turn, or why it was refused: it comes back, and is whole.
fn one<F: Any>(runner: &Handle, flavour: F) -> Result<(), String> {
    let outcome = runner.spawn(flavour, F::Mode::payload(|| 7));
    let refused = match outcome {
        Ok(task) => {
            assert_eq!(task.join(), Ok(7));
            return Ok(());
        }
        Err(refused) => refused,
    };
    let text = refused.to_string();
    let other = integration_tests::runner();
    limit(Resource::Nproc, ALL);
    let task = other.spawn(flavour, refused.into_payload()).expect("there is room now");
    assert_eq!(task.join(), Ok(7));
    finish(other);
    Err(text)
}

/// Whether one payload gets its turn. If its lane breaks it is stopped, or refused because the runner stops.
fn answers<F: Any>(runner: &Handle, flavour: F) -> bool {
    let Ok(task) = runner.spawn(flavour, F::Mode::payload(|| 7)) else { return false };
    match task.join() {
        Ok(seven) => seven == 7,
        Err(error) => {
            assert_eq!(error, JoinError::Stopped);
            false
        }
    }
}

/// Whatever has to be there once for the process is there. Gives how many threads there are beside.
fn warm() -> usize {
    let before = threads();
    let runner = runner();
    one(&runner, Tokio).expect("an answer");
    one(&runner, Smol).expect("an answer");
    one(&runner, AsyncStd).expect("an answer");
    one(&runner, Thread).expect("an answer");
    finish(runner);
    // What is about to go counts as well, for the limit too.
    until(|| threads() == before);
    before
}

// -- threads

/// Each of four threads in turn is the one that is refused; the ones before it work, and so does the one itself
/// when it is asked for again.
#[test]
fn f110_whichever_thread_is_refused_the_others_work_and_nothing_is_left() {
    const NAME: &str = "f110_whichever_thread_is_refused_the_others_work_and_nothing_is_left";
    as_somebody(&here(module_path!(), NAME), || {
        let before = warm();
        for room in 0..=4 {
            let runner = runner();
            allow_threads(room);
            refused_when(room == 0, &runner, Tokio);
            refused_when(room == 1, &runner, Smol);
            refused_when(room == 2, &runner, AsyncStd);
            refused_when(room == 3, &runner, Thread);
            limit(Resource::Nproc, ALL);
            finish(runner);
            until(|| threads() == before);
        }
    });
}

/// One payload, refused or not, and one more for which there is room.
fn refused_when<F: Any>(no_room: bool, runner: &Handle, flavour: F) {
    let outcome = one(runner, flavour);
    if no_room {
        let text = outcome.expect_err("there is no thread for it");
        let what = format!("the {} flavour could not be started", flavour.name());
        assert!(text.contains(&what) && text.contains("os error 11"), "{text}");
        assert_eq!(one(runner, flavour), Ok(()));
    } else {
        assert_eq!(outcome, Ok(()));
    }
}

/// Without a thread for the controller a stop waits for `run`, whose thread becomes the controller, and a drop does
/// the work itself. A stopper that cannot be called is a failure that says so.
#[test]
fn f110_without_one_more_thread_a_runner_stops_still() {
    const NAME: &str = "f110_without_one_more_thread_a_runner_stops_still";
    as_somebody(&here(module_path!(), NAME), || {
        let before = warm();
        let begun = || {
            let (runner, gate) = (runner(), Gate::default());
            runner.adopt(Smol, Async::until_stopped(&gate, || ())).expect("taken");
            gate.wait_for(1);
            runner
        };
        let stopped = begun();
        allow_threads(0);
        stopped.stop();
        let report = stopped.run();
        assert!(report.is_clean(), "{report}");
        limit(Resource::Nproc, ALL);
        until(|| threads() == before);

        let dropped = begun();
        let handle = dropped.handle();
        allow_threads(0);
        drop(dropped);
        assert_eq!(handle.ended_blocking().reason(), &StopReason::Dropped);
        limit(Resource::Nproc, ALL);
        until(|| threads() == before);

        let (mute, gate) = (runner(), Gate::default());
        let task = mute.task("mute").stopper(|| unreachable!("on which thread?"));
        task.adopt(Smol, Async::until_stopped(&gate, || ())).expect("taken");
        gate.wait_for(1);
        allow_threads(0);
        mute.stop();
        let report = mute.run();
        let [failure] = report.failures() else { panic!("{report}") };
        assert!(failure.to_string().contains("no thread to call it on"), "{report}");
        limit(Resource::Nproc, ALL);
        until(|| threads() == before);
    });
}

/// async-io and async-std make threads of their own when they are first used. Where those are refused the lane
/// fails with what the system said, and the next runner may try again: nothing aborts, nothing is broken for good.
#[test]
fn f110_a_lane_whose_runtime_gets_no_thread_fails_and_the_next_runner_tries_again() {
    const NAME: &str =
        "f110_a_lane_whose_runtime_gets_no_thread_fails_and_the_next_runner_tries_again";
    fn fails<F: Any>(flavour: F, room: usize) {
        let before = threads();
        let runner = runner();
        allow_threads(room);
        assert!(!answers(&runner, flavour), "there is no thread for its runtime");
        let report = runner.run_until_stopped();
        limit(Resource::Nproc, ALL);
        assert_eq!((report.reason(), report.exit_code()), (&StopReason::Failure, 1));
        let text = report.to_string();
        let lane = format!("`the {} lane`: its executor broke:", flavour.name());
        assert!(text.contains(&lane) && text.contains("os error 11"), "{text}");
        until(|| threads() == before);
    }
    fn works<F: Any>(flavour: F) {
        let before = threads();
        let runner = runner();
        assert_eq!(one(&runner, flavour), Ok(()));
        finish(runner);
        until(|| threads() == before);
    }
    as_somebody(&here(module_path!(), NAME), || {
        // The lane's own thread, and none for async-io.
        fails(Smol, 1);
        fails(AsyncStd, 1);
        works(Smol);
        // Some, and not all, of those of async-std.
        fails(AsyncStd, 1);
        works(AsyncStd);
    });
}

/// There is one thread, and there will be no second one: jobs wait for their turn, and waiting costs nothing.
#[test]
fn f111_a_pool_that_cannot_grow_does_its_jobs_one_by_one_without_spinning() {
    const NAME: &str = "f111_a_pool_that_cannot_grow_does_its_jobs_one_by_one_without_spinning";
    const JOBS: usize = 100;
    const HELD: Duration = Duration::from_millis(500);
    as_somebody(&here(module_path!(), NAME), || {
        let runner = runner();
        allow_threads(1);
        let done = Arc::<AtomicUsize>::default();
        let begun = Gate::default();
        let come = begun.clone();
        let held = runner.spawn(Thread, move || {
            come.come();
            Context::current().sleep_blocking(HELD)
        });
        let held = held.expect("there is one thread");
        begun.wait_for(1);
        let (worked, begin) = (worked(), Instant::now());
        for _ in 0..JOBS {
            let done = Arc::clone(&done);
            let job = move || {
                done.fetch_add(1, Ordering::SeqCst);
            };
            runner.adopt(Thread, job).expect("there is one thread");
        }
        assert_eq!(held.join(), Ok(Ok(())));
        let (worked, took) = (self::worked() - worked, begin.elapsed());
        // A loop would have a core for itself.
        assert!(worked < took / 4, "worked for {worked:?} of {took:?}");
        until(|| done.load(Ordering::SeqCst) == JOBS);
        // There are threads again: it grows with the next job.
        limit(Resource::Nproc, ALL);
        let (there, here) = mpsc::channel();
        let waits = runner.spawn(Thread, move || here.recv().is_ok()).expect("taken");
        runner.adopt(Thread, move || there.send(()).map_err(anyhow::Error::new)).expect("taken");
        assert_eq!(waits.join(), Ok(true));
        finish(runner);
    });
}

/// The only thread there is waits for a job that has none. When there are threads again nobody hands anything
/// over, and no job ends: it is the runner that tries again.
#[test]
fn f111_a_pool_whose_threads_all_wait_grows_as_soon_as_there_are_threads_again() {
    const NAME: &str =
        "f111_a_pool_whose_threads_all_wait_grows_as_soon_as_there_are_threads_again";
    as_somebody(&here(module_path!(), NAME), || {
        let runner = runner();
        let handle = runner.handle();
        let begun = Gate::default();
        let (inner, come) = (handle.clone(), begun.clone());
        let running = thread::spawn(move || runner.run_until_stopped());
        // The watcher of the pool rests for seconds before it goes: this pool never has one.
        allow_threads(1);
        let outer = handle.spawn(Thread, move || {
            let (to, from) = mpsc::channel();
            let send = move || to.send(7).map_err(anyhow::Error::new);
            inner.adopt(Thread, send).expect("there is one thread");
            come.come();
            // A wait that nobody sees.
            from.recv()
        });
        begun.wait_for(1);
        limit(Resource::Nproc, ALL);
        assert_eq!(outer.expect("taken").join(), Ok(Ok(7)));
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
    });
}

/// The time for which this process has had a core.
fn worked() -> Duration {
    // Nanoseconds of all threads that live.
    let tasks = read_dir("/proc/self/task").expect("of linux").flatten();
    let spent = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    let spent = spent.filter_map(|line| line.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(spent.sum())
}

// -- descriptors

/// From none to more than enough, in a process that has used nothing yet.
fn f112_whatever_number_of_descriptors_is_left_a_flavour_works_or_says_what_is_missing<F: Any>(
    flavour: F,
) {
    const NAME: &str =
        "f112_whatever_number_of_descriptors_is_left_a_flavour_works_or_says_what_is_missing";
    const ENOUGH: usize = 12;
    let body = move || {
        let before = threads();
        for room in 0..=ENOUGH {
            let runner = runner();
            allow_descriptors(room);
            let works = answers(&runner, flavour);
            limit(Resource::Nofile, ALL);
            runner.stop();
            let report = runner.run();
            if works {
                assert!(report.is_clean(), "room for {room}: {report}");
            } else {
                assert_ne!(flavour.name(), "thread", "it needs none");
                assert_ne!(room, ENOUGH, "{report}");
                let text = report.to_string();
                let lane = format!("`the {} lane`: its executor broke:", flavour.name());
                assert!(text.contains(&lane), "room for {room}: {text}");
                assert!(text.contains("Too many open files"), "room for {room}: {text}");
            }
            until(|| threads() == before);
        }
    };
    in_child(&here_on(module_path!(), "on_F", flavour, NAME), body, |ended| ended.assert_well());
}

/// The user's calls fail, and their errors are the user's. What we need is there already.
#[test]
fn f114_without_descriptors_payloads_get_their_errors_and_lanes_stops_and_signals_go_on() {
    const NAME: &str =
        "f114_without_descriptors_payloads_get_their_errors_and_lanes_stops_and_signals_go_on";
    fn fails<F: Any>(runner: &Handle, flavour: F) {
        let opens = F::Mode::payload(|| File::open("/dev/null").map(drop));
        let error: io::Error = runner
            .spawn(flavour, opens)
            .expect("taken")
            .join()
            .expect("no panic")
            .expect_err("there is none");
        assert_eq!(error.raw_os_error(), Some(24), "{error}");
    }
    let body = || {
        let runner = ServiceRunner::new();
        let (handle, gate) = (runner.handle(), Gate::default());
        let running = thread::spawn(move || runner.run_until_stopped());
        handle.adopt(Tokio, Async::until_stopped(&gate, || ())).expect("taken");
        handle.adopt(Smol, Async::until_stopped(&gate, || ())).expect("taken");
        handle.adopt(AsyncStd, Async::until_stopped(&gate, || ())).expect("taken");
        one(&handle, Thread).expect("an answer");
        gate.wait_for(3);
        // The first of two signals is heard, so its handler is there.
        let caught = || fs::read_to_string("/proc/self/status").expect("of linux");
        let is_caught = |status: String| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            mask.expect("a mask") >> (Signal::TERM.as_raw() - 1) & 1 == 1
        };
        until(|| is_caught(caught()));
        allow_descriptors(0);
        for _ in 0..3 {
            fails(&handle, Tokio);
            fails(&handle, Smol);
            fails(&handle, AsyncStd);
            fails(&handle, Thread);
        }
        let moment = Duration::from_millis(2);
        let slept = handle.execute(Tokio, async move || Context::current().sleep(moment).await);
        assert_eq!(slept.expect("an answer"), Ok(()));
        let slept = handle.execute(Smol, async move || Context::current().sleep(moment).await);
        assert_eq!(slept.expect("an answer"), Ok(()));
        kill_process(getpid(), Signal::TERM).expect("it is our own");
        let report = running.join().expect("no panic");
        limit(Resource::Nofile, ALL);
        assert!(report.is_clean(), "{report}");
        assert!(matches!(report.reason(), StopReason::Signal(_)), "{report}");
    };
    in_child(&here(module_path!(), NAME), body, |ended| ended.assert_well());
}

// -- memory

/// Payloads that never end are handed over until there is no room for one more.
#[test]
fn f115_no_memory_for_one_more_task_ends_the_process() {
    const NAME: &str = "f115_no_memory_for_one_more_task_ends_the_process";
    const ROOM: u64 = 64 << 20;
    let body = || {
        let runner = runner();
        one(&runner, Tokio).expect("an answer");
        limit(Resource::As, (status("VmSize") << 10) + ROOM);
        loop {
            let kept = [1_u8; 4096];
            let payload = async move || {
                std::future::pending::<()>().await;
                black_box(kept);
            };
            runner.adopt(Tokio, payload).expect("taken");
        }
    };
    in_child(&here(module_path!(), NAME), body, |ended| {
        ended.assert_aborted();
        assert!(ended.errors.contains("memory allocation of"), "{}", ended.errors);
    });
}

// -- settings

fn f117_stacks_of_no_size_are_the_usual_ones_and_absurd_ones_are_refused<F: Any>(flavour: F) {
    let built = |bytes| {
        let built = ServiceRunner::builder().signals(false).stack_size(bytes).build();
        built.expect("it is tried when a thread is made")
    };
    let usual = built(0);
    assert_eq!(one(&usual, flavour), Ok(()));
    finish(usual);
    for absurd in [1 << 50, usize::MAX] {
        let runner = built(absurd);
        let refused = runner.spawn(flavour, F::Mode::payload(|| 7)).expect_err("no such stack");
        assert!(matches!(refused.reason(), Reason::NoThread { .. }), "{refused}");
        let (text, name) = (refused.to_string(), flavour.name());
        assert!(text.contains(&format!("the {name} flavour could not be started")), "{text}");
        let other = integration_tests::runner();
        assert_eq!(other.spawn(flavour, refused.into_payload()).expect("taken").join(), Ok(7));
        finish(other);
        // It cannot have a controller of its own either: `run` is one.
        runner.stop();
        assert!(runner.run().is_clean());
    }
}

/// The pool's size at its edges, and names of runners.
#[test]
fn f043_f118_settings_at_their_edges_are_refused_or_work() {
    within(LIMIT, || {
        let builder = || ServiceRunner::builder().signals(false);
        let refused = builder().pool_size(0).build().expect_err("nothing would ever run");
        let BuildError::BadConfig { setting, why } = &refused else { panic!("{refused}") };
        assert_eq!(*setting, "pool_size");
        assert!(why.contains("at least 1"), "{why}");
        for size in [1, usize::MAX] {
            let runner = builder().pool_size(size).build().expect("that is a pool");
            let tasks = (0..10).map(|number| runner.spawn(Thread, move || number));
            let tasks: Vec<_> = tasks.map(|task| task.expect("taken")).collect();
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.join(), Ok(number));
            }
            finish(runner);
        }
        for bad in ["", "line\nbreak", "nul\0", &"x".repeat(256)] {
            let refused = builder().name(bad).build().expect_err("no name");
            assert!(refused.to_string().contains("`name`"), "{refused}");
        }
        let refused = builder().stall_limit(Duration::ZERO).build().expect_err("always late");
        assert!(refused.to_string().contains("`stall_limit`"), "{refused}");
        // The kernel keeps 15 bytes of that, which end within a sign.
        let runner = builder().name("gefährlich, gefährlich").build().expect("a name");
        let thread = runner.execute(Smol, async || thread::current().name().map(str::to_owned));
        assert_eq!(thread.expect("an answer").as_deref(), Some("gefährlich, gefährlich/smol"));
        finish(runner);
    });
}
