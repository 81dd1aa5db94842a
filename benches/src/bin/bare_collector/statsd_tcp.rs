//! statsd over TCP: lines, from as many connections as there are seats.

use std::{
    io, net,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    task::{JoinSet, yield_now},
    time::sleep,
};

use crate::{
    counters::Counters,
    queue::QueueHandle,
    say::complain,
    seats::{Seat, Seats},
    statsd::LineSplitter,
    stop::Stop,
    take_line::take_line,
};

/// Most connections at once.
const CONNECTIONS: usize = 400;
/// How long to wait after a connection could not be taken.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a connection must have been silent to be closed then.
const SILENCE: Duration = Duration::from_secs(2);
/// How long a stop goes on with what the kernel already has, on each connection.
const LEFTOVERS: Duration = Duration::from_millis(250);
/// Bytes of one read.
const CHUNK: usize = 16 * 1024;

pub(crate) async fn run(
    listener: net::TcpListener,
    queue: QueueHandle,
    counters: Arc<Counters>,
    stop: Stop,
) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener).context("cannot listen for statsd over TCP")?;
    let (seats, mut connections) = (Seats::new(CONNECTIONS), JoinSet::new());
    while !stop.is_asked() {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection {
                        stream,
                        seat: seats.take(),
                        queue: queue.clone(),
                        counters: counters.clone(),
                        lines: LineSplitter::default(),
                        chunk: vec![0; CHUNK],
                    };
                    connections.spawn(connection.run(stop.clone()));
                }
                Err(error) => {
                    complain(format_args!("cannot take a statsd connection: {error}"));
                    seats.free_some(SILENCE);
                    sleep(BREATHER).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop.asked() => {}
        }
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

struct Connection {
    stream: TcpStream,
    seat: Seat,
    queue: QueueHandle,
    counters: Arc<Counters>,
    lines: LineSplitter,
    chunk: Vec<u8>,
}

impl Connection {
    async fn run(mut self, stop: Stop) {
        while !stop.is_asked() {
            let read = tokio::select! {
                biased;
                read = self.stream.read(&mut self.chunk) => read,
                () = self.seat.lost() => break,
                () = stop.asked() => break,
            };
            if !self.take(read).await {
                return;
            }
            yield_now().await;
        }
        let last = Instant::now() + LEFTOVERS;
        loop {
            let read = self.stream.try_read(&mut self.chunk);
            let none = read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            if none || !self.take(read).await || Instant::now() >= last {
                return;
            }
        }
    }

    /// Hands over the lines that a read has completed. False if it was the last one.
    async fn take(&mut self, read: io::Result<usize>) -> bool {
        let Connection { lines, counters, chunk, .. } = self;
        let mut records = Vec::new();
        let mut line = |line: &[u8]| take_line(line, &mut records, counters);
        let more = match read {
            Ok(0) => {
                lines.finish(line);
                false
            }
            Ok(n) => {
                lines.feed(&chunk[..n], &mut line);
                true
            }
            Err(error) => error.kind() == io::ErrorKind::Interrupted,
        };
        if !records.is_empty() {
            self.seat.spoke();
        }
        self.queue.push(records).await.is_ok() && more
    }
}
