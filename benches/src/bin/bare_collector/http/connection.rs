//! One connection, from its first byte to the answer to its last request.

use std::{
    convert::Infallible,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use axum::{Router, extract::Request, response::Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, sync::Notify, time::timeout};

use crate::{seats::Seat, stop::Stop};

/// How long the head of a request may take, and how long a connection may stay idle.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to fetch its last answer once a stop is asked.
const LAST_CHANCE: Duration = Duration::from_millis(250);

/// What a connection has asked for so far. Only its own task looks, but that may change threads.
#[derive(Debug, Default)]
struct Progress {
    begun: AtomicBool,
    answering: AtomicBool,
    answered: Notify,
}

/// Serves a connection. Once a stop is asked, only a request whose head has come is answered.
pub(super) async fn serve(stream: TcpStream, router: Router, seat: Seat, stop: Stop) {
    let progress = Progress::default();
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request| {
        seat.spoke();
        answer(&progress, &router, request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = seat.lost() => return,
        () = stop.asked() => connection.as_mut().graceful_shutdown(),
    }
    if !progress.begun.load(Relaxed) {
        return; // Silent, or in the middle of its first head.
    }
    if progress.answering.load(Relaxed) {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = progress.answered.notified() => {}
        }
    }
    let _ = timeout(LAST_CHANCE, connection).await;
}

async fn answer(
    progress: &Progress,
    router: &TowerToHyperService<Router>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    progress.begun.store(true, Relaxed);
    progress.answering.store(true, Relaxed);
    let response = router.call(request).await;
    progress.answering.store(false, Relaxed);
    progress.answered.notify_one();
    response
}
