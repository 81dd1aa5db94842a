//! statsd over UDP: datagrams of lines, the bad ones skipped and counted.
//!
//! Nobody is told when a datagram is dropped. So nothing is dropped here: while the queue is full
//! this waits, and it is the kernel that drops, before anything counts as accepted.

use std::{
    net::UdpSocket,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_io::Async;
use futures_lite::future::{poll_once, yield_now};
use spumoni::prelude::*;

use crate::{
    counters::Counters, queue::QueueHandle, service::take_line::take_line, statsd::Record,
};

/// Largest datagram. On the heap: an array would be part of the future, and overflow the stack.
const DATAGRAM: usize = 65_536;
/// Most datagrams that go to the queue together, if so many are there already.
const TOGETHER: usize = 64;
/// How long a stop goes on reading what the kernel already has.
const LEFTOVERS: Duration = Duration::from_millis(250);

/// Listens for datagrams, on the smol flavour.
#[derive(Debug)]
pub(crate) struct StatsdUdp {
    /// Bound, and not blocking.
    pub(crate) socket: UdpSocket,
    /// Where the records go.
    pub(crate) queue: QueueHandle,
    /// Told of bad lines.
    pub(crate) counters: Arc<Counters>,
}

#[service(flavour = "smol", name = "statsd-udp")]
impl StatsdUdp {
    async fn run(self, cx: Context) -> anyhow::Result<()> {
        if cx.run_until_stopped(self.queue.opened()).await.is_err() {
            return Ok(());
        }
        let StatsdUdp { socket, queue, counters } = self;
        let socket = Async::new_nonblocking(socket).context("cannot listen for statsd over UDP")?;
        let mut datagram = vec![0; DATAGRAM];
        while !cx.is_stopping() {
            let Ok(received) = cx.run_until_stopped(socket.recv(&mut datagram)).await else {
                break;
            };
            let n = received.context("cannot read statsd datagrams")?;
            let mut records = Vec::new();
            take_lines(&datagram[..n], &mut records, &counters);
            take_more(&socket, &mut datagram, &mut records, &counters).await;
            if queue.push(records).await.is_err() {
                break; // The writer has ended, and with it the runner; why is the writer's to say.
            }
            yield_now().await; // A flood keeps nobody else from the lane.
        }
        cx.stopped().await;
        let last = Instant::now() + LEFTOVERS;
        let mut more = true;
        while more && Instant::now() < last {
            let mut records = Vec::new();
            more = take_more(&socket, &mut datagram, &mut records, &counters).await;
            more &= queue.push(records).await.is_ok();
        }
        Ok(())
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
