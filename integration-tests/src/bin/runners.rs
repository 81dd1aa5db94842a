//! Makes runners in the ways that it is told, line by line, and tells which threads and how many
//! descriptors the process has.

use std::fs::read_dir;
use std::io::stdin;
use std::thread;

use integration_tests::each::{Any, Lane};
use integration_tests::fake::Fake;
use integration_tests::{finish, runner};
use spumoni::{AsyncStd, Handle, Smol, Thread, Tokio};

fn main() {
    for line in stdin().lines().map_while(Result::ok) {
        match line.as_str() {
            "one after the other" => (0..10).for_each(|_| live()),
            "at once" => at_once(),
            "inside" => inside(),
            "dropped" => dropped(),
            "failed" => failed(),
            "threads" => {
                println!("{}", threads().join(", "));
                continue;
            }
            "descriptors" => {
                println!("{}", entries("/proc/self/fd"));
                continue;
            }
            other => panic!("no such way: {other}"),
        }
        println!("done");
    }
}

/// The names of all threads but this one, sorted.
fn threads() -> Vec<String> {
    let tasks = read_dir("/proc/self/task").expect("of linux");
    let mut names: Vec<String> = tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    let this = names.iter().position(|name| name == "runners");
    names.remove(this.expect("the main thread"));
    names.sort();
    names
}

fn entries(folder: &str) -> usize {
    read_dir(folder).expect("of linux").count()
}

/// A runner that uses every flavour, timers and all.
fn live() {
    let runner = runner();
    use_all(&runner);
    finish(runner);
}

fn use_all(handle: &Handle) {
    use_lane(handle, Tokio);
    use_lane(handle, Smol);
    use_lane(handle, AsyncStd);
    use_lane(handle, Fake);
    let jobs = (0..4).map(|_| handle.spawn(Thread, || ()).expect("taken"));
    for job in jobs.collect::<Vec<_>>() {
        job.join().expect("an answer");
    }
}

fn use_lane<F: Lane + Any>(handle: &Handle, lane: F) {
    let moment = std::time::Duration::from_micros(10);
    let sleep = async move || spumoni::Context::current().sleep(moment).await;
    let slept = handle.execute(lane, sleep).expect("an answer");
    assert!(slept.is_ok(), "nobody asked {}", lane.name());
}

fn at_once() {
    let all: Vec<_> = (0..10).map(|_| thread::spawn(live)).collect();
    for one in all {
        one.join().expect("no panic");
    }
}

/// A runner inside a lane of another, on each lane, and one inside a pool thread.
fn inside() {
    let outer = runner();
    outer.execute(Tokio, async || live()).expect("an answer");
    outer.execute(Smol, async || live()).expect("an answer");
    outer.execute(AsyncStd, async || live()).expect("an answer");
    outer.spawn(Thread, live).expect("taken").join().expect("an answer");
    outer.execute(Thread, live).expect("an answer");
    finish(outer);
}

/// Dropped with work left, and waited for elsewhere.
fn dropped() {
    for _ in 0..10 {
        let runner = runner();
        use_all(&runner);
        let handle = runner.handle();
        let wait = async || spumoni::Context::current().stopped().await;
        runner.adopt(Smol, wait).expect("taken");
        drop(runner);
        drop(handle.ended_blocking());
    }
}

fn failed() {
    for _ in 0..10 {
        let runner = runner();
        use_all(&runner);
        let fail = async || anyhow::bail!("on purpose");
        runner.adopt(Tokio, fail).expect("taken");
        assert_eq!(runner.run_until_stopped().exit_code(), 1);
    }
}
