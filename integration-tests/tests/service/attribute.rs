//! The arguments of the attribute do what the builder does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, runner, within};
use spumoni::prelude::*;
use spumoni::{Backoff, ServiceState, Skip, StopReason};

use crate::{Trace, reach};

/// Opened before anything starts, shared with those that depend on it.
struct Store {
    trace: Trace,
    fails: AtomicUsize,
}

#[service(
    flavour = "thread",
    notify,
    init = Self::open,
    on_stop = Self::close,
    restart = "on-failure",
    backoff = "1ms..4ms",
    intensity = "5 in 60s",
    strategy = "rest",
    grace = "30s",
    start_timeout = "30s",
    init_timeout = "30s"
)]
impl Store {
    fn open(&self) -> anyhow::Result<()> {
        self.trace.note(format!("open:{}", Context::current().name()));
        Ok(())
    }

    fn close(&self) {
        self.trace.note("close");
    }

    fn run(&self, cx: &Context) -> anyhow::Result<()> {
        self.trace.note("+store");
        if self.fails.fetch_sub(1, Ordering::SeqCst) > 1 {
            anyhow::bail!("not yet");
        }
        cx.ready();
        cx.stopped_blocking();
        Ok(())
    }
}

struct Http(Trace);

#[service(flavour = "tokio", after = [Store], on_exit = "fail", drain = "1ms")]
impl Http {
    async fn run(&self, cx: Context) {
        let store = cx.service::<Store>().expect("it is ready");
        store.trace.note("+http");
        cx.stopped().await;
        self.0.note("-http");
    }
}

/// By type and by name; the instance is there; the first runs fail.
#[test]
fn a_service_with_everything_starts_in_its_place_is_restarted_and_shared() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        runner.add(Http(trace.clone())).expect("taken");
        let store = Store { trace: trace.clone(), fails: AtomicUsize::new(3) };
        runner.add(store).expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "http", ServiceState::Running);
        assert_eq!(handle.services().get("store").map(|one| one.restarts()), Some(2));
        handle.stop();
        let report = running.join().expect("no panic");
        assert!(report.is_clean(), "{report}");
        let text = trace.text();
        assert_eq!(text, "open:store +store +store +store +http -http close");
    });
}

struct Worker {
    gate: Gate,
    ready: AtomicUsize,
}

#[service(flavour = "thread", workers = 3, worker_init = Self::prepare)]
impl Worker {
    fn prepare(&self) -> anyhow::Result<()> {
        self.ready.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn run(&self, cx: &Context) {
        assert!(self.ready.load(Ordering::SeqCst) > 0);
        self.gate.come();
        cx.stopped_blocking();
    }
}

/// S16, S20: what each worker does first, it does on its own thread.
#[test]
fn each_of_several_workers_is_initialised_and_runs() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        runner.add(Worker { gate: gate.clone(), ready: AtomicUsize::new(0) }).expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        gate.wait_for(3);
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
    });
}

struct Beat {
    beats: usize,
    gate: Gate,
}

#[service(flavour = "smol", every = "1ms", transient)]
impl Beat {
    async fn run(&mut self) {
        self.beats += 1;
        self.gate.come();
    }
}

#[service(flavour = "thread", every = "1ms")]
impl Counter {
    fn run(&self) -> anyhow::Result<()> {
        self.0.come();
        anyhow::ensure!(self.0.count() < 3, "three are enough");
        Ok(())
    }
}

struct Counter(Gate);

/// S11, S13: at once and again and again; an error ends it.
#[test]
fn a_service_with_an_interval_is_called_again_and_again_until_it_fails() {
    within(LIMIT, || {
        let (runner, beats, counts) = (runner(), Gate::default(), Gate::default());
        runner.add(Beat { beats: 0, gate: beats.clone() }).expect("taken");
        runner.add(Counter(counts.clone())).expect("taken");
        let report = runner.run();
        assert_eq!(counts.count(), 3);
        assert!(report.to_string().contains("three are enough"), "{report}");
        assert_eq!(report.root_cause().and_then(|one| one.task().name()), Some("counter"));
    });
}

struct Pool(Trace);

#[service(flavour = "smol", idle, init = Self::fill, on_stop = Self::empty, phase = -1)]
impl Pool {
    async fn fill(&self) {
        self.0.note("fill");
    }

    fn empty(&self) {
        self.0.note("empty");
    }
}

struct Migrate(Trace);

#[service(flavour = "thread", oneshot, after = ["pool"])]
impl Migrate {
    fn run(self) {
        assert!(Context::current().service::<Pool>().is_ok());
        self.0.note("migrate");
    }
}

struct Bus;

#[service(flavour = "tokio", init = Self::look)]
impl Bus {
    async fn look(&self) -> anyhow::Result<()> {
        Err(Skip::because("no bus").into())
    }

    async fn run(&self) {
        unreachable!("it was skipped")
    }
}

struct Last(Trace, Duration);

#[service(flavour = "async-std", after = [Migrate, Bus], on_failure = "ignore")]
impl Last {
    async fn run(&mut self, cx: &Context) -> anyhow::Result<()> {
        self.0.note("last");
        cx.sleep(self.1).await?;
        Ok(())
    }
}

/// S79.
#[test]
fn units_oneshots_and_skipped_ones_stand_in_one_order() {
    within(LIMIT, || {
        let (runner, trace) = (runner(), Trace::default());
        runner.add(Last(trace.clone(), Duration::from_millis(1))).expect("taken");
        runner.add(Bus).expect("taken");
        runner.add(Migrate(trace.clone())).expect("taken");
        runner.add(Pool(trace.clone())).expect("taken");
        let report = runner.run();
        assert_eq!(report.reason(), &StopReason::ServiceEnded { name: "last".into() });
        assert!(report.is_clean(), "{report}");
        assert_eq!(trace.text(), "fill migrate last empty");
    });
}

/// What is restarted keeps its state, also where `run` takes it as `&mut self`.
#[test]
fn a_restarted_service_goes_on_with_what_it_had() {
    struct Tries(Arc<AtomicUsize>, usize);

    #[service(flavour = "tokio", restart = "always", backoff = "0s")]
    impl Tries {
        async fn run(&mut self, cx: &Context) {
            self.1 += 1;
            self.0.store(self.1, Ordering::SeqCst);
            if self.1 == 4 {
                cx.handle().stop();
            }
        }
    }

    within(LIMIT, || {
        let (runner, tries) = (runner(), Arc::new(AtomicUsize::new(0)));
        runner.add(Tries(Arc::clone(&tries), 0)).expect("taken");
        assert!(runner.run().is_clean());
        assert_eq!(tries.load(Ordering::SeqCst), 4);
    });
}

/// Well until it is told otherwise.
struct Mirror(Gate);

#[service(
    flavour = "smol",
    health = Self::check,
    health_every = "1ms",
    health_timeout = "60s",
    health_failures = 2
)]
impl Mirror {
    async fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.0.is_open(), "the other side is gone");
        self.0.come();
        Ok(())
    }

    async fn run(&self, cx: Context) {
        cx.stopped().await;
    }
}

/// Fault 97, by the attribute.
#[test]
fn a_service_is_checked_by_what_the_attribute_names() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        runner.add(Mirror(gate.clone())).expect("taken");
        let running = thread::spawn(move || runner.run());
        gate.wait_for(3);
        gate.open();
        let report = running.join().expect("no panic");
        assert_eq!(report.reason(), &StopReason::Failure);
        let text = report.to_string();
        assert!(text.contains("its health check failed 2 times in a row"), "{text}");
        assert!(text.contains("the other side is gone"), "{text}");
    });
}

/// Fails in its first run, and is restarted with its set.
struct Parser(AtomicUsize);

#[service(flavour = "async-std", set = "ingest")]
impl Parser {
    async fn run(&self, cx: Context) -> anyhow::Result<()> {
        anyhow::ensure!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "the first run");
        cx.stopped().await;
        Ok(())
    }
}

#[test]
fn a_service_is_in_the_set_that_the_attribute_names() {
    within(LIMIT, || {
        let runner = runner();
        let pause = Duration::from_millis(1);
        runner.service_set("ingest").backoff(Backoff::new(pause, pause)).add().expect("taken");
        runner.add(Parser(AtomicUsize::new(0))).expect("taken");
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        let again = handle.services_until_blocking(LIMIT, |list| {
            list.set("ingest").is_some_and(|set| set.restarts() == 1)
                && list.get("parser").is_some_and(|one| one.state() == ServiceState::Running)
        });
        assert!(again.is_some(), "{}", handle.services());
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
    });
}

struct LoadSampler;

#[service(flavour = "thread")]
impl LoadSampler {
    fn run(&self) {}
}

struct Other;

#[service(flavour = "thread", name = "load")]
impl Other {
    fn run(&self) {}
}

/// S6: that of the type, unless the attribute or whoever adds it says another.
#[test]
fn a_service_is_called_as_its_type_unless_somebody_says_otherwise() {
    assert_eq!(LoadSampler::SPEC.name(), "load-sampler");
    assert_eq!(Other::SPEC.name(), "load");
    let runner = runner();
    runner.add(LoadSampler).expect("taken");
    runner.add(Other).expect("another name");
    runner.service(Other).name("load-2").add().expect("another name");
    assert_eq!(runner.check().expect("sound").join(" "), "load-sampler load load-2");
}
