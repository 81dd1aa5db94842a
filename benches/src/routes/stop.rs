//! Ending many pending tasks, from the wish to the moment when all are gone.

use std::future::Future;
use std::pin::Pin;

use async_executor::LocalExecutor;
use spumoni::{Context, Smol, Tokio};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::measure::{Contestant, Pace, Route, nanoseconds, timed};
use crate::peers::{Lane, Laned, Peer as _, until};
use crate::record::Kind::{Limit, Peer, Spumoni};
use crate::routes::memory::{Still, tokio_local};

const MILLION: u64 = 1_000_000;

/// A million of them.
pub(crate) fn million() -> Route {
    let row = |name, kind, end: fn(u64) -> f64| Contestant::new(name, kind, move |_| end(MILLION));
    Route {
        name: "stop-million",
        title: "stopping with a million pending tasks, from the wish to the end of the last",
        unit: "ns a task",
        pace: Pace::Long,
        contestants: vec![
            row("LIMIT drop a Vec of boxed futures", Limit, boxes),
            row("drop tokio LocalRuntime", Peer, local_runtime),
            row("drop tokio LocalSet", Peer, local_set),
            row("drop async_executor::LocalExecutor", Peer, local_executor),
            row("tokio TaskTracker + CancellationToken", Peer, tracked),
            row("tokio JoinSet abort_all", Peer, join_set),
            row("spumoni, tokio lane, stop_now", Spumoni, lane::<Tokio>),
            row("spumoni, smol lane, stop_now", Spumoni, lane::<Smol>),
            row("spumoni, tokio lane, tasks that await the stop", Spumoni, awaited),
        ],
    }
}

fn boxes(tasks: u64) -> f64 {
    let new = || -> Pin<Box<dyn Future<Output = ()>>> { Box::pin(Still::<72>::new()) };
    let boxes: Vec<_> = (0..tasks).map(|_| new()).collect();
    timed(|| drop(boxes)) / tasks as f64
}

fn local_runtime(tasks: u64) -> f64 {
    let runtime = tokio_local();
    runtime.block_on(async {
        (0..tasks).for_each(|_| drop(spawn_local(Still::<0>::new())));
        all_polled().await;
    });
    timed(|| drop(runtime)) / tasks as f64
}

fn local_set(tasks: u64) -> f64 {
    let (runtime, set) = (tokio_local(), LocalSet::new());
    (0..tasks).for_each(|_| drop(set.spawn_local(Still::<0>::new())));
    runtime.block_on(set.run_until(all_polled()));
    timed(|| drop(set)) / tasks as f64
}

fn local_executor(tasks: u64) -> f64 {
    let executor = LocalExecutor::new();
    (0..tasks).for_each(|_| executor.spawn(Still::<0>::new()).detach());
    while executor.try_tick() {}
    timed(|| drop(executor)) / tasks as f64
}

/// Inside the runtime, where it is fastest: from outside every wake-up is one of another thread.
pub(crate) fn tracked(tasks: u64) -> f64 {
    tokio_local().block_on(async {
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        for _ in 0..tasks {
            let body = until(token.clone(), Still::<0>::new);
            drop(tracker.spawn_local(body));
        }
        tracker.close();
        all_polled().await;
        let begun = std::time::Instant::now();
        token.cancel();
        tracker.wait().await;
        nanoseconds(begun) / tasks as f64
    })
}

fn join_set(tasks: u64) -> f64 {
    tokio_local().block_on(async {
        let mut set = JoinSet::new();
        (0..tasks).for_each(|_| drop(set.spawn_local(Still::<0>::new())));
        all_polled().await;
        let begun = std::time::Instant::now();
        set.abort_all();
        while set.join_next().await.is_some() {}
        nanoseconds(begun) / tasks as f64
    })
}

/// Waits until tokio has polled every task that was spawned before.
async fn all_polled() {
    spawn_local(async {}).await.expect("it ends well");
}

/// Tasks that know nothing of the stop: they are dropped where they wait.
pub(crate) fn lane<F: Laned>(tasks: u64) -> f64 {
    let lane = <Lane<F>>::start();
    let handle = lane.handle();
    for _ in 0..tasks {
        handle.adopt(F::default(), Still::<0>::new).expect("it is taken");
    }
    lane.catch_up();
    timed(|| lane.stop_now()) / tasks as f64
}

/// Tasks that hear of the stop and end by themselves.
fn awaited(tasks: u64) -> f64 {
    let lane = <Lane<Tokio>>::start();
    let handle = lane.handle();
    for _ in 0..tasks {
        let payload = async || Context::current().stopped().await;
        handle.adopt(Tokio, payload).expect("it is taken");
    }
    lane.catch_up();
    timed(|| lane.stop()) / tasks as f64
}
