//! tokio's own on the tokio lane.

use std::cell::Cell;
use std::future::pending;
use std::panic;
use std::rc::Rc;
use std::thread::{self, ThreadId};

use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

use super::{SHORT, holds, on, takes_short};

#[test]
fn the_timers_of_tokio_work_on_the_tokio_lane() {
    on(Tokio, async || {
        takes_short(tokio::time::sleep(SHORT)).await;
        takes_short(async {
            let mut ticks = tokio::time::interval(SHORT);
            (ticks.tick().await, ticks.tick().await)
        })
        .await;
        let late = tokio::time::timeout(SHORT, pending::<()>());
        assert!(takes_short(late).await.is_err());
    });
}

#[test]
fn the_sockets_of_tokio_work_on_the_tokio_lane() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream, UdpSocket};
    on(Tokio, async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let client = tokio::task::spawn_local(async move {
            let mut stream = TcpStream::connect(server).await.unwrap();
            stream.write_all(b"ping").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(b"pong").await.unwrap();
        drop(stream);
        assert_eq!((&word, client.await.unwrap().as_str()), (b"ping", "pong"));

        let (one, other) = (UdpSocket::bind("127.0.0.1:0"), UdpSocket::bind("127.0.0.1:0"));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        one.send_to(b"ping", other.local_addr().unwrap()).await.unwrap();
        assert_eq!(other.recv_from(&mut word).await.unwrap(), (4, one.local_addr().unwrap()));
    });
}

#[test]
fn the_spawns_of_tokio_work_on_the_tokio_lane() {
    on(Tokio, async || {
        let lane = thread::current().id();
        let shared = Rc::new(Cell::new(1));
        let of_task = Rc::clone(&shared);
        let local = tokio::task::spawn_local(async move {
            tokio::task::yield_now().await;
            of_task.set(2);
            thread::current().id()
        });
        let sent = tokio::spawn(async { thread::current().id() });
        let blocking = tokio::task::spawn_blocking(|| thread::current().id());
        let (local, sent, blocking) = tokio::join!(local, sent, blocking);
        assert_eq!((local.unwrap(), sent.unwrap(), shared.get()), (lane, lane, 2));
        assert_ne!(blocking.unwrap(), lane);
        assert!(tokio::spawn(async { panic!("tokio's own") }).await.unwrap_err().is_panic());
        let handle = tokio::runtime::Handle::current();
        assert_eq!(handle.spawn(async { 7 }).await.unwrap(), 7);
    });
}

/// Row 25: what a payload gave to its runtime by itself ends with the lane, on the lane's thread.
#[test]
fn f025_tasks_that_a_payload_gave_to_tokio_are_dropped_with_the_lane() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let come = gate.clone();
        let ((one, local), (other, sent)) = (witness(), witness());
        let lane = runner.execute(Tokio, async move || {
            let also = come.clone();
            tokio::task::spawn_local(holds(one, come));
            tokio::spawn(holds(other, also));
            thread::current().id()
        });
        gate.wait_for(2);
        finish(runner);
        let lane: ThreadId = lane.unwrap();
        assert_eq!(local.recv().unwrap().id(), lane);
        assert_eq!(sent.recv().unwrap().id(), lane);
    });
}
