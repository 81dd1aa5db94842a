//! Runs until it is signalled, in the way that its first argument says; prints what happens, one line
//! each, and waits for lines on its standard input where the tests are to decide when it goes on.

use std::future::pending;
use std::io::stdin;
use std::process::exit;
use std::thread;
use std::time::Duration;

use spumoni::{
    Backoff, Context, Handle, Launch, Restart, Service, ServiceRunner, ServiceState, Smol, Spec,
    StopReport, Thread, Tokio, signal,
};

const DAY: Duration = Duration::from_secs(86_400);

fn main() -> StopReport {
    let way = std::env::args().nth(1).unwrap_or_default();
    match way.as_str() {
        "plain" => plain(),
        "early" => early(),
        "unheld" => unheld(),
        "deaf" => deaf(),
        "cleaning" => cleaning(),
        "stubborn" => stubborn(),
        "slow-to-drop" => slow_to_drop(),
        "failing" => failing(),
        "two" => two(),
        "beside-tokio" => beside_tokio(),
        "stuck" => stuck(),
        "again" => again(),
        "in-init" => in_init(),
        "between" => between(),
        "in-backoff" => in_backoff(),
        "in-drain" => in_drain(),
        "in-set-restart" => in_set_restart(),
        "in-check" => in_check(),
        "in-stop" => in_stop(),
        other => {
            eprintln!("no such way: {other}");
            exit(2)
        }
    }
}

/// Waits for the next line of the test.
fn told() -> String {
    let mut line = String::new();
    let _ = stdin().read_line(&mut line);
    line.trim().to_owned()
}

/// A runner with limits that are out of the way.
fn patient() -> ServiceRunner {
    let builder = ServiceRunner::builder().grace(DAY).group_grace(DAY).stop_timeout(DAY);
    builder.build().expect("good settings")
}

/// Prints "ready" when `run` hears signals: services start after it has subscribed.
struct Ready;

impl spumoni::Service for Ready {
    const SPEC: spumoni::Spec = spumoni::Spec::new("ready", file!(), line!());

    fn launch(self) -> spumoni::Launch {
        spumoni::Launch::new(Thread, || {
            println!("ready");
            Context::current().stopped_blocking();
        })
    }
}

fn with_ready(runner: ServiceRunner) -> StopReport {
    runner.add(Ready).expect("taken");
    runner.run()
}

fn adopt_until_stopped(handle: &Handle) {
    let wait = async || Context::current().stopped().await;
    handle.adopt(Tokio, wait).expect("taken");
    handle.adopt(Smol, wait).expect("taken");
}

/// Ends when it is asked.
fn plain() -> StopReport {
    let runner = ServiceRunner::new();
    adopt_until_stopped(&runner);
    with_ready(runner)
}

/// Holds signals from its first statement on, and starts when it is told to.
fn early() -> StopReport {
    signal::hold().expect("a thread");
    println!("held");
    told();
    plain()
}

/// Holds nothing and never comes to run.
fn unheld() -> StopReport {
    println!("up");
    told();
    plain()
}

/// Leaves signals alone.
fn deaf() -> StopReport {
    let runner = ServiceRunner::builder().signals(false).build().expect("good settings");
    adopt_until_stopped(&runner);
    with_ready(runner)
}

/// Cleans up for as long as the test wants.
fn cleaning() -> StopReport {
    let runner = patient();
    let clean_up = || {
        println!("working");
        Context::current().stopped_blocking();
        println!("asked");
        println!("told {}", told());
    };
    runner.task("cleaner").adopt(Thread, clean_up).expect("taken");
    with_ready(runner)
}

/// Sees the stop and stays.
fn stubborn() -> StopReport {
    let runner = patient();
    let stay = async || {
        println!("working");
        Context::current().stopped().await;
        println!("asked");
        pending::<()>().await
    };
    runner.task("stayer").adopt(Smol, stay).expect("taken");
    with_ready(runner)
}

/// Stays, and blocks when it is dropped.
fn slow_to_drop() -> StopReport {
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            println!("dropping");
            thread::sleep(DAY);
        }
    }
    let runner = patient();
    let stay = async || {
        let _slow = Slow;
        println!("working");
        Context::current().stopped().await;
        println!("asked");
        pending::<()>().await
    };
    runner.task("stayer").adopt(Smol, stay).expect("taken");
    with_ready(runner)
}

/// Fails when it is told to, and takes its time to clean up after that.
fn failing() -> StopReport {
    let runner = patient();
    let clean_up = || {
        println!("working");
        Context::current().stopped_blocking();
        println!("asked");
        told();
    };
    let fail = || {
        told();
        anyhow::bail!("the cause")
    };
    runner.adopt(Thread, clean_up).expect("taken");
    runner.adopt(Thread, fail).expect("taken");
    with_ready(runner)
}

/// Two runners, each with a thread of its own.
fn two() -> StopReport {
    let other = ServiceRunner::builder().name("other").build().expect("good settings");
    let ended = thread::spawn(|| with_ready(other));
    let report = plain();
    println!("{}", ended.join().expect("no panic"));
    report
}

/// A payload listens to the same signal by itself.
fn beside_tokio() -> StopReport {
    let runner = ServiceRunner::new();
    let listen = async || {
        let kind = tokio::signal::unix::SignalKind::terminate();
        let mut signals = tokio::signal::unix::signal(kind).expect("a handler");
        println!("listening");
        signals.recv().await;
        println!("tokio heard it");
    };
    runner.adopt(Tokio, listen).expect("taken");
    with_ready(runner)
}

/// A payload holds its lane for 6 s, with a stop budget of 0.5 s from the signal on.
fn stuck() -> StopReport {
    let limit = Duration::from_millis(500);
    let runner = ServiceRunner::builder().stop_timeout(limit).build().expect("good settings");
    let hold = async || {
        println!("working");
        thread::sleep(Duration::from_secs(6));
    };
    runner.task("holder").adopt(Tokio, hold).expect("taken");
    with_ready(runner)
}

/// Ends by a signal, then lives on without a runner, then has a runner again.
fn again() -> StopReport {
    println!("first {}", plain().exit_code());
    told();
    plain()
}

/// A service made of a launch.
struct Made(Launch);

impl Service for Made {
    const SPEC: Spec = Spec::new("made", file!(), line!());

    fn launch(self) -> Launch {
        self.0
    }
}

/// Says that it begins, stays until it is asked, and says that it ends.
fn staying(name: &'static str) -> Launch {
    Launch::repeat(Thread, move || {
        println!("+{name}");
        Context::current().stopped_blocking();
        println!("-{name}");
    })
}

/// One service stands in its initialisation, which listens, and another waits for its end.
fn in_init() -> StopReport {
    let runner = patient();
    let init = async || {
        println!("initialising");
        Context::current().stopped().await;
    };
    let slow = Launch::repeat(Smol, async || println!("never")).init(Tokio, init);
    runner.service(Made(slow)).name("slow").add().expect("taken");
    runner.service(Made(staying("other"))).name("other").add().expect("taken");
    runner.run()
}

/// One service runs and is not ready, and another waits for that.
fn between() -> StopReport {
    let runner = patient();
    runner.service(Made(staying("store"))).name("store").notify().add().expect("taken");
    let http = runner.service(Made(staying("http"))).name("http").after(["store"]);
    http.add().expect("taken");
    runner.run()
}

/// One service has failed and is to be restarted in a day.
fn in_backoff() -> StopReport {
    let runner = patient();
    runner.service(Made(staying("store"))).name("store").add().expect("taken");
    let fails = Launch::repeat(Smol, async || Err::<(), _>(anyhow::anyhow!("once")));
    let fails = runner.service(Made(fails)).name("fails").restart(Restart::Always);
    fails.backoff(Backoff::new(DAY, DAY)).add().expect("taken");
    let handle = runner.handle();
    thread::spawn(move || {
        let there = handle.services_until_blocking(DAY, |list| {
            list.get("fails").is_some_and(|one| one.state() == ServiceState::Backoff)
                && list.get("store").is_some_and(|one| one.state() == ServiceState::Running)
        });
        println!("backoff {}", there.is_some());
    });
    runner.run()
}

/// One that others need stands as not ready for a while, when a stop is asked.
fn in_drain() -> StopReport {
    let runner = patient();
    runner.service(Made(staying("store"))).name("store").add().expect("taken");
    let http = runner.service(Made(staying("http"))).name("http").after(["store"]);
    http.drain(DAY).add().expect("taken");
    let handle = runner.handle();
    thread::spawn(move || {
        let drained = handle.services_until_blocking(DAY, |list| {
            list.get("http").is_some_and(|one| one.state() == ServiceState::Stopping)
        });
        println!("drained {}", drained.is_some());
    });
    runner.run()
}

/// A set is to be restarted in a day: one of its services has failed, the other is gone.
fn in_set_restart() -> StopReport {
    let runner = patient();
    runner.service_set("ingest").backoff(Backoff::new(DAY, DAY)).add().expect("new");
    let beside = runner.service(Made(staying("beside"))).name("beside");
    beside.set("ingest").add().expect("taken");
    let fails = Launch::repeat(Smol, async || Err::<(), _>(anyhow::anyhow!("once")));
    let fails = runner.service(Made(fails)).name("fails").set("ingest").after(["beside"]);
    fails.add().expect("taken");
    let handle = runner.handle();
    thread::spawn(move || {
        let down = handle.services_until_blocking(DAY, |list| {
            list.set("ingest").is_some_and(|set| set.is_restarting())
                && list.get("beside").is_some_and(|one| one.state() == ServiceState::Terminated)
        });
        println!("down {}", down.is_some());
    });
    runner.run()
}

/// A health check holds its thread.
fn in_check() -> StopReport {
    let runner = patient();
    let checked = staying("store").health(Thread, || {
        println!("checked");
        loop {
            thread::park();
        }
    });
    let store = runner.service(Made(checked)).name("store");
    store
        .health_timeout(Duration::from_millis(100))
        .health_failures(u32::MAX)
        .add()
        .expect("taken");
    let handle = runner.handle();
    thread::spawn(move || {
        let bad = handle.services_until_blocking(DAY, |list| {
            list.get("store").is_some_and(|one| one.unhealthy().is_some())
        });
        println!("unhealthy {}", bad.is_some());
    });
    runner.run()
}

/// A service that others need waits for one that does not end.
fn in_stop() -> StopReport {
    let runner = patient();
    runner.service(Made(staying("store"))).name("store").add().expect("taken");
    let deaf = Launch::repeat(Smol, async || {
        println!("+deaf");
        Context::current().stopped().await;
        println!("asked");
        pending::<()>().await
    });
    runner.service(Made(deaf)).name("deaf").after(["store"]).add().expect("taken");
    runner.run()
}
