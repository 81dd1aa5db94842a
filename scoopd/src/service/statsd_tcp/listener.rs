//! Takes connections in; each becomes a task of the runner, with its own line in `/status`.

use std::{
    mem,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use async_io::{Async, Timer};
use crossbeam_channel::{Receiver, Sender};
use futures_lite::future::poll_once;
use spumoni::{OnFailure, cli, prelude::*};

use super::connection::{Connection, LEFTOVERS};
use crate::{
    counters::Counters,
    doors::Doors,
    options::Options,
    queue::QueueHandle,
    say::complain,
    seats::Seats,
    service::{group_name, store::Store},
    values,
};

/// Most connections at once; well below the descriptors that a process usually may have.
const CONNECTIONS: usize = 400;
/// How long to wait after a connection could not be taken, for want of descriptors say.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a connection must have been silent to be closed then.
const SILENCE: Duration = Duration::from_secs(2);

/// Where connections come in.
#[derive(Debug, clap::Args)]
pub(crate) struct StatsdTcpOptions {
    /// Where to listen for connections, if not at the address of --statsd
    #[arg(long, value_name = "ADDR", value_parser = values::address)]
    listen: Option<SocketAddr>,
}

/// Listens for connections, on the smol flavour.
#[derive(Debug)]
pub(crate) struct StatsdTcp {
    options: StatsdTcpOptions,
    doors: Doors,
    counters: Arc<Counters>,
    /// Bound before anything starts, and kept over restarts.
    listener: OnceLock<TcpListener>,
    runs: AtomicU32,
}

#[service(
    flavour = "smol",
    name = "statsd-tcp",
    after = [Store],
    notify,
    init = Self::bind,
    restart = "on-failure"
)]
impl StatsdTcp {
    async fn bind(&self) -> anyhow::Result<()> {
        let address = self.options.listen.unwrap_or(cli::options::<Options>()?.statsd);
        let _ = self.listener.set(self.doors.statsd_tcp(address)?);
        Ok(())
    }

    async fn run(&self, cx: Context) -> anyhow::Result<()> {
        const CANNOT: &str = "cannot listen for statsd over TCP";
        let queue = cx.service::<Store>()?.queue();
        let listener = self.listener.get().context(CANNOT)?.try_clone().context(CANNOT)?;
        let listener = Async::new_nonblocking(listener).context(CANNOT)?;
        // The store is asked to stop when this service has ended, which is after its connections.
        let group = cx.handle().group(group_name(&cx, self.runs.fetch_add(1, Relaxed)));
        let connections = group.on_failure(OnFailure::Continue).forget_ends().open();
        let connections = connections.map_err(|reason| anyhow!("{reason}"))?;
        let (sender, waiting) = crossbeam_channel::unbounded();
        let seats = Seats::new(CONNECTIONS);
        let counters = self.counters.clone();
        let hall = Hall { listener, queue, counters, seats, connections, sender, waiting, cx };
        hall.cx.ready();
        hall.serve().await;
        hall.see_off().await;
        Ok(())
    }
}

impl StatsdTcp {
    /// Where the options say, or where systemd has opened a socket already.
    pub(crate) fn new(options: StatsdTcpOptions, doors: Doors, counters: Arc<Counters>) -> Self {
        let (listener, runs) = (OnceLock::new(), AtomicU32::new(0));
        StatsdTcp { options, doors, counters, listener, runs }
    }
}

type Guest = Connection<Async<TcpStream>>;

/// What one run of the service works with.
struct Hall {
    listener: Async<TcpListener>,
    queue: QueueHandle,
    counters: Arc<Counters>,
    seats: Seats,
    connections: Group,
    /// A task takes its connection out of here when it begins. What a stop has kept from beginning
    /// stays here, and is seen to with the others.
    sender: Sender<Guest>,
    waiting: Receiver<Guest>,
    cx: Context,
}

impl Hall {
    /// Takes connections in until a stop is asked.
    async fn serve(&self) {
        let mut told = false;
        for number in 1_u64.. {
            match self.cx.run_until_stopped(self.listener.accept()).await {
                Ok(Ok((stream, peer))) => {
                    told = false;
                    self.receive(stream);
                    self.adopt(format!("statsd-tcp-{number} from {peer}")).await;
                }
                Ok(Err(error)) => {
                    if !mem::replace(&mut told, true) {
                        complain(format_args!("cannot take a statsd connection: {error}"));
                    }
                    self.seats.free_some(SILENCE);
                    Timer::after(BREATHER).await;
                }
                Err(Stopping) => return,
            }
            if self.cx.is_stopping() {
                return; // However many more are waiting to be let in.
            }
        }
    }

    fn receive(&self, stream: Async<TcpStream>) {
        let (queue, counters) = (self.queue.clone(), self.counters.clone());
        let guest = Connection::new(stream, self.seats.take(), queue, counters);
        let _ = self.sender.send(guest); // The other end is here too.
    }

    /// Makes a task that serves the next connection. Only a stop refuses it. A panic is one connection's end and
    /// no more.
    async fn adopt(&self, name: String) {
        let waiting = self.waiting.clone();
        let task = self.connections.task(name).adopt(Smol, async move || {
            if let Ok(connection) = waiting.try_recv() {
                connection.run(&Context::current()).await;
            }
        });
        let _ = task.await;
    }

    /// Takes what has come before the stop.
    async fn see_off(&self) {
        self.connections.stop();
        // Who is connected as far as the kernel knows may have sent something too.
        let last = Instant::now() + LEFTOVERS;
        while Instant::now() < last
            && let Some(Ok((stream, _))) = poll_once(self.listener.accept()).await
        {
            self.receive(stream);
        }
        for connection in self.waiting.try_iter() {
            connection.take_leftovers(last).await;
        }
        let _ = self.connections.join_all().await;
    }
}
