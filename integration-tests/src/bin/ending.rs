//! Ends in the way that its first argument says, on the flavour of the second one: for exit codes, and for
//! what must not keep a process from leaving.

use std::hint::spin_loop;
use std::process::exit;
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use spumoni::{AsyncStd, ServiceRunner, Smol, StopReport, Thread, Tokio};

fn main() -> StopReport {
    let mut args = std::env::args().skip(1);
    let way = args.next().unwrap_or_default();
    match args.next().unwrap_or_default().as_str() {
        "tokio" => end(&way, Tokio),
        "smol" => end(&way, Smol),
        "async-std" => end(&way, AsyncStd),
        "thread" | "" => end(&way, Thread),
        other => {
            eprintln!("no such flavour: {other}");
            exit(2)
        }
    }
}

fn end<F: Any>(way: &str, flavour: F) -> StopReport {
    let runner = ServiceRunner::builder().signals(false).build().expect("good settings");
    match way {
        "clean" => {
            runner.adopt(flavour, F::Mode::payload(|| ())).expect("taken");
        }
        "error" => {
            let fail = F::Mode::payload(|| anyhow::bail!("the cause"));
            runner.adopt(flavour, fail).expect("taken");
        }
        "panic" => {
            let panic = F::Mode::payload(|| -> () { panic!("on purpose") });
            runner.adopt(flavour, panic).expect("taken");
        }
        "exit" => {
            let leave = F::Mode::payload(|| -> () { exit(3) });
            runner.adopt(flavour, leave).expect("taken");
        }
        "sleeping" => return stuck(runner, flavour, || thread::sleep(Duration::from_secs(6))),
        "spinning" => {
            return stuck(runner, flavour, || {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_secs(6) {
                    spin_loop();
                }
            });
        }
        "forgotten" => {
            let handle = runner.handle();
            let wait = F::Mode::after(&Gate::default(), || ());
            runner.adopt(flavour, wait).expect("taken");
            std::mem::forget(runner);
            handle.stop_now();
            exit(0)
        }
        other => {
            eprintln!("no such way: {other}");
            exit(2)
        }
    }
    runner.run()
}

/// A payload that holds its thread, asked to stop from elsewhere with a budget of half a second.
fn stuck<F: Any>(
    runner: ServiceRunner,
    flavour: F,
    hold: impl FnOnce() + Send + 'static,
) -> StopReport {
    let begun = Gate::default();
    let begins = begun.clone();
    let payload = F::Mode::payload(move || {
        begins.come();
        hold();
    });
    runner.task("holder").adopt(flavour, payload).expect("taken");
    let handle = runner.handle();
    let stopper = thread::spawn(move || {
        begun.wait_for(1);
        let asked = Instant::now();
        handle.stop_within(Duration::from_millis(500));
        drop(handle.ended_blocking());
        println!("asked to reported: {}", asked.elapsed().as_millis());
    });
    let report = runner.run_until_stopped();
    let _ = stopper.join();
    report
}
