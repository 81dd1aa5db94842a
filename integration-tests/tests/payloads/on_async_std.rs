//! async-std's own on the async-std lane.

use std::cell::Cell;
use std::future::pending;
use std::thread;

use spumoni::prelude::*;

use super::{SHORT, on, takes_short};

#[test]
fn the_timers_of_async_std_work_on_the_async_std_lane() {
    on(AsyncStd, async || {
        takes_short(async_std::task::sleep(SHORT)).await;
        let late = async_std::future::timeout(SHORT, pending::<()>());
        assert!(takes_short(late).await.is_err());
    });
}

#[test]
fn the_sockets_of_async_std_work_on_the_async_std_lane() {
    use async_std::io::{ReadExt, WriteExt};
    use async_std::net::{TcpListener, TcpStream, UdpSocket};
    on(AsyncStd, async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let client = spumoni::smol::spawn_local(async move {
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
        assert_eq!((&word, client.await.as_str()), (b"ping", "pong"));

        let (one, other) = (UdpSocket::bind("127.0.0.1:0"), UdpSocket::bind("127.0.0.1:0"));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        one.send_to(b"ping", other.local_addr().unwrap()).await.unwrap();
        assert_eq!(other.recv_from(&mut word).await.unwrap(), (4, one.local_addr().unwrap()));
    });
}

/// What only its own flavour gives: the current task, and variables of it.
#[test]
fn the_tasks_of_async_std_work_on_the_async_std_lane() {
    async_std::task_local! {
        static COUNT: Cell<u32> = Cell::new(1);
    }
    on(AsyncStd, async || {
        let lane = thread::current().id();
        let _ = async_std::task::current().id();
        COUNT.with(|count| count.set(2));
        async_std::task::yield_now().await;
        assert_eq!(COUNT.with(Cell::get), 2);
        assert_ne!(async_std::task::spawn(async { thread::current().id() }).await, lane);
        assert_ne!(async_std::task::spawn_blocking(|| thread::current().id()).await, lane);
        let (to, from) = async_std::channel::bounded(1);
        let sends = async_std::task::spawn(async move { to.send(7).await });
        assert_eq!(from.recv().await, Ok(7));
        sends.await.unwrap();
    });
}
