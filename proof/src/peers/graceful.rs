//! tokio-graceful-shutdown as a contestant: a `Toplevel` with one subsystem for each payload.

use std::time::Duration;

use tokio::time::sleep;
use tokio_graceful_shutdown::errors::{GracefulShutdownError, SubsystemError};
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;

use super::adapter::{Adapter, Script, Stop};
use super::facts::note;
use super::payload::{Does, Fault, Payload, chain};
use super::tokio_bare::{lent, runtime};

pub(crate) struct Graceful;

const SHORT: Duration = Duration::from_millis(100);
const DEADLINE: Duration = Duration::from_millis(500);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Adapter for Graceful {
    fn name(&self) -> &'static str {
        "tokio-graceful-shutdown 0.20"
    }

    fn about(&self) -> &'static str {
        "a `Toplevel` inside the runtime of `#[tokio::main]`, a subsystem for each payload, `spawn_blocking` for blocking ones; told is the error of `handle_shutdown_requests`."
    }

    fn run(&self, script: &Script) -> Option<()> {
        runtime(script.alone).block_on(async {
            let token = CancellationToken::new();
            let asked = token.clone();
            script.ask_later(move || asked.cancel());
            let parts = script.clone();
            let start = async move |system: &mut SubsystemHandle| {
                for payload in parts.payloads {
                    let body = async move |own: &mut SubsystemHandle| {
                        subsystem(payload, parts.blocking, own).await
                    };
                    system.start(SubsystemBuilder::new(payload.name, body));
                }
            };
            let mut toplevel = Toplevel::new_with_shutdown_token(start, token);
            if script.stop == Stop::Signal {
                toplevel = toplevel.catch_signals();
            }
            let ended = toplevel.handle_shutdown_requests(script.deadline).await;
            script.returned(&told(ended));
        });
        Some(())
    }

    fn lets_go_of_a_handle(&self) -> Option<String> {
        let payload = Payload { name: "worker", does: Does::Panics };
        let start = async move |system: &mut SubsystemHandle| {
            let body = async move |_: &mut SubsystemHandle| payload.call();
            drop(system.start(SubsystemBuilder::new(payload.name, body)));
        };
        Some(told(runtime(false).block_on(async {
            Toplevel::<BoxError>::new(start).handle_shutdown_requests(DEADLINE).await
        })))
    }

    fn reads_a_handle_twice(&self) -> Option<String> {
        let start = async |system: &mut SubsystemHandle| {
            let body = async |_: &mut SubsystemHandle| Ok::<(), Fault>(());
            let nested = system.start(SubsystemBuilder::new("worker", body));
            let first = nested.join().await.is_ok();
            note("answer", &format!("{first}, then {}", nested.join().await.is_ok()));
        };
        Some(told(runtime(false).block_on(async {
            Toplevel::<BoxError>::new(start).handle_shutdown_requests(DEADLINE).await
        })))
    }

    fn awaits_its_own_handle(&self) -> Option<String> {
        None
    }

    fn blocks_on_its_own_lane(&self) -> Option<String> {
        None
    }

    fn submits_while_stopping(&self) -> Option<String> {
        let start = async |system: &mut SubsystemHandle| {
            system.request_shutdown();
            system.on_shutdown_requested().await;
            let late = async |_: &mut SubsystemHandle| {
                note("ran", "");
                Ok::<(), Fault>(())
            };
            drop(system.start(SubsystemBuilder::new("late", late)));
            sleep(SHORT).await;
        };
        Some(told(runtime(false).block_on(async {
            Toplevel::<BoxError>::new(start).handle_shutdown_requests(DEADLINE).await
        })))
    }

    fn starts_without_descriptors(&self) -> Option<String> {
        None
    }

    fn lives_inside_tokio(&self) -> Option<String> {
        let start = async |system: &mut SubsystemHandle| {
            let body = async |_: &mut SubsystemHandle| {
                note("answer", "42");
                Ok::<(), Fault>(())
            };
            drop(system.start(SubsystemBuilder::new("worker", body)));
        };
        Some(told(runtime(false).block_on(async {
            Toplevel::<BoxError>::new(start).handle_shutdown_requests(DEADLINE).await
        })))
    }
}

async fn subsystem(
    payload: Payload,
    blocking: bool,
    own: &mut SubsystemHandle,
) -> Result<(), BoxError> {
    if blocking {
        tokio::task::spawn_blocking(move || payload.call()).await??;
    } else {
        payload.act(lent(own.create_cancellation_token())).await?;
    }
    Ok(())
}

/// The answer with every error in it.
fn told(ended: Result<(), GracefulShutdownError<BoxError>>) -> String {
    match ended {
        Ok(()) => "ok".to_owned(),
        Err(error) => {
            let each = error
                .get_subsystem_errors()
                .iter()
                .map(|error| format!("\n{error}: {}", own(error)));
            format!("{error}{}", each.collect::<String>())
        }
    }
}

/// What the subsystem itself has said, with its sources, which do not stand in the chain of the outer error.
fn own(error: &SubsystemError<BoxError>) -> String {
    match error {
        SubsystemError::Failed(_, failure) => chain(failure.get_error().as_ref()),
        SubsystemError::Panicked(_) => String::new(),
    }
}
