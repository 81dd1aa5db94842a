//! statsd over UDP: datagrams of lines, the bad ones skipped and counted.

use std::{
    net,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{net::UdpSocket, task::yield_now};

use crate::{
    counters::Counters, queue::QueueHandle, statsd::Record, stop::Stop, take_line::take_line,
};

/// Largest datagram.
const DATAGRAM: usize = 65_536;
/// Most datagrams that go to the queue together, if so many are there already.
const TOGETHER: usize = 64;
/// How long a stop goes on reading what the kernel already has.
const LEFTOVERS: Duration = Duration::from_millis(250);

pub(crate) async fn run(
    socket: net::UdpSocket,
    queue: QueueHandle,
    counters: Arc<Counters>,
    stop: Stop,
) -> anyhow::Result<()> {
    let socket = UdpSocket::from_std(socket).context("cannot listen for statsd over UDP")?;
    let mut datagram = vec![0; DATAGRAM];
    while !stop.is_asked() {
        let n = tokio::select! {
            biased;
            received = socket.recv(&mut datagram) => {
                received.context("cannot read statsd datagrams")?
            }
            () = stop.asked() => break,
        };
        let mut records = Vec::new();
        take_lines(&datagram[..n], &mut records, &counters);
        take_more(&socket, &mut datagram, &mut records, &counters);
        if queue.push(records).await.is_err() {
            return Ok(()); // The writer has ended; why is the writer's to say.
        }
        yield_now().await;
    }
    let last = Instant::now() + LEFTOVERS;
    let mut more = true;
    while more && Instant::now() < last {
        let mut records = Vec::new();
        more = take_more(&socket, &mut datagram, &mut records, &counters);
        more &= queue.push(records).await.is_ok();
    }
    Ok(())
}

/// Takes what is there without waiting. True if there may be more.
fn take_more(
    socket: &UdpSocket,
    datagram: &mut [u8],
    records: &mut Vec<Record>,
    counters: &Counters,
) -> bool {
    for _ in 0..TOGETHER {
        match socket.try_recv(datagram) {
            Ok(n) => take_lines(&datagram[..n], records, counters),
            Err(_) => return false, // An error comes again where it is reported.
        }
    }
    true
}

fn take_lines(datagram: &[u8], records: &mut Vec<Record>, counters: &Counters) {
    datagram.split(|byte| *byte == b'\n').for_each(|line| take_line(line, records, counters));
}
