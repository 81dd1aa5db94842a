//! The flavour [`AsyncStd`]: a lane inside async-std's own `block_on`.

use std::io;
use std::sync::OnceLock;
use std::time::Instant;

use spumoni_core::Async;
use spumoni_core::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};

use crate::drive::{timer, with_executor};
use crate::room::{room_for_threads, start_async_io};

/// Payloads run on async-std. **Deprecated upstream**: async-std has been discontinued
/// (RUSTSEC-2025-0052). Most of its code runs on [`Smol`](crate::Smol) as it is; only what asks for
/// `async_std::task::current()` or uses `task_local!` needs this flavour. There, all payloads of the lane
/// are one task of async-std's.
///
/// `async_std::task::spawn` gives a task to async-std's global threads, which stay for the rest of the
/// process and belong to nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsyncStd;

static KEY: FlavourKey = FlavourKey::new("async-std");

impl Flavour for AsyncStd {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(Drive)
    }
}

struct Drive;

impl LaneEngine for Drive {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        start_async_std()?;
        async_std::task::block_on(with_executor(lane.run(|| true)));
        Ok(())
    }

    fn timer(&self, deadline: Instant) -> Timer {
        timer(deadline)
    }
}

/// Brings up async-std's own threads, as many as it will make: once they could not be made, it is broken for
/// the rest of the process.
fn start_async_std() -> io::Result<()> {
    static UP: OnceLock<()> = OnceLock::new();
    start_async_io()?;
    if UP.get().is_some() {
        return Ok(());
    }
    let asked = std::env::var("ASYNC_STD_THREAD_COUNT").ok().and_then(|count| count.parse().ok());
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    room_for_threads(asked.unwrap_or_else(cores).max(1))?;
    async_std::task::block_on(async {});
    let _ = UP.set(());
    Ok(())
}
