//! Takes connections in, and sees them off when a stop is asked.
//!
//! ```text
//! Serving ──stop──▶ Seeing off ──all that was begun is answered, or half of the grace is over──▶ end
//! ```
//!
//! Each connection is a task of the runner, with its own line in `/status`: the commit of a batch wakes
//! the lane once for all the connections that wait for it, where tokio would be woken for each.
//!
//! While it sees off, whoever comes new is still answered, so that `/readyz` says 503 instead of
//! nothing; but nobody who comes then is waited for.

use std::{mem, time::Duration};

use axum::Router;
use crossbeam_channel::{Receiver, Sender};
use spumoni::prelude::*;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::connection;
use crate::{
    say::complain,
    seats::{Seat, Seats},
};

/// Most connections at once; well below the descriptors that a process usually may have.
const CONNECTIONS: usize = 400;
/// How long to wait after a connection could not be taken, for want of descriptors say.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a connection must have been silent to be closed then.
const SILENCE: Duration = Duration::from_secs(2);
/// How long one that comes after a stop may take.
const LATECOMER: Duration = Duration::from_millis(500);

/// What one run of the service works with.
pub(super) struct Server {
    listener: TcpListener,
    router: Router,
    seats: Seats,
    /// Outlived by the service, and with it by the store.
    connections: Group,
    /// A task takes its connection out of here when it begins. What a stop has kept from beginning
    /// stays here, and is seen off with the others.
    sender: Sender<(TcpStream, Seat)>,
    waiting: Receiver<(TcpStream, Seat)>,
    cx: Context,
}

impl Server {
    pub(super) fn new(
        listener: TcpListener,
        router: Router,
        connections: Group,
        cx: Context,
    ) -> Server {
        let (sender, waiting) = crossbeam_channel::unbounded();
        let seats = Seats::new(CONNECTIONS);
        Server { listener, router, seats, connections, sender, waiting, cx }
    }

    /// Takes connections in until a stop is asked.
    pub(super) async fn serve(&self) {
        for number in 1_u64.. {
            let (stream, seat) = tokio::select! {
                accepted = self.accept() => accepted,
                () = self.reap() => continue,
                () = self.cx.stopped() => return,
            };
            let peer = stream.peer_addr().map_or_else(|_| String::new(), |peer| peer.to_string());
            let _ = self.sender.send((stream, seat)); // The other end is here too.
            self.adopt(format!("http-{number} from {peer}")).await;
        }
    }

    /// Makes a task that serves the next connection. Only a stop refuses it.
    async fn adopt(&self, name: String) {
        let (waiting, router) = (self.waiting.clone(), self.router.clone());
        let task = self.connections.task(name).adopt(Tokio, async move || {
            if let Ok((stream, seat)) = waiting.try_recv() {
                connection::serve(stream, router, seat, Context::current().stopped()).await;
            }
        });
        let _ = task.await;
    }

    /// Lets go of what is known of panics: one is one connection's end and no more, and the hook has told
    /// of it.
    async fn reap(&self) {
        while let Ok(Some(_)) = self.connections.join_next().await {}
        std::future::pending().await
    }

    /// Half of the grace is for this; the rest is the store's. It is asked to stop when this service has ended,
    /// so nobody is left behind here.
    pub(super) async fn see_off(&self, patience: Duration) {
        self.connections.stop();
        let (mut unbegun, mut latecomers) = (JoinSet::new(), JoinSet::new());
        for (stream, seat) in self.waiting.try_iter() {
            let stopped = self.cx.stopped();
            unbegun.spawn_local(connection::serve(stream, self.router.clone(), seat, stopped));
        }
        let all = async {
            while unbegun.join_next().await.is_some() {}
            // Those that take longer are cancelled by the runner.
            let _ = self.connections.join_all().await;
        };
        tokio::select! {
            _ = timeout(patience, all) => {}
            () = self.answer(&mut latecomers) => {}
        }
        unbegun.shutdown().await;
        latecomers.shutdown().await;
        let _ = self.connections.join_all().await;
    }

    /// Answers whoever comes after the stop, for as long as this is awaited.
    async fn answer(&self, latecomers: &mut JoinSet<()>) {
        loop {
            tokio::select! {
                (stream, seat) = self.accept() => {
                    let late = sleep(LATECOMER); // To them, this is when the stop comes.
                    let router = self.router.clone();
                    latecomers.spawn_local(connection::serve(stream, router, seat, late));
                }
                Some(_) = latecomers.join_next() => {}
            }
        }
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
