//! taskvisor as a contestant: a supervisor in its dynamic mode, every task watched.

use std::sync::Arc;
use std::time::Duration;

use taskvisor::{
    Event, RuntimeError, Subscribe, Supervisor, SupervisorConfig, SupervisorHandle, TaskContext,
    TaskError, TaskFn, TaskOutcome, TaskRef, TaskSpec,
};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::adapter::{Adapter, Script, Stop};
use super::facts::note;
use super::payload::{Does, Fault, Lent, NAP, Payload, chain};
use super::tokio_bare::runtime;

pub(crate) struct Taskvisor;

const SHORT: Duration = Duration::from_millis(100);

type Ends = JoinSet<(&'static str, Result<TaskOutcome, RuntimeError>)>;

impl Adapter for Taskvisor {
    fn name(&self) -> &'static str {
        "taskvisor 0.9"
    }

    fn about(&self) -> &'static str {
        "`Supervisor::serve` inside the runtime of `#[tokio::main]`, tasks added `once` and watched, `spawn_blocking` for blocking ones; told are the outcomes and the error of `shutdown`."
    }

    fn run(&self, script: &Script) -> Option<()> {
        runtime(script.alone).block_on(async {
            let supervisor = supervisor(script.deadline);
            if script.stop == Stop::Signal {
                let specs = script.payloads.iter().map(|one| spec(*one, script.blocking)).collect();
                let ended = supervisor.run_with_os_signals(specs).await;
                script.returned(&format!("{ended:?}"));
                return;
            }
            let handle = supervisor.serve().expect("a runtime");
            let told = supervise(script, handle).await;
            script.returned(&told.join("\n"));
        });
        Some(())
    }

    fn lets_go_of_a_handle(&self) -> Option<String> {
        Some(runtime(false).block_on(async {
            let config = SupervisorConfig::default().with_grace(SHORT);
            let supervisor = Supervisor::new(config, vec![Arc::new(Listener)]);
            let handle = supervisor.serve().expect("a runtime");
            let payload = Payload { name: "worker", does: Does::Panics };
            drop(handle.add(spec(payload, false)).watch().execute().await);
            sleep(SHORT).await;
            format!("{:?}", handle.shutdown().await)
        }))
    }

    fn reads_a_handle_twice(&self) -> Option<String> {
        None
    }

    fn awaits_its_own_handle(&self) -> Option<String> {
        None
    }

    fn blocks_on_its_own_lane(&self) -> Option<String> {
        None
    }

    fn submits_while_stopping(&self) -> Option<String> {
        Some(runtime(false).block_on(async {
            let handle = supervisor(Duration::from_millis(300)).serve().expect("a runtime");
            let payload = Payload { name: "worker", does: Does::Naps };
            let _ = handle.add(spec(payload, false)).execute().await;
            let stopping = tokio::spawn(handle.clone().shutdown());
            sleep(SHORT).await;
            let late: TaskRef = TaskFn::arc(async |_: TaskContext| {
                note("ran", "");
                Ok(())
            });
            let answer = handle.add(TaskSpec::once("late", late)).execute().await;
            let _ = stopping.await;
            answer.map_or_else(|error| format!("refused: {error}"), |_| "ok".to_owned())
        }))
    }

    fn starts_without_descriptors(&self) -> Option<String> {
        None
    }

    fn lives_inside_tokio(&self) -> Option<String> {
        runtime(false).block_on(async {
            let handle = supervisor(SHORT).serve().ok()?;
            let task: TaskRef = TaskFn::arc(async |_: TaskContext| Ok(()));
            let waiter = handle.add(TaskSpec::once("worker", task)).watch().execute().await.ok()?;
            let outcome = waiter.wait().await.ok()?;
            drop(handle);
            Some(format!("ok {outcome:?}"))
        })
    }
}

/// Notes the events, which are told as well as may be and no better.
struct Listener;

impl Subscribe for Listener {
    fn on_event(&self, event: &Event) {
        note("event", &format!("{:?} {:?} {:?}", event.kind, event.task, event.reason));
    }
}

fn supervisor(grace: Duration) -> Arc<Supervisor> {
    Supervisor::new(SupervisorConfig::default().with_grace(grace), Vec::new())
}

fn spec(payload: Payload, blocking: bool) -> TaskSpec {
    let task: TaskRef = TaskFn::arc(move |cx: TaskContext| async move {
        let ended = if blocking {
            tokio::task::spawn_blocking(move || payload.call())
                .await
                .map_err(TaskError::fail_from)?
        } else {
            let stopped = Box::pin(async move { cx.cancelled().await });
            payload.act(Lent { stopped, nap: || Box::pin(sleep(NAP)) }).await
        };
        ended.map_err(|fault: Fault| TaskError::fail_from(fault))
    });
    TaskSpec::once(payload.name, task)
}

async fn supervise(script: &Script, handle: SupervisorHandle) -> Vec<String> {
    let mut ends = Ends::new();
    for payload in &script.payloads {
        let waiter = handle
            .add(spec(*payload, script.blocking))
            .watch()
            .execute()
            .await
            .expect("a free name");
        let name = payload.name;
        ends.spawn(async move { (name, waiter.wait().await) });
    }
    let asked = Arc::new(Notify::new());
    ask_later(script, &handle, &asked);
    let mut told = Vec::new();
    loop {
        let next = tokio::select! {
            next = ends.join_next() => next,
            () = asked.notified() => break,
        };
        let Some(Ok(end)) = next else { break };
        if tell(end, &mut told) {
            break;
        }
    }
    if let Err(error) = handle.shutdown().await {
        told.push(error.to_string());
    }
    let drained = async {
        while let Some(Ok(end)) = ends.join_next().await {
            tell(end, &mut told);
        }
    };
    let _ = timeout(SHORT, drained).await;
    told
}

/// Who asks calls `shutdown` himself, and is answered.
fn ask_later(script: &Script, handle: &SupervisorHandle, asked: &Arc<Notify>) {
    let (handle, asked, runtime) = (handle.clone(), Arc::clone(asked), Handle::current());
    let alone = script.stop == Stop::Threads(1);
    script.ask_later(move || {
        asked.notify_one();
        if !alone {
            note("answer", &format!("{:?}", runtime.block_on(handle.clone().shutdown())));
        }
    });
}

/// Adds a failure to what is told, and says whether it was one.
fn tell(
    (name, outcome): (&'static str, Result<TaskOutcome, RuntimeError>),
    told: &mut Vec<String>,
) -> bool {
    match outcome {
        Ok(TaskOutcome::Completed | TaskOutcome::Canceled) => false,
        Ok(outcome) => {
            let source = outcome.source().map(chain).unwrap_or_default();
            told.push(format!("{name}: {outcome:?}: {source}"));
            true
        }
        Err(error) => {
            told.push(format!("{name}: {error}"));
            true
        }
    }
}
