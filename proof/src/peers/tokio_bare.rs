//! Bare tokio as a contestant, with the token that its page on graceful shutdown recommends.

use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::adapter::{Adapter, Script, Stop};
use super::payload::{Does, Fault, Lent, NAP, Payload, chain};

pub(crate) struct Tokio;

const SHORT: Duration = Duration::from_millis(100);

impl Adapter for Tokio {
    fn name(&self) -> &'static str {
        "tokio"
    }

    fn about(&self) -> &'static str {
        "tokio's multi-thread runtime, a `JoinSet`, a `CancellationToken` and `timeout` for the stop, `shutdown_timeout` at the end."
    }

    fn has_names(&self) -> bool {
        false
    }

    fn run(&self, script: &Script) -> Option<()> {
        let runtime = runtime(script.alone);
        let token = CancellationToken::new();
        let asked = token.clone();
        script.ask_later(move || asked.cancel());
        let told = runtime.block_on(supervise(script, token));
        script.returned(&told.join("\n"));
        runtime.shutdown_timeout(SHORT);
        Some(())
    }

    fn lets_go_of_a_handle(&self) -> Option<String> {
        runtime(false).block_on(async {
            let payload = Payload { name: "worker", does: Does::Panics };
            drop(tokio::spawn(async move { payload.call().is_ok() }));
            sleep(SHORT).await;
        });
        Some(String::new())
    }

    fn reads_a_handle_twice(&self) -> Option<String> {
        Some(runtime(false).block_on(async {
            let mut handle = tokio::spawn(async { 1 });
            let first = (&mut handle).await;
            format!("{first:?}, then {:?}", (&mut handle).await)
        }))
    }

    fn awaits_its_own_handle(&self) -> Option<String> {
        Some(runtime(false).block_on(async {
            let (give, take) = tokio::sync::oneshot::channel::<JoinHandle<()>>();
            let (tell, told) = tokio::sync::oneshot::channel();
            let handle = tokio::spawn(async move {
                if let Ok(own) = take.await {
                    let _ = tell.send(format!("{:?}", own.await));
                }
            });
            let _ = give.send(handle);
            told.await.unwrap_or_default()
        }))
    }

    fn blocks_on_its_own_lane(&self) -> Option<String> {
        let outcome = runtime(true).block_on(async {
            tokio::spawn(async { Handle::current().block_on(tokio::spawn(async { 1 })) }).await
        });
        Some(
            outcome.map_or_else(
                |error| format!("panicked: {error}"),
                |answer| format!("ok {answer:?}"),
            ),
        )
    }

    fn submits_while_stopping(&self) -> Option<String> {
        None
    }

    fn starts_without_descriptors(&self) -> Option<String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        Some(runtime.map_or_else(|error| format!("refused: {error}"), |_| "ok".to_owned()))
    }

    fn lives_inside_tokio(&self) -> Option<String> {
        runtime(false).block_on(async {
            let inner = Runtime::new().ok()?;
            let answer = inner.spawn(async { 42 }).await;
            drop(inner);
            Some(format!("ok {}", answer.ok()?))
        })
    }
}

/// A runtime as `#[tokio::main]` makes it.
pub(crate) fn runtime(alone: bool) -> Runtime {
    let mut builder =
        if alone { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build().expect("a runtime")
}

/// What tokio's payloads are lent.
pub(crate) fn lent(token: CancellationToken) -> Lent {
    Lent { stopped: Box::pin(token.cancelled_owned()), nap: || Box::pin(sleep(NAP)) }
}

async fn supervise(script: &Script, token: CancellationToken) -> Vec<String> {
    let mut set = JoinSet::new();
    for payload in script.payloads.clone() {
        let lent = lent(token.clone());
        if script.blocking {
            set.spawn_blocking(move || payload.call());
        } else {
            set.spawn(payload.act(lent));
        }
    }
    let mut told = Vec::new();
    loop {
        let next = tokio::select! {
            next = set.join_next() => next,
            () = token.cancelled() => break,
            () = interrupted(script) => break,
        };
        let Some(outcome) = next else { return told };
        if tell(outcome, &mut told) {
            break;
        }
    }
    token.cancel();
    if timeout(script.deadline, drain(&mut set, &mut told)).await.is_err() {
        told.push(format!("{} tasks did not stop in time", set.len()));
        set.abort_all();
        let _ = timeout(SHORT, drain(&mut set, &mut told)).await;
    }
    told
}

async fn interrupted(script: &Script) {
    if script.stop == Stop::Signal {
        let _ = tokio::signal::ctrl_c().await;
    } else {
        std::future::pending().await
    }
}

async fn drain(set: &mut JoinSet<Result<(), Fault>>, told: &mut Vec<String>) {
    while let Some(outcome) = set.join_next().await {
        tell(outcome, told);
    }
}

/// Adds a failure to what is told, and says whether it was one.
fn tell(outcome: Result<Result<(), Fault>, JoinError>, told: &mut Vec<String>) -> bool {
    match outcome {
        Ok(Ok(())) => return false,
        Ok(Err(fault)) => told.push(chain(&fault)),
        Err(error) if error.is_cancelled() => return false,
        Err(error) => told.push(error.to_string()),
    }
    true
}
