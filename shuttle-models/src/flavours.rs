//! Flavours on shuttle: a lane whose executor is shuttle's own `block_on`, and the pool of the `thread` flavour.

use std::io;
use std::task::Poll;

use crate::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};
use crate::stand_in::time::{self, Instant};
use crate::thread_pool::Open;
use crate::{Async, Blocking};

/// Payloads run on a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane;

/// Payloads run on a second lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Other;

/// Payloads are called on the threads of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool;

impl Flavour for Lane {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("lane");
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(Drive)
    }
}

impl Flavour for Other {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("other");
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(Drive)
    }
}

impl Flavour for Pool {
    type Mode = Blocking;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("pool");
        &KEY
    }

    fn engine(self) -> Engine<Blocking> {
        Engine::pool(Open)
    }
}

struct Drive;

impl LaneEngine for Drive {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        shuttle::future::block_on(lane.run(|| true));
        Ok(())
    }

    fn timer(&self, deadline: Instant) -> Timer {
        let mut turns = 3;
        Box::pin(std::future::poll_fn(move |cx| {
            if turns == 0 {
                time::pass(deadline.saturating_duration_since(Instant::now()));
                return Poll::Ready(());
            }
            turns -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}
