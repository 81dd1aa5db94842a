//! Takes connections in, and sees them off when a stop is asked.
//!
//! ```text
//! Serving ──stop──▶ Seeing off ──all that was begun is answered, or half of the grace is over──▶ end
//! ```
//!
//! While it sees off, whoever comes new is still answered, so that `/readyz` says 503 instead of
//! nothing; but nobody who comes then is waited for.

use std::{future::Future, mem, net, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use spumoni::prelude::*;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    connection,
    routes::{App, router},
};
use crate::{
    counters::Counters,
    queue::QueueHandle,
    say::complain,
    seats::{Seat, Seats},
    store::Reader,
    totals::Totals,
};

/// Most connections at once; well below the descriptors that a process usually may have.
const CONNECTIONS: usize = 400;
/// How long to wait after a connection could not be taken, for want of descriptors say.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a connection must have been silent to be closed then.
const SILENCE: Duration = Duration::from_secs(2);
/// How long one that comes after a stop may take.
const LATECOMER: Duration = Duration::from_millis(500);

/// Answers HTTP, on the tokio flavour.
#[derive(Debug)]
pub(crate) struct Http {
    /// Bound, and not blocking.
    pub(crate) listener: net::TcpListener,
    /// Where the records go.
    pub(crate) queue: QueueHandle,
    /// Shown by `/metrics`.
    pub(crate) counters: Arc<Counters>,
    /// Shown by `/metrics`.
    pub(crate) totals: Arc<Totals>,
    /// Asked by `/query`.
    pub(crate) reader: Reader,
}

#[service(flavour = "tokio", name = "http")]
impl Http {
    async fn run(self, cx: Context) -> anyhow::Result<()> {
        if cx.run_until_stopped(self.queue.opened()).await.is_err() {
            return Ok(());
        }
        let Http { listener, queue, counters, totals, reader } = self;
        let listener = TcpListener::from_std(listener).context("cannot listen for HTTP")?;
        let reader = Arc::new(Mutex::new(reader));
        let router = router(App { queue, counters, totals, reader, cx: cx.clone() });
        let server = Server { listener, router, seats: Seats::new(CONNECTIONS), cx };
        let (mut connections, mut latecomers) = (JoinSet::new(), JoinSet::new());
        server.serve(&mut connections).await;
        let patience = server.cx.time_left().unwrap_or_default() / 2;
        let _ = timeout(patience, server.see_off(&mut connections, &mut latecomers)).await;
        // Waited for, because the writer waits for the last handle to the queue.
        connections.shutdown().await;
        latecomers.shutdown().await;
        Ok(())
    }
}

struct Server {
    listener: TcpListener,
    router: Router,
    seats: Seats,
    cx: Context,
}

impl Server {
    async fn serve(&self, connections: &mut JoinSet<()>) {
        while !self.cx.is_stopping() {
            tokio::select! {
                (stream, seat) = self.accept() => {
                    connections.spawn_local(self.connection(stream, seat, self.cx.stopped()));
                }
                // A panic is one connection's end and no more; the hook has told of it.
                Some(_) = connections.join_next() => {}
                () = self.cx.stopped() => {}
            }
        }
    }

    async fn see_off(&self, connections: &mut JoinSet<()>, latecomers: &mut JoinSet<()>) {
        while !connections.is_empty() {
            tokio::select! {
                _ = connections.join_next() => {}
                Some(_) = latecomers.join_next() => {}
                (stream, seat) = self.accept() => {
                    let late = sleep(LATECOMER); // To them, this is when the stop comes.
                    latecomers.spawn_local(self.connection(stream, seat, late));
                }
            }
        }
    }

    fn connection<F: Future<Output = ()>>(
        &self,
        stream: TcpStream,
        seat: Seat,
        stopped: F,
    ) -> impl Future<Output = ()> + use<F> {
        connection::serve(stream, self.router.clone(), seat, stopped)
    }

    async fn accept(&self) -> (TcpStream, Seat) {
        let mut told = false;
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true); // Only ever a matter of speed.
                    return (stream, self.seats.take());
                }
                Err(error) => {
                    if !mem::replace(&mut told, true) {
                        complain(format_args!("cannot take an HTTP connection: {error}"));
                    }
                    self.seats.free_some(SILENCE);
                    sleep(BREATHER).await;
                }
            }
        }
    }
}
