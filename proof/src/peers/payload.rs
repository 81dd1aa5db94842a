//! Payloads that misbehave, the same ones for every contestant.

use std::error::Error;
use std::fmt;
use std::future::{self, Future};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::Barrier;

use super::facts::note;

/// What a payload does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Panics with a text that is made at run time.
    Panics,
    /// Panics with a number.
    PanicsWithNumber,
    /// Panics with a value whose destructor panics.
    PanicsWithBomb,
    /// Returns an error with a source.
    Fails,
    /// Returns an error together with two others.
    FailsWithOthers,
    /// Waits for the stop, then returns an error.
    FailsWhileStopping,
    /// Waits for the stop and ends.
    Listens,
    /// Waits for ever, and notes when it is dropped.
    Waits,
    /// Waits for ever, and panics when it is dropped.
    WaitsWithBomb,
    /// Takes a nap again and again, whatever is asked.
    Naps,
    /// Blocks its thread for good.
    Holds,
    /// Blocks its thread past every deadline, and panics then.
    HoldsThenPanics,
}

/// One payload with its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) does: Does,
}

/// A boxed future, as all executors take it.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a contestant lends a payload: the stop that it listens to, and its own timer.
pub(crate) struct Lent {
    pub(crate) stopped: Boxed<()>,
    pub(crate) nap: fn() -> Boxed<()>,
}

pub(crate) const NAP: Duration = Duration::from_millis(5);
/// How long a payload that holds its thread for a while does so.
pub(crate) const HELD: Duration = Duration::from_millis(900);

/// The texts that have to arrive.
pub(crate) const PANIC: &str = "boom 42";
pub(crate) const ERROR: &str = "disk is full";
pub(crate) const SOURCE: &str = "quota of volume 7";
pub(crate) const CLEANUP: &str = "cleanup went wrong";
pub(crate) const LATE: &str = "late by far";

static TOGETHER: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(3));

impl Payload {
    /// The payload as async code.
    pub(crate) async fn act(self, lent: Lent) -> Result<(), Fault> {
        note("started", self.name);
        match self.does {
            Does::FailsWithOthers => {
                TOGETHER.wait().await;
                return Err(Fault::new(format!("failure of {}", self.name)));
            }
            Does::FailsWhileStopping => {
                lent.stopped.await;
                return Err(Fault::new(CLEANUP.to_owned()));
            }
            Does::Listens => lent.stopped.await,
            Does::Waits => {
                let _dropped = Dropped(self.name);
                future::pending().await
            }
            Does::WaitsWithBomb => {
                let _bomb = Bomb;
                future::pending().await
            }
            Does::Naps => {
                let _dropped = Dropped(self.name);
                loop {
                    (lent.nap)().await;
                }
            }
            _ => return self.call(),
        }
        Ok(())
    }

    /// The payload as a call, which is lent a wait for the stop.
    pub(crate) fn call_until(self, stopped: impl FnOnce()) -> Result<(), Fault> {
        static TOGETHER: std::sync::Barrier = std::sync::Barrier::new(3);
        note("started", self.name);
        match self.does {
            Does::FailsWithOthers => {
                TOGETHER.wait();
                Err(Fault::new(format!("failure of {}", self.name)))
            }
            Does::FailsWhileStopping => {
                stopped();
                Err(Fault::new(CLEANUP.to_owned()))
            }
            Does::Listens => {
                stopped();
                Ok(())
            }
            _ => self.call(),
        }
    }

    /// Those that block or end at once, as a plain call.
    pub(crate) fn call(self) -> Result<(), Fault> {
        match self.does {
            Does::Panics => panic!("boom {}", std::hint::black_box(42)),
            Does::PanicsWithNumber => panic_any(42_u32),
            Does::PanicsWithBomb => panic_any(Bomb),
            Does::Fails => Err(Fault::with_source(ERROR.to_owned())),
            // It does not spin, so that the others of the machine notice little; for whoever waits that is the same.
            Does::Holds => loop {
                std::thread::sleep(Duration::from_millis(50));
            },
            Does::HoldsThenPanics => {
                std::thread::sleep(HELD);
                note("straggler ends", self.name);
                panic!("{LATE}")
            }
            other => unreachable!("{other:?} is for async code"),
        }
    }
}

/// An error with a source.
#[derive(Debug)]
pub(crate) struct Fault {
    text: String,
    source: Option<Box<Fault>>,
}

impl Fault {
    fn new(text: String) -> Self {
        Fault { text, source: None }
    }

    fn with_source(text: String) -> Self {
        Fault { text, source: Some(Box::new(Fault::new(SOURCE.to_owned()))) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Tells an error with all its sources.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    text
}

/// Notes its end.
struct Dropped(&'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        note("dropped", self.0);
    }
}

/// Panics at its end.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        note("bomb", "");
        panic!("a destructor panics");
    }
}
