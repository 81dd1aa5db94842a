//! One-way submission of trivial tasks, from the first submission to the end of the last task.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use spumoni::{Smol, Tokio};

use crate::gate;
use crate::measure::{Contestant, Effort, Pace, Route, timed};
use crate::peers::{
    Actix, AsyncStdGlobal, CurrentThread, Fire, Lane, LocalRuntimeFed, LocalSetFed, MultiThread,
    OneThread, RayonOne, SmolExecutor, SmolFed, SmolGlobal, SpunQueue, Tracked,
};
use crate::record::Kind::{self, Limit, Peer, Spumoni};

/// How many tasks make one figure; divides by every number of producers.
const TASKS: u64 = 1 << 16;

/// The calling thread submits.
pub(crate) fn one() -> Route {
    Route {
        name: "adopt-1",
        title: "trivial tasks that nobody waits for, 1 producer, submit to end",
        unit: "ns a task",
        pace: Pace::Short,
        contestants: contestants(1),
    }
}

/// Four threads submit.
pub(crate) fn four() -> Route {
    Route {
        name: "adopt-4",
        title: "trivial tasks that nobody waits for, 4 producers, submit to end",
        unit: "ns a task",
        pace: Pace::Short,
        contestants: contestants(4),
    }
}

/// Sixty-four threads submit.
pub(crate) fn sixty_four() -> Route {
    Route {
        name: "adopt-64",
        title: "trivial tasks that nobody waits for, 64 producers, submit to end",
        unit: "ns a task",
        pace: Pace::Short,
        contestants: contestants(64),
    }
}

fn contestants(producers: u64) -> Vec<Contestant> {
    vec![
        row::<SpunQueue<0>>(Limit, producers),
        row::<SpunQueue<9>>(Limit, producers),
        row::<CurrentThread>(Peer, producers),
        row::<MultiThread>(Peer, producers),
        row::<LocalSetFed>(Peer, producers),
        row::<LocalRuntimeFed>(Peer, producers),
        row::<Tracked>(Peer, producers),
        row::<Actix>(Peer, producers),
        row::<SmolGlobal>(Peer, producers),
        row::<SmolExecutor>(Peer, producers),
        row::<SmolFed>(Peer, producers),
        row::<AsyncStdGlobal>(Peer, producers),
        row::<OneThread<false>>(Kind::Pool, producers),
        row::<RayonOne>(Kind::Pool, producers),
        row::<Lane<Tokio>>(Spumoni, producers),
        row::<Lane<Smol>>(Spumoni, producers),
    ]
}

fn row<P: Fire>(kind: Kind, producers: u64) -> Contestant {
    Contestant::new(P::NAME, kind, move |effort| {
        if producers == 1 { alone::<P>(effort, TASKS) } else { together::<P>(effort, producers) }
    })
}

/// Starts the contestant and gives it its first task, with which its threads come.
pub(crate) fn started<P: Fire>(effort: &Effort) -> P {
    effort.start(|| {
        let peer = P::start();
        gate::begin(1);
        peer.port()(1);
        gate::wait();
        peer
    })
}

/// The calling thread submits so many tasks; nanoseconds a task.
pub(crate) fn alone<P: Fire>(effort: &Effort, tasks: u64) -> f64 {
    let peer = started::<P>(effort);
    let port = peer.port();
    effort.median_of(|| {
        gate::begin(tasks);
        let took = timed(|| {
            (0..tasks).for_each(|_| port(black_box(1)));
            gate::wait();
        });
        took / tasks as f64
    })
}

/// So many threads submit, each its share; nanoseconds a task.
fn together<P: Fire>(effort: &Effort, producers: u64) -> f64 {
    let peer = started::<P>(effort);
    let line = Barrier::new(usize::try_from(producers).expect("a few") + 1);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for port in (0..producers).map(|_| peer.port()) {
            let (line, over) = (&line, &over);
            scope.spawn(move || {
                loop {
                    line.wait();
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    (0..TASKS / producers).for_each(|_| port(black_box(1)));
                }
            });
        }
        let figure = effort.median_of(|| {
            gate::begin(TASKS);
            let took = timed(|| {
                line.wait();
                gate::wait();
            });
            took / TASKS as f64
        });
        over.store(true, Ordering::Relaxed);
        line.wait();
        figure
    })
}
