//! The cost of a task when there are a thousand of them, and when there are a million.

use spumoni::{Smol, Tokio};

use crate::measure::{Contestant, Effort, Pace, Route, median, timed};
use crate::peers::{CurrentThread, Fire, Lane, Laned, LocalRuntimeFed, Peer as _, Tracked};
use crate::record::Kind::{self, Peer, Spumoni};
use crate::routes::adopt::alone;
use crate::routes::memory::Still;
use crate::routes::stop;

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Tasks that end, in one burst.
pub(crate) fn adopt() -> Route {
    let mut contestants = Vec::new();
    for tasks in SIZES {
        contestants.push(burst::<CurrentThread>(Peer, tasks));
        contestants.push(burst::<LocalRuntimeFed>(Peer, tasks));
        contestants.push(burst::<Lane<Tokio>>(Spumoni, tasks));
        contestants.push(burst::<Lane<Smol>>(Spumoni, tasks));
    }
    Route {
        name: "scale-adopt",
        title: "a burst of trivial tasks that nobody waits for, 1 producer, submit to end",
        unit: "ns a task",
        pace: Pace::Long,
        contestants,
    }
}

fn burst<P: Fire>(kind: Kind, tasks: u64) -> Contestant {
    Contestant::new(P::NAME, kind, move |effort| alone::<P>(effort, tasks)).of(tasks)
}

/// Tasks that stay, until all have been polled once.
pub(crate) fn pending() -> Route {
    let mut contestants = Vec::new();
    for tasks in SIZES {
        let row = |name, kind, turn: fn(&Effort, u64) -> f64| {
            Contestant::new(name, kind, move |effort| turn(effort, tasks)).of(tasks)
        };
        contestants.push(row(CurrentThread::NAME, Peer, bare_pending));
        contestants.push(row(<Lane<Tokio>>::NAME, Spumoni, lane_pending::<Tokio>));
        contestants.push(row(<Lane<Smol>>::NAME, Spumoni, lane_pending::<Smol>));
    }
    Route {
        name: "scale-pending",
        title: "tasks that stay pending, from submission until all have been polled",
        unit: "ns a task",
        pace: Pace::Long,
        contestants,
    }
}

/// Tasks that stay, until all are gone.
pub(crate) fn stop() -> Route {
    let mut contestants = Vec::new();
    for tasks in SIZES {
        let row = |name, kind, end: fn(u64) -> f64| {
            Contestant::new(name, kind, move |_| {
                // A short life is measured several times: its end is a matter of a few wake-ups.
                let lives = (100_000 / tasks).clamp(1, 9);
                let mut figures: Vec<f64> = (0..lives).map(|_| end(tasks)).collect();
                median(&mut figures)
            })
            .of(tasks)
        };
        contestants.push(row(Tracked::NAME, Peer, stop::tracked));
        contestants.push(row("spumoni, tokio lane, stop_now", Spumoni, stop::lane::<Tokio>));
        contestants.push(row("spumoni, smol lane, stop_now", Spumoni, stop::lane::<Smol>));
    }
    Route {
        name: "scale-stop",
        title: "stopping with many pending tasks",
        unit: "ns a task",
        pace: Pace::Long,
        contestants,
    }
}

fn bare_pending(effort: &Effort, tasks: u64) -> f64 {
    let lane = effort.start(CurrentThread::start);
    let spawn = |_| drop(lane.handle.spawn(Still::<0>::new()));
    let took = timed(|| {
        (0..tasks).for_each(spawn);
        let last = lane.handle.spawn(async {});
        lane.handle.block_on(last).expect("it ends well");
    });
    took / tasks as f64
}

fn lane_pending<F: Laned>(effort: &Effort, tasks: u64) -> f64 {
    let lane = effort.start(|| {
        let lane = <Lane<F>>::start();
        lane.catch_up();
        lane
    });
    let handle = lane.handle();
    let took = timed(|| {
        for _ in 0..tasks {
            handle.adopt(F::default(), Still::<0>::new).expect("it is taken");
        }
        lane.catch_up();
    });
    lane.stop_now();
    took / tasks as f64
}
