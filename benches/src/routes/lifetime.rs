//! A whole life: start, one task on one lane, stop.

use std::thread;

use async_executor::LocalExecutor;
use spumoni::{ServiceRunner, Smol, Tokio};
use tokio::runtime::{Builder, LocalOptions};

use crate::gate;
use crate::measure::{Contestant, Pace, Route, timed};
use crate::peers::Laned;
use crate::record::Kind::{Limit, Peer, Spumoni};

/// One life after the other.
pub(crate) fn one_task() -> Route {
    let row = |name, kind, life: fn()| {
        Contestant::new(name, kind, move |effort| effort.median_of(|| timed(life)))
    };
    Route {
        name: "lifetime",
        title: "start, one task on one lane, stop",
        unit: "ns a life",
        pace: Pace::Short,
        contestants: vec![
            row("LIMIT a thread that is joined", Limit, bare_thread),
            row("tokio current-thread runtime on a thread", Peer, current_thread),
            row("tokio LocalRuntime on a thread", Peer, local_runtime),
            row("async_executor::LocalExecutor on a thread", Peer, local_executor),
            row("spumoni, tokio lane", Spumoni, runner::<Tokio>),
            row("spumoni, smol lane", Spumoni, runner::<Smol>),
        ],
    }
}

fn on_a_thread(body: impl FnOnce() + Send + 'static) {
    thread::spawn(body).join().expect("it ends well");
}

fn bare_thread() {
    on_a_thread(|| gate::hit(1));
}

fn current_thread() {
    on_a_thread(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async { gate::hit(1) });
    });
}

fn local_runtime() {
    on_a_thread(|| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().build_local(LocalOptions::default());
        runtime.expect("a runtime").block_on(async { gate::hit(1) });
    });
}

fn local_executor() {
    on_a_thread(|| {
        let executor = LocalExecutor::new();
        async_io::block_on(executor.run(async { gate::hit(1) }));
    });
}

fn runner<F: Laned>() {
    let runner = ServiceRunner::new();
    runner.adopt(F::default(), async || gate::hit(1)).expect("it is taken");
    let report = runner.run();
    assert_eq!(report.exit_code(), 0, "{report}");
}
