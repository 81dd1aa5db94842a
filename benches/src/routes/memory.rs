//! What a task costs in memory, and how often memory is asked for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_executor::LocalExecutor;
use spumoni::{Smol, Tokio};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::task::{JoinSet, spawn_local};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::counting::{self, Counts};
use crate::gate;
use crate::measure::{Contestant, Pace, Route};
use crate::peers::{
    Actix, CurrentThread, Fire, Lane, Laned, LocalRuntimeFed, LocalSetFed, Peer as _, SmolExecutor,
    SmolFed, Tracked, until,
};
use crate::record::Kind::{Peer, Spumoni};

/// How many tasks are counted: enough for what is shared to vanish.
const TASKS: u64 = 100_000;

/// A future of so many bytes that is never ready.
pub(crate) struct Still<const SIZE: usize>([u8; SIZE]);

impl<const SIZE: usize> Still<SIZE> {
    pub(crate) fn new() -> Self {
        Still(std::hint::black_box([0; SIZE]))
    }
}

impl<const SIZE: usize> Future for Still<SIZE> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        std::hint::black_box(&self.0);
        Poll::Pending
    }
}

/// Bytes of a task with an empty future.
pub(crate) fn empty() -> Route {
    Route {
        name: "memory-0",
        title: "memory of a pending task with an empty future, 100,000 of them",
        unit: "bytes a task",
        pace: Pace::Exact,
        contestants: pending::<0>(|counts| counts.live as f64),
    }
}

/// Bytes of a task with a future of 128 bytes.
pub(crate) fn bytes_128() -> Route {
    Route {
        name: "memory-128",
        title: "memory of a pending task with a future of 128 bytes, 100,000 of them",
        unit: "bytes a task",
        pace: Pace::Exact,
        contestants: pending::<128>(|counts| counts.live as f64),
    }
}

/// How often memory is asked for, until the task is pending.
pub(crate) fn pending_allocations() -> Route {
    Route {
        name: "allocations-pending",
        title: "allocations for a pending task with an empty future",
        unit: "allocations a task",
        pace: Pace::Exact,
        contestants: pending::<0>(|counts| counts.allocations as f64),
    }
}

/// How often memory is asked for, from submission to end.
pub(crate) fn adopted_allocations() -> Route {
    Route {
        name: "allocations",
        title: "allocations for a trivial task that nobody waits for, submit to end",
        unit: "allocations a task",
        pace: Pace::Exact,
        contestants: vec![
            ended::<CurrentThread>(Peer),
            ended::<LocalSetFed>(Peer),
            ended::<LocalRuntimeFed>(Peer),
            ended::<Tracked>(Peer),
            ended::<Actix>(Peer),
            ended::<SmolExecutor>(Peer),
            ended::<SmolFed>(Peer),
            ended::<Lane<Tokio>>(Spumoni),
            ended::<Lane<Smol>>(Spumoni),
        ],
    }
}

/// What is read off.
type Figure = fn(Counts) -> f64;

fn pending<const SIZE: usize>(figure: Figure) -> Vec<Contestant> {
    let row = |name, kind, count: fn() -> Counts| {
        Contestant::new(name, kind, move |_| figure(count()) / TASKS as f64)
    };
    vec![
        row(CurrentThread::NAME, Peer, bare::<SIZE>),
        row("tokio LocalRuntime spawn_local", Peer, local_runtime::<SIZE>),
        row(Tracked::NAME, Peer, tracked::<SIZE>),
        row("tokio JoinSet", Peer, join_set::<SIZE>),
        row(SmolExecutor::NAME, Peer, executor::<SIZE>),
        row("async_executor::LocalExecutor::spawn", Peer, local_executor::<SIZE>),
        row(<Lane<Tokio>>::NAME, Spumoni, lane::<Tokio, SIZE>),
        row(<Lane<Smol>>::NAME, Spumoni, lane::<Smol, SIZE>),
    ]
}

fn bare<const SIZE: usize>() -> Counts {
    let lane = CurrentThread::start();
    let spawn = |_| drop(lane.handle.spawn(Still::<SIZE>::new()));
    counting::during(|| {
        (0..TASKS).for_each(spawn);
        // Tasks begin in order: when this has ended all have been polled.
        lane.handle.block_on(lane.handle.spawn(async {})).expect("it ends well");
    })
}

pub(crate) fn tokio_local() -> LocalRuntime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default());
    runtime.expect("a runtime")
}

/// Counts what `spawn` takes on a tokio lane, until all has been polled.
fn on_tokio(mut spawn: impl FnMut()) -> Counts {
    tokio_local().block_on(async {
        tokio::task::yield_now().await;
        let counts = counting::during(|| (0..TASKS).for_each(|_| spawn()));
        tokio::task::yield_now().await;
        counts
    })
}

fn local_runtime<const SIZE: usize>() -> Counts {
    on_tokio(|| drop(spawn_local(Still::<SIZE>::new())))
}

fn tracked<const SIZE: usize>() -> Counts {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    on_tokio(|| {
        let body = until(token.clone(), Still::<SIZE>::new);
        drop(tracker.spawn_local(body));
    })
}

fn join_set<const SIZE: usize>() -> Counts {
    let mut set = JoinSet::new();
    on_tokio(|| drop(set.spawn_local(Still::<SIZE>::new())))
}

fn executor<const SIZE: usize>() -> Counts {
    let lane = SmolExecutor::start();
    counting::during(|| {
        (0..TASKS).for_each(|_| lane.executor.spawn(Still::<SIZE>::new()).detach());
        futures_lite::future::block_on(lane.executor.spawn(async {}));
    })
}

fn local_executor<const SIZE: usize>() -> Counts {
    let executor = LocalExecutor::new();
    counting::during(|| {
        (0..TASKS).for_each(|_| executor.spawn(Still::<SIZE>::new()).detach());
        while executor.try_tick() {}
    })
}

fn lane<F: Laned, const SIZE: usize>() -> Counts {
    let lane = <Lane<F>>::start();
    lane.catch_up();
    let handle = lane.handle();
    let counts = counting::during(|| {
        for _ in 0..TASKS {
            handle.adopt(F::default(), Still::<SIZE>::new).expect("it is taken");
        }
        lane.catch_up();
    });
    lane.stop_now();
    counts
}

fn ended<P: Fire>(kind: crate::record::Kind) -> Contestant {
    Contestant::new(P::NAME, kind, |_| {
        let peer = P::start();
        let port = peer.port();
        let run = || {
            gate::begin(TASKS);
            (0..TASKS).for_each(|_| port(std::hint::black_box(1)));
            gate::wait();
        };
        run();
        counting::during(run).allocations as f64 / TASKS as f64
    })
}
