//! statsd over UDP: datagrams of lines, the bad ones skipped and counted.
//!
//! Nobody is told when a datagram is dropped. So nothing is dropped here: while the queue is full
//! this waits, and it is the kernel that drops, before anything counts as accepted.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_io::Async;
use futures_lite::future::{poll_once, yield_now};
use spumoni::{cli, prelude::*};

use super::{store::Store, take_line::take_line};
use crate::{counters::Counters, doors::Doors, options::Options, statsd::Record, values};

/// Largest datagram. On the heap: an array would be part of the future, and overflow the stack.
const DATAGRAM: usize = 65_536;
/// Most datagrams that go to the queue together, if so many are there already.
const TOGETHER: usize = 64;
/// How long a stop goes on reading what the kernel already has.
const LEFTOVERS: Duration = Duration::from_millis(250);

/// Where datagrams come in.
#[derive(Debug, clap::Args)]
pub(crate) struct StatsdUdpOptions {
    /// Where to listen for datagrams, if not at the address of --statsd
    #[arg(long, value_name = "ADDR", value_parser = values::address)]
    listen: Option<SocketAddr>,
}

/// Listens for datagrams, on the smol flavour.
#[derive(Debug)]
pub(crate) struct StatsdUdp {
    options: StatsdUdpOptions,
    doors: Doors,
    counters: Arc<Counters>,
    /// Bound before anything starts, and kept over restarts.
    socket: OnceLock<UdpSocket>,
}

#[service(
    flavour = "smol",
    name = "statsd-udp",
    after = [Store],
    notify,
    init = Self::bind,
    restart = "on-failure"
)]
impl StatsdUdp {
    async fn bind(&self) -> anyhow::Result<()> {
        let address = self.options.listen.unwrap_or(cli::options::<Options>()?.statsd);
        let _ = self.socket.set(self.doors.statsd_udp(address)?);
        Ok(())
    }

    async fn run(&self, cx: Context) -> anyhow::Result<()> {
        const CANNOT: &str = "cannot listen for statsd over UDP";
        let queue = cx.service::<Store>()?.queue();
        let socket = self.socket.get().context(CANNOT)?.try_clone().context(CANNOT)?;
        let socket = Async::new_nonblocking(socket).context(CANNOT)?;
        cx.ready();
        let counters = &*self.counters;
        let mut datagram = vec![0; DATAGRAM];
        while !cx.is_stopping() {
            let Ok(received) = cx.run_until_stopped(socket.recv(&mut datagram)).await else {
                break;
            };
            let n = received.context("cannot read statsd datagrams")?;
            let mut records = Vec::new();
            take_lines(&datagram[..n], &mut records, counters);
            take_more(&socket, &mut datagram, &mut records, counters).await;
            if queue.push(records).await.is_err() {
                break; // The store has ended, and with it the runner; why is the store's to say.
            }
            yield_now().await; // A flood keeps nobody else from the lane.
        }
        cx.stopped().await;
        let last = Instant::now() + LEFTOVERS;
        let mut more = true;
        while more && Instant::now() < last {
            let mut records = Vec::new();
            more = take_more(&socket, &mut datagram, &mut records, counters).await;
            more &= queue.push(records).await.is_ok();
        }
        Ok(())
    }
}

impl StatsdUdp {
    /// Where the options say, or where systemd has opened a socket already.
    pub(crate) fn new(options: StatsdUdpOptions, doors: Doors, counters: Arc<Counters>) -> Self {
        StatsdUdp { options, doors, counters, socket: OnceLock::new() }
    }
}

/// Takes what is there without waiting. True if there may be more.
async fn take_more(
    socket: &Async<UdpSocket>,
    datagram: &mut [u8],
    records: &mut Vec<Record>,
    counters: &Counters,
) -> bool {
    for _ in 0..TOGETHER {
        match poll_once(socket.recv(datagram)).await {
            Some(Ok(n)) => take_lines(&datagram[..n], records, counters),
            Some(Err(_)) | None => return false, // An error comes again where it is reported.
        }
    }
    true
}

fn take_lines(datagram: &[u8], records: &mut Vec<Record>, counters: &Counters) {
    datagram.split(|byte| *byte == b'\n').for_each(|line| take_line(line, records, counters));
}
