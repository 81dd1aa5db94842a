//! One connection: its lines go to the queue; what was read is never dropped.
//!
//! # Invariants
//! 1. Between a read that gave bytes and the hand-over of their lines nothing is awaited that could
//!    lose them: a stop, or the loss of the seat, is only looked at while waiting for the next read.
//! 2. A line without its line break counts as one only if the client has closed the connection
//!    properly: cut off anywhere else it may say something that was never meant.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_lite::{
    AsyncRead, AsyncReadExt as _,
    future::{or, poll_once, yield_now},
};
use spumoni::prelude::*;

use crate::{
    counters::Counters, queue::QueueHandle, seats::Seat, service::take_line::take_line,
    statsd::LineSplitter,
};

/// Bytes of one read. On the heap: an array would be part of the future.
const CHUNK: usize = 16 * 1024;
/// How long a stop goes on with what the kernel already has, on each connection.
pub(super) const LEFTOVERS: Duration = Duration::from_millis(250);

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection<S> {
    stream: S,
    seat: Seat,
    queue: QueueHandle,
    counters: Arc<Counters>,
    lines: LineSplitter,
    chunk: Vec<u8>,
}

/// What came of waiting for the client.
enum Next {
    Read(io::Result<usize>),
    Leave,
}

impl<S: AsyncRead + Unpin> Connection<S> {
    pub(super) fn new(
        stream: S,
        seat: Seat,
        queue: QueueHandle,
        counters: Arc<Counters>,
    ) -> Connection<S> {
        let (lines, chunk) = (LineSplitter::default(), vec![0; CHUNK]);
        Connection { stream, seat, queue, counters, lines, chunk }
    }

    /// Serves the client until it leaves, loses its seat, or a stop is asked.
    pub(super) async fn run(mut self, cx: &Context) {
        while !cx.is_stopping() {
            match self.next(cx).await {
                Next::Read(read) => {
                    if !self.take(read).await {
                        return;
                    }
                }
                Next::Leave => break,
            }
            yield_now().await; // A flood keeps nobody else from the lane.
        }
        self.take_leftovers(Instant::now() + LEFTOVERS).await;
    }

    /// Takes what the kernel already has, and no more than comes until `last`.
    pub(super) async fn take_leftovers(mut self, last: Instant) {
        while let Some(read) = poll_once(self.stream.read(&mut self.chunk)).await {
            if !self.take(read).await || Instant::now() >= last {
                return;
            }
            yield_now().await;
        }
    }

    async fn next(&mut self, cx: &Context) -> Next {
        let Connection { stream, seat, chunk, .. } = self;
        // The read comes first: what it gives is not lost to an end that comes at the same time.
        let read_or_lost = or(async { Next::Read(stream.read(chunk).await) }, async {
            seat.lost().await;
            Next::Leave
        });
        cx.run_until_stopped(read_or_lost).await.unwrap_or(Next::Leave)
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
