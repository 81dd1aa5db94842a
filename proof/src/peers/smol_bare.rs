//! Bare smol as a contestant: its global executor, `Task`s, and `cancel` for the stop.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::FutureExt;
use smol::{Task, Timer, channel};

use super::adapter::{Adapter, Script, Stop};
use super::payload::{Does, Fault, Lent, NAP, Payload, chain};

pub(crate) struct Smol;

const SHORT: Duration = Duration::from_millis(100);

type Outcome = Result<Result<(), Fault>, Box<dyn Any + Send>>;
type Tasks = Vec<Task<Result<(), Fault>>>;

impl Adapter for Smol {
    fn name(&self) -> &'static str {
        "smol"
    }

    fn about(&self) -> &'static str {
        "smol's global executor, which has one thread by default; tasks are awaited, a channel that is closed asks them, `Task::cancel` and a `Timer` end the stop."
    }

    fn has_names(&self) -> bool {
        false
    }

    fn run(&self, script: &Script) -> Option<()> {
        if script.stop == Stop::Signal {
            return None;
        }
        let (ask, asked) = channel::bounded::<()>(1);
        let keep = ask.clone();
        script.ask_later(move || {
            ask.close();
        });
        let told = smol::block_on(supervise(script, asked));
        drop(keep);
        script.returned(&told.join("\n"));
        Some(())
    }

    fn lets_go_of_a_handle(&self) -> Option<String> {
        let payload = Payload { name: "worker", does: Does::Panics };
        smol::spawn(async move { payload.call().is_ok() }).detach();
        smol::block_on(Timer::after(SHORT));
        Some(String::new())
    }

    fn reads_a_handle_twice(&self) -> Option<String> {
        Some(smol::block_on(async {
            let mut task = smol::spawn(async { 1 });
            let first = (&mut task).await;
            format!("{first:?}, then {:?}", (&mut task).await)
        }))
    }

    fn awaits_its_own_handle(&self) -> Option<String> {
        let (give, take) = channel::bounded::<Task<()>>(1);
        let (tell, told) = channel::bounded(1);
        let task = smol::spawn(async move {
            if let Ok(own) = take.recv().await {
                own.await;
                let _ = tell.send("ok").await;
            }
        });
        smol::block_on(async move {
            let _ = give.send(task).await;
            told.recv().await.ok().map(str::to_owned)
        })
    }

    fn blocks_on_its_own_lane(&self) -> Option<String> {
        let answer =
            smol::block_on(smol::spawn(async { smol::block_on(smol::spawn(async { 1 })) }));
        Some(format!("ok {answer}"))
    }

    fn submits_while_stopping(&self) -> Option<String> {
        None
    }

    fn starts_without_descriptors(&self) -> Option<String> {
        smol::block_on(Timer::after(NAP));
        Some("ok".to_owned())
    }

    fn lives_inside_tokio(&self) -> Option<String> {
        let runtime = super::tokio_bare::runtime(false);
        Some(
            runtime.block_on(async { format!("ok {}", smol::block_on(smol::spawn(async { 42 }))) }),
        )
    }
}

async fn supervise(script: &Script, asked: channel::Receiver<()>) -> Vec<String> {
    let mut tasks: Tasks = Vec::new();
    for payload in script.payloads.clone() {
        let asked = asked.clone();
        let stopped = Box::pin(async move {
            let _ = asked.recv().await;
        });
        let lent = Lent {
            stopped,
            nap: || {
                Box::pin(async {
                    Timer::after(NAP).await;
                })
            },
        };
        tasks.push(if script.blocking {
            smol::unblock(move || payload.call())
        } else {
            smol::spawn(payload.act(lent))
        });
    }
    let mut told = Vec::new();
    loop {
        let stop = async {
            let _ = asked.recv().await;
            None
        };
        match stop.or(async { Some(next(&mut tasks).await) }).await {
            Some(None) => return told,
            Some(Some(outcome)) => {
                if tell(outcome, &mut told) {
                    break;
                }
            }
            None => break,
        }
    }
    asked.close();
    let drained = async {
        while let Some(outcome) = next(&mut tasks).await {
            tell(outcome, &mut told);
        }
        true
    };
    if drained.or(late(script.deadline)).await {
        return told;
    }
    told.push(format!("{} tasks did not stop in time", tasks.len()));
    cancel(tasks).or(late(SHORT)).await;
    told
}

/// Cancels all at the same time, so that nobody has to wait for another.
async fn cancel(tasks: Tasks) -> bool {
    let mut cancelled: Vec<_> = tasks.into_iter().map(|task| Box::pin(task.cancel())).collect();
    poll_fn(|cx| {
        cancelled.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if cancelled.is_empty() { Poll::Ready(true) } else { Poll::Pending }
    })
    .await
}

async fn late(limit: Duration) -> bool {
    Timer::after(limit).await;
    false
}

/// The next task that ends, with its panic caught; `None` if there is none left.
async fn next(tasks: &mut Tasks) -> Option<Outcome> {
    poll_fn(|cx| {
        if tasks.is_empty() {
            return Poll::Ready(None);
        }
        let ended = tasks.iter_mut().enumerate().find_map(|(index, task)| match poll(task, cx) {
            Poll::Ready(outcome) => Some((index, outcome)),
            Poll::Pending => None,
        });
        ended.map_or(Poll::Pending, |(index, outcome)| {
            // It has ended: nothing is left that the drop could cancel.
            tasks.swap_remove(index).detach();
            Poll::Ready(Some(outcome))
        })
    })
    .await
}

fn poll(task: &mut Task<Result<(), Fault>>, cx: &mut Context<'_>) -> Poll<Outcome> {
    match catch_unwind(AssertUnwindSafe(|| Pin::new(task).poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Adds a failure to what is told, and says whether it was one.
fn tell(outcome: Outcome, told: &mut Vec<String>) -> bool {
    match outcome {
        Ok(Ok(())) => return false,
        Ok(Err(fault)) => told.push(chain(&fault)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            told.push(format!("panicked: {}", text.unwrap_or("with a value that is no text")));
        }
    }
    true
}
