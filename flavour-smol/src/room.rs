//! What async-io and async-std make once for the process, made where a refusal of the system is an error.
//!
//! Both make it on the way, and panic where the system has no more threads or descriptors: async-io while a
//! guard of its `block_on` is dropped, which ends the process; async-std inside a cell that is broken from then
//! on, for the rest of the process. So we ask first, and the next lane may try again.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};
use std::thread::Builder;
use std::time::Duration;

use async_io::Timer;

/// No timer is ever that far away.
const DAY: Duration = Duration::from_secs(86_400);

/// Brings up async-io's reactor and its thread.
pub(crate) fn start_async_io() -> io::Result<()> {
    static UP: OnceLock<()> = OnceLock::new();
    if UP.get().is_some() {
        return Ok(());
    }
    room_for_threads(1)?;
    // What it takes is three descriptors; these are four.
    drop((io::pipe()?, io::pipe()?));
    // The reactor comes with the first timer that is waited for. Should somebody have taken the room meanwhile,
    // this panics, but where nothing is being dropped: the lane ends with that text.
    let timer = pin!(Timer::after(DAY));
    let _ = timer.poll(&mut Context::from_waker(Waker::noop()));
    let _ = UP.set(());
    Ok(())
}

/// Whether so many threads more could be made just now: all of them at the same time.
pub(crate) fn room_for_threads(count: usize) -> io::Result<()> {
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        let (hold, until) = channel::<()>();
        let thread = Builder::new().name("spumoni/room".to_owned()).spawn(move || until.recv());
        // An error lets go of those before it.
        held.push((hold, thread?));
    }
    for (hold, thread) in held {
        drop(hold);
        let _ = thread.join();
    }
    Ok(())
}
