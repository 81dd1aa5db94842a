//! Services: what it costs to start, make ready and stop one when there are ten and when there are a thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

use spumoni::{Context, Launch, Service, ServiceRunner, Spec, Tokio};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::measure::{Contestant, Effort, Pace, Route, timed};
use crate::peers::{CurrentThread, Peer as _};
use crate::record::Kind::{self, Peer, Spumoni};

const SIZES: [u64; 3] = [10, 100, 1_000];

/// Services that run until they are stopped: independent ones, and a chain of dependencies.
pub(crate) fn started_and_stopped() -> Route {
    type Row = (&'static str, Kind, fn(&Effort, u64) -> f64);
    let rows: [Row; 3] = [
        ("tokio TaskTracker + CancellationToken", Peer, tracked),
        ("spumoni, independent services", Spumoni, |_, services| lives(services, false)),
        ("spumoni, each depends on the one before", Spumoni, |_, services| lives(services, true)),
    ];
    let mut contestants = Vec::new();
    for size in SIZES {
        for (name, kind, turn) in rows {
            let row = move |effort: &Effort| turn(effort, size) / size as f64;
            contestants.push(Contestant::new(name, kind, row).of(size));
        }
    }
    Route {
        name: "scale-services",
        title: "services on the tokio lane, from the start of the first to the end of the last",
        unit: "ns a service",
        pace: Pace::Long,
        contestants,
    }
}

/// Tells when all of them run.
struct Muster {
    missing: AtomicU64,
    all_there: Sender<()>,
}

impl Muster {
    fn here(&self) {
        if self.missing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.all_there.send(()).expect("somebody waits");
        }
    }
}

struct Idler(Arc<Muster>);

impl Service for Idler {
    const SPEC: Spec = Spec::new("idler", file!(), line!());

    fn launch(self) -> Launch {
        Launch::new(Tokio, async move || {
            self.0.here();
            Context::current().stopped().await;
        })
    }
}

fn lives(services: u64, chained: bool) -> f64 {
    let (all_there, there) = channel();
    let muster = Arc::new(Muster { missing: AtomicU64::new(services), all_there });
    let runner = ServiceRunner::new();
    for number in 0..services {
        let service = runner.service(Idler(Arc::clone(&muster))).name(format!("idler-{number}"));
        let before = (chained && number > 0).then(|| format!("idler-{}", number - 1));
        service.after(before).add().expect("the name is free");
    }
    let handle = runner.handle();
    let stopper = std::thread::spawn(move || {
        there.recv().expect("they start");
        handle.stop();
    });
    let mut report = None;
    let took = timed(|| report = Some(runner.run()));
    stopper.join().expect("it ends well");
    assert!(report.is_some_and(|report| report.exit_code() == 0));
    took
}

fn tracked(effort: &Effort, tasks: u64) -> f64 {
    let lane = effort.start(CurrentThread::start);
    let (all_there, there) = channel();
    let muster = Arc::new(Muster { missing: AtomicU64::new(tasks), all_there });
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    timed(|| {
        for _ in 0..tasks {
            let (muster, token) = (Arc::clone(&muster), token.clone());
            let body = async move {
                muster.here();
                token.cancelled().await;
            };
            drop(tracker.spawn_on(body, &lane.handle));
        }
        tracker.close();
        there.recv().expect("they start");
        token.cancel();
        lane.handle.block_on(tracker.wait());
    })
}
