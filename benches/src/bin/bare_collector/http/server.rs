//! Takes connections in, and sees them off when a stop is asked.

use std::{net, time::Duration};

use anyhow::Context as _;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    connection,
    routes::{Shared, router},
};
use crate::{
    say::complain,
    seats::{Seat, Seats},
};

/// Most connections at once.
const CONNECTIONS: usize = 400;
/// How long to wait after a connection could not be taken.
const BREATHER: Duration = Duration::from_millis(100);
/// How long a connection must have been silent to be closed then.
const SILENCE: Duration = Duration::from_secs(2);

pub(crate) async fn run(listener: net::TcpListener, shared: Shared) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener).context("cannot listen for HTTP")?;
    let (stop, seats) = (shared.stop.clone(), Seats::new(CONNECTIONS));
    let router = router(shared);
    let mut connections = JoinSet::new();
    while !stop.is_asked() {
        tokio::select! {
            (stream, seat) = accept(&listener, &seats) => {
                connections.spawn(connection::serve(stream, router.clone(), seat, stop.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = stop.asked() => {}
        }
    }
    let patience = stop.time_left().unwrap_or_default() / 2;
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(patience, all).await;
    connections.shutdown().await;
    Ok(())
}

async fn accept(listener: &TcpListener, seats: &Seats) -> (TcpStream, Seat) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true); // Only ever a matter of speed.
                return (stream, seats.take());
            }
            Err(error) => {
                complain(format_args!("cannot take an HTTP connection: {error}"));
                seats.free_some(SILENCE);
                sleep(BREATHER).await;
            }
        }
    }
}
