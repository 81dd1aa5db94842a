//! Payloads that do as they are told, and the slip on which each says what became of it.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use integration_tests::gate::Gate;
use spumoni::{Context, Reason, Refused};

use crate::step::{Ends, Plan, Waits};

/// The error of the payload with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Oops(pub(crate) usize);

impl std::fmt::Display for Oops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "oops {}", self.0)
    }
}

impl std::error::Error for Oops {}

/// What is known of a payload from inside.
#[derive(Debug, Default)]
pub(crate) struct Slip {
    /// It comes to it when it begins, and may wait at it.
    pub(crate) gate: Gate,
    ended: AtomicBool,
    defused: AtomicBool,
    dropped: AtomicUsize,
}

impl Slip {
    pub(crate) fn has_begun(&self) -> bool {
        self.gate.count() > 0
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// How often it was dropped.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Takes back what was refused: the payload has to be there still, untouched.
    pub(crate) fn take_back<T, P>(&self, result: Result<T, Refused<P>>) -> Result<T, Reason> {
        result.map_err(|refused| {
            let (reason, payload) = refused.into_parts();
            self.given_back(payload);
            reason
        })
    }

    /// A payload that came back, and is dropped here.
    pub(crate) fn given_back<P>(&self, payload: P) {
        assert_eq!(self.dropped(), 0, "it comes back whole");
        assert!(!self.has_begun(), "it comes back before it has begun");
        self.defused.store(true, Ordering::SeqCst);
        drop(payload);
        assert_eq!(self.dropped(), 1, "nobody else has some of it");
    }
}

/// What runs.
pub(crate) struct Body {
    number: usize,
    plan: Plan,
    slip: Arc<Slip>,
}

impl Body {
    pub(crate) fn new(number: usize, plan: Plan) -> (Self, Arc<Slip>) {
        let slip = Arc::new(Slip::default());
        (Body { number, plan, slip: Arc::clone(&slip) }, slip)
    }

    pub(crate) async fn run(self) -> Result<usize, Oops> {
        match self.plan.waits {
            Waits::No => self.slip.gate.come(),
            Waits::Gate => self.slip.gate.pass().await,
            Waits::Asked => {
                self.slip.gate.come();
                Context::current().stopped().await;
            }
            Waits::Ever => {
                self.slip.gate.come();
                pending::<()>().await;
            }
        }
        self.end()
    }

    pub(crate) fn run_blocking(self) -> Result<usize, Oops> {
        match self.plan.waits {
            Waits::No => self.slip.gate.come(),
            Waits::Gate => self.slip.gate.pass_blocking(),
            Waits::Asked | Waits::Ever => {
                self.slip.gate.come();
                Context::current().stopped_blocking();
            }
        }
        self.end()
    }

    fn end(self) -> Result<usize, Oops> {
        self.slip.ended.store(true, Ordering::SeqCst);
        match self.plan.ends {
            Ends::Value => Ok(self.number),
            Ends::Error => Err(Oops(self.number)),
            Ends::Panic => panic_quietly(self.number),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.slip.dropped.fetch_add(1, Ordering::SeqCst);
        let is_done = self.slip.has_ended() || self.slip.defused.load(Ordering::SeqCst);
        if self.plan.bomb && !is_done && !thread::panicking() {
            panic_quietly(self.number);
        }
    }
}

/// What the panic of the payload with this number says.
pub(crate) fn words(number: usize) -> String {
    format!("payload {number}")
}

/// Without the lines that the hook would print for each of thousands.
fn panic_quietly(number: usize) -> ! {
    resume_unwind(Box::new(words(number)))
}
