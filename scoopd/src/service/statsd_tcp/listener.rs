//! Takes connections in; each becomes a task of the runner, with its own line in `/status`.

use std::{
    mem,
    net::{TcpListener, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_io::{Async, Timer};
use crossbeam_channel::Receiver;
use futures_lite::future::poll_once;
use spumoni::prelude::*;

use super::connection::Connection;
use crate::{counters::Counters, queue::QueueHandle, say::complain, seats::Seats};

/// Most connections at once; well below the descriptors that a process usually may have.
const CONNECTIONS: usize = 400;
/// How long to wait after a connection could not be taken, for want of descriptors say.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a connection must have been silent to be closed then.
const SILENCE: Duration = Duration::from_secs(2);
/// How long a stop goes on with what the kernel already has, on each connection.
pub(super) const LEFTOVERS: Duration = Duration::from_millis(250);

/// Listens for connections, on the smol flavour.
#[derive(Debug)]
pub(crate) struct StatsdTcp {
    /// Bound, and not blocking.
    pub(crate) listener: TcpListener,
    /// Where the records go.
    pub(crate) queue: QueueHandle,
    /// Told of bad lines.
    pub(crate) counters: Arc<Counters>,
}

#[service(flavour = "smol", name = "statsd-tcp")]
impl StatsdTcp {
    async fn run(self, cx: Context) -> anyhow::Result<()> {
        if cx.run_until_stopped(self.queue.opened()).await.is_err() {
            return Ok(());
        }
        let StatsdTcp { listener, queue, counters } = self;
        let listener =
            Async::new_nonblocking(listener).context("cannot listen for statsd over TCP")?;
        let seats = Seats::new(CONNECTIONS);
        let connection =
            |stream| Connection::new(stream, seats.take(), queue.clone(), counters.clone());
        // A task takes its connection out of here when it begins. What a stop has kept from
        // beginning stays here, and is seen to below.
        let (sender, waiting) = crossbeam_channel::unbounded();
        let mut told = false;
        for number in 1_u64.. {
            match cx.run_until_stopped(listener.accept()).await {
                Ok(Ok((stream, peer))) => {
                    told = false;
                    let _ = sender.send(connection(stream)); // The other end is here too.
                    adopt(&cx, format!("statsd-tcp-{number} from {peer}"), waiting.clone());
                }
                Ok(Err(error)) => {
                    if !mem::replace(&mut told, true) {
                        complain(format_args!("cannot take a statsd connection: {error}"));
                    }
                    seats.free_some(SILENCE);
                    Timer::after(BREATHER).await;
                }
                Err(Stopping) => break,
            }
            if cx.is_stopping() {
                break; // However many more are waiting to be let in.
            }
        }
        // Who is connected as far as the kernel knows may have sent something too.
        let last = Instant::now() + LEFTOVERS;
        while Instant::now() < last
            && let Some(Ok((stream, _))) = poll_once(listener.accept()).await
        {
            let _ = sender.send(connection(stream));
        }
        for connection in waiting.try_iter() {
            connection.take_leftovers(last).await;
        }
        Ok(())
    }
}

/// Makes a task that serves the next connection. Only a stop refuses it.
fn adopt(cx: &Context, name: String, waiting: Receiver<Connection<Async<TcpStream>>>) {
    let _ = cx.handle().task(name).adopt(Smol, async move || {
        if let Ok(connection) = waiting.try_recv() {
            connection.run(&Context::current()).await;
        }
    });
}
