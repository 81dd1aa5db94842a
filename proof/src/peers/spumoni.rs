//! spumoni as a contestant, with the payloads on one of its flavours.

use std::error::Error;
use std::fmt;
use std::thread;
use std::time::Duration;

use spumoni::Refused;
use spumoni::prelude::*;

use super::adapter::{Adapter, Script, Stop};
use super::facts::note;
use super::payload::{Boxed, Does, Lent, NAP, Payload};
use crate::way::Way;

pub(crate) struct Spumoni(pub(crate) Way);

const SHORT: Duration = Duration::from_millis(200);

impl Adapter for Spumoni {
    fn name(&self) -> &'static str {
        match self.0 {
            Way::Tokio => "spumoni, tokio lane",
            Way::Smol => "spumoni, smol lane",
            Way::Thread => "spumoni, threads",
        }
    }

    fn about(&self) -> &'static str {
        match self.0 {
            Way::Tokio => {
                "payloads are adopted on `Tokio`, blocking ones on `Thread`; told is the `StopReport`."
            }
            Way::Smol => "the same with `Smol`.",
            Way::Thread => "the same with calls on `Thread`, which nobody can cancel.",
        }
    }

    fn run(&self, script: &Script) -> Option<()> {
        let cannot_be_dropped = [Does::Waits, Does::WaitsWithBomb, Does::Naps];
        let calls = self.0 == Way::Thread;
        if calls
            && (script.alone
                || script.payloads.iter().any(|one| cannot_be_dropped.contains(&one.does)))
        {
            return None;
        }
        let runner = ServiceRunner::builder().signals(script.stop == Stop::Signal);
        let runner = runner
            .grace(script.deadline)
            .stop_timeout(script.deadline)
            .build()
            .expect("good settings");
        for payload in &script.payloads {
            self.adopt(&runner, *payload, script.blocking).expect("an open runner");
        }
        let (handle, script_of) = (runner.handle(), script.clone());
        script.ask_later(move || {
            handle.stop_within(script_of.deadline);
            if script_of.stop != Stop::Threads(1) {
                note("answer", &handle.ended_blocking().to_string());
            }
        });
        let report = runner.run();
        script.returned(&report.to_string());
        for late in report.late_failures() {
            note("late", &late.to_string());
        }
        if script.stop == Stop::Signal {
            std::process::exit(report.exit_code().into());
        }
        Some(())
    }

    fn lets_go_of_a_handle(&self) -> Option<String> {
        let runner = quiet();
        let payload = Payload { name: "worker", does: Does::Panics };
        let task = runner.task(payload.name);
        match self.0 {
            Way::Tokio => {
                drop(task.spawn(Tokio, async move || payload.call().is_ok()).expect("open"))
            }
            Way::Smol => {
                drop(task.spawn(Smol, async move || payload.call().is_ok()).expect("open"))
            }
            Way::Thread => drop(task.spawn(Thread, move || payload.call().is_ok()).expect("open")),
        }
        Some(runner.run().to_string())
    }

    fn reads_a_handle_twice(&self) -> Option<String> {
        let runner = quiet();
        let handle = match self.0 {
            Way::Tokio => runner.spawn(Tokio, async || 1).expect("open"),
            Way::Smol => runner.spawn(Smol, async || 1).expect("open"),
            Way::Thread => runner.spawn(Thread, || 1).expect("open"),
        };
        Some(smol::block_on(async {
            let mut handle = handle;
            let first = (&mut handle).await;
            format!("{first:?}, then {:?}", (&mut handle).await)
        }))
    }

    fn awaits_its_own_handle(&self) -> Option<String> {
        let runner = quiet();
        let (give, take) = tokio::sync::oneshot::channel::<TaskHandle<()>>();
        let (tell, told) = std::sync::mpsc::channel();
        let own = async move || {
            if let Ok(own) = take.await {
                let _ = tell.send(format!("{:?}", own.await));
            }
        };
        let handle = match self.0 {
            Way::Tokio => runner.spawn(Tokio, own).expect("open"),
            Way::Smol => runner.spawn(Smol, own).expect("open"),
            Way::Thread => return None,
        };
        let _ = give.send(handle);
        told.recv().ok()
    }

    fn blocks_on_its_own_lane(&self) -> Option<String> {
        let runner = quiet();
        match self.0 {
            Way::Tokio => runner
                .execute(Tokio, async || told(Handle::current().execute(Tokio, async || 1)))
                .ok(),
            Way::Smol => runner
                .execute(Smol, async || told(Handle::current().execute(Smol, async || 1)))
                .ok(),
            // In the caller's own thread: there is nothing to wait for.
            Way::Thread => {
                runner.execute(Thread, || told(Handle::current().execute(Thread, || 1))).ok()
            }
        }
    }

    fn submits_while_stopping(&self) -> Option<String> {
        let runner = quiet();
        let (ready, cleaning) = std::sync::mpsc::channel();
        let cleans = move || {
            Context::current().stopped_blocking();
            let _ = ready.send(());
            thread::sleep(SHORT);
        };
        runner.adopt(Thread, cleans).expect("open");
        runner.stop();
        let (handle, way) = (runner.handle(), self.0);
        let late = thread::spawn(move || {
            let _ = cleaning.recv();
            match way {
                Way::Tokio => refused(handle.adopt(Tokio, async || note("ran", ""))),
                Way::Smol => refused(handle.adopt(Smol, async || note("ran", ""))),
                Way::Thread => refused(handle.adopt(Thread, || note("ran", ""))),
            }
        });
        let _ = runner.run();
        late.join().ok()
    }

    fn starts_without_descriptors(&self) -> Option<String> {
        let runner = quiet();
        let answer = match self.0 {
            Way::Tokio => told(runner.adopt(Tokio, async || ())),
            Way::Smol => told(runner.adopt(Smol, async || ())),
            Way::Thread => told(runner.adopt(Thread, || ())),
        };
        Some(format!("{answer}\n{}", runner.run()))
    }

    fn lives_inside_tokio(&self) -> Option<String> {
        let runtime = tokio::runtime::Runtime::new().ok()?;
        runtime.block_on(async {
            let runner = quiet();
            let value = match self.0 {
                Way::Tokio => told(runner.execute(Tokio, async || 42)),
                Way::Smol => told(runner.execute(Smol, async || 42)),
                Way::Thread => told(runner.execute(Thread, || 42)),
            };
            drop(runner);
            Some(value)
        })
    }
}

impl Spumoni {
    fn adopt(
        &self,
        runner: &Handle,
        payload: Payload,
        blocking: bool,
    ) -> Result<(), Box<dyn Error>> {
        let task = runner.task(payload.name);
        match self.0 {
            Way::Tokio if !blocking => {
                task.adopt(Tokio, move || payload.act(lent(|| Box::pin(tokio::time::sleep(NAP)))))?;
            }
            Way::Smol if !blocking => {
                let nap: fn() -> Boxed<()> = || {
                    Box::pin(async {
                        smol::Timer::after(NAP).await;
                    })
                };
                task.adopt(Smol, move || payload.act(lent(nap)))?;
            }
            Way::Tokio | Way::Smol | Way::Thread => {
                task.adopt(Thread, move || {
                    payload.call_until(|| Context::current().stopped_blocking())
                })?;
            }
        }
        Ok(())
    }
}

fn quiet() -> ServiceRunner {
    ServiceRunner::builder()
        .signals(false)
        .stop_timeout(Duration::from_secs(2))
        .build()
        .expect("good settings")
}

fn lent(nap: fn() -> Boxed<()>) -> Lent {
    Lent { stopped: Box::pin(Context::current().stopped()), nap }
}

/// An answer in words.
fn told<T: fmt::Debug, E: fmt::Display>(answer: Result<T, E>) -> String {
    match answer {
        Ok(value) => format!("ok {value:?}"),
        Err(error) => format!("refused: {error}"),
    }
}

/// The same of one that should come back.
fn refused<T: fmt::Debug, P>(answer: Result<T, Refused<P>>) -> String {
    let answer = answer.map_err(|refused| {
        let text = refused.to_string();
        let _payload = refused.into_payload();
        note("back", "");
        text
    });
    told(answer)
}
