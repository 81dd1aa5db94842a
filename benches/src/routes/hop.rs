//! A task of a tokio lane awaits one that it gives to a smol lane.

use std::hint::black_box;
use std::time::{Duration, Instant};

use futures_channel::oneshot as futures_oneshot;
use spumoni::{ServiceRunner, Smol, Tokio};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot as tokio_oneshot;

use crate::measure::{Contestant, Effort, Pace, Route, nanoseconds, pause, timed};
use crate::peers::{Call, CurrentThread, EventfdPair, Peer as _, SmolExecutor, SmolFed};
use crate::record::Kind::{Limit, Peer, Spumoni};

/// From the end of a hop to the next; both lanes sleep when it comes, the first with its thread busy.
const REST: Duration = Duration::from_micros(30);

/// One hop each 30 µs.
pub(crate) fn idle() -> Route {
    Route {
        name: "hop-idle",
        title: "a task of a tokio lane awaits one of an idle smol lane, one hop each 30 µs",
        unit: "ns a hop",
        pace: Pace::Short,
        contestants: vec![
            Contestant::new(EventfdPair::<true>::NAME, Limit, eventfd),
            Contestant::new("tokio to tokio, Handle::spawn", Peer, tokio_to_tokio),
            Contestant::new("async_executor::Executor::spawn", Peer, executor),
            Contestant::new("async-channel to smol, tokio oneshot back", Peer, tokio_reply),
            Contestant::new("async-channel to smol, futures oneshot back", Peer, futures_reply),
            Contestant::new("async-channel to smol, oneshot crate back", Peer, oneshot_reply),
            Contestant::new("spumoni, tokio lane to smol lane", Spumoni, runner),
        ],
    }
}

fn eventfd(effort: &Effort) -> f64 {
    let pair = effort.start(EventfdPair::<true>::start);
    effort.median_of(|| {
        pause(REST);
        timed(|| assert_eq!(pair.call(black_box(7)), 8))
    })
}

/// What a plain tokio program has in the place of the tokio lane: the calling thread's runtime.
fn tokio_lane() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// Takes the time of one hop after another, on a tokio lane.
async fn hops(effort: Effort, mut hop: impl AsyncFnMut(u64) -> u64) -> f64 {
    let figure = async || {
        pause(REST);
        let begun = Instant::now();
        let got = hop(black_box(7)).await;
        let took = nanoseconds(begun);
        assert_eq!(got, 8);
        took
    };
    effort.median_of_async(figure).await
}

fn tokio_to_tokio(effort: &Effort) -> f64 {
    let other = effort.start(CurrentThread::start);
    tokio_lane().block_on(hops(*effort, async |value| {
        let task = other.handle.spawn(async move { value + 1 });
        task.await.expect("it ends well")
    }))
}

fn executor(effort: &Effort) -> f64 {
    let other = effort.start(SmolExecutor::start);
    tokio_lane()
        .block_on(hops(*effort, async |value| other.executor.spawn(async move { value + 1 }).await))
}

fn tokio_reply(effort: &Effort) -> f64 {
    let other = effort.start(SmolFed::start);
    tokio_lane().block_on(hops(*effort, async |value| {
        let (to, from) = tokio_oneshot::channel();
        other.send(move |executor| {
            executor
                .spawn(async move {
                    let _ = to.send(value + 1);
                })
                .detach();
        });
        from.await.expect("it replies")
    }))
}

fn futures_reply(effort: &Effort) -> f64 {
    let other = effort.start(SmolFed::start);
    tokio_lane().block_on(hops(*effort, async |value| {
        let (to, from) = futures_oneshot::channel();
        other.send(move |executor| {
            executor
                .spawn(async move {
                    let _ = to.send(value + 1);
                })
                .detach();
        });
        from.await.expect("it replies")
    }))
}

fn oneshot_reply(effort: &Effort) -> f64 {
    let other = effort.start(SmolFed::start);
    tokio_lane().block_on(hops(*effort, async |value| {
        let (to, from) = oneshot::channel();
        other.send(move |executor| {
            executor
                .spawn(async move {
                    let _ = to.send(value + 1);
                })
                .detach();
        });
        from.await.expect("it replies")
    }))
}

fn runner(effort: &Effort) -> f64 {
    let runner = ServiceRunner::new();
    runner.execute(Tokio, async || ()).expect("the lane starts");
    effort.start(|| runner.execute(Smol, async || ()).expect("the lane starts"));
    let (handle, effort) = (runner.handle(), *effort);
    let figure = runner.execute(Tokio, async move || {
        let hop = async |value: u64| {
            let task = handle.spawn(Smol, async move || value + 1);
            task.expect("it is taken").await.expect("it ends well")
        };
        hops(effort, hop).await
    });
    runner.stop();
    let _ = runner.ended_blocking();
    figure.expect("it ends well")
}
