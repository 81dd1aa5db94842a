//! smol's own on the smol lane.

use std::cell::Cell;
use std::future::pending;
use std::panic;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

use super::{SHORT, holds, on, takes_short};

#[test]
fn the_timers_of_smol_work_on_the_smol_lane() {
    on(Smol, async || {
        takes_short(smol::Timer::after(SHORT)).await;
        takes_short(async {
            let mut ticks = smol::Timer::interval(SHORT);
            smol::stream::StreamExt::next(&mut ticks).await;
            smol::stream::StreamExt::next(&mut ticks).await;
        })
        .await;
        let late = smol::future::or(pending(), async { smol::Timer::after(SHORT).await });
        takes_short(late).await;
    });
}

#[test]
fn the_sockets_of_smol_work_on_the_smol_lane() {
    use smol::io::{AsyncReadExt, AsyncWriteExt};
    use smol::net::{TcpListener, TcpStream, UdpSocket};
    on(Smol, async || {
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

/// `smol::spawn` gives to smol's own threads, `spawn_local` to the lane.
#[test]
fn the_spawns_of_smol_work_on_the_smol_lane() {
    on(Smol, async || {
        let lane = thread::current().id();
        let shared = Rc::new(Cell::new(1));
        let of_task = Rc::clone(&shared);
        let local = spumoni::smol::spawn_local(async move {
            smol::future::yield_now().await;
            of_task.set(2);
            thread::current().id()
        });
        assert_eq!((local.await, shared.get()), (lane, 2));
        assert_ne!(smol::spawn(async { thread::current().id() }).await, lane);
        assert_ne!(smol::unblock(|| thread::current().id()).await, lane);
        let executor = smol::LocalExecutor::new();
        let of_payload = executor.spawn(async { thread::current().id() });
        assert_eq!(executor.run(of_payload).await, lane);
    });
}

#[test]
fn files_channels_and_locks_of_smol_work_on_the_smol_lane() {
    on(Smol, async || {
        assert!(smol::fs::metadata("Cargo.toml").await.unwrap().is_file());
        let (to, from) = smol::channel::bounded(1);
        let sends = smol::spawn(async move {
            for message in 0..100 {
                to.send(message).await.unwrap();
            }
        });
        let mut sum = 0;
        while let Ok(one) = from.recv().await {
            sum += one;
        }
        sends.await;
        assert_eq!(sum, 4950);
        let lock = Arc::new(smol::lock::Mutex::new(1));
        let guard = lock.lock_arc().await;
        let waits = smol::spawn({
            let lock = Arc::clone(&lock);
            async move { *lock.lock().await }
        });
        drop(guard);
        assert_eq!(waits.await, 1);
    });
}

/// Row 25, and dropping the handle of one cancels it at once, as everywhere in smol.
#[test]
fn f025_tasks_that_a_payload_gave_to_the_smol_lane_are_dropped_with_it() {
    fn ended_with<F: Lane>(flavour: F) {
        let (runner, come) = (runner(), Gate::default());
        let ((one, detached), (other, cancelled)) = (witness(), witness());
        let lane = runner.execute(flavour, async move || {
            spumoni::smol::spawn_local(holds(one, come.clone())).detach();
            let dropped = spumoni::smol::spawn_local(holds(other, come.clone()));
            while come.count() < 2 {
                smol::future::yield_now().await;
            }
            drop(dropped);
            thread::current().id()
        });
        let lane = lane.unwrap();
        assert_eq!(cancelled.recv().unwrap().id(), lane);
        assert!(detached.try_recv().is_err());
        finish(runner);
        assert_eq!(detached.recv().unwrap().id(), lane);
    }
    within(LIMIT, || {
        ended_with(Smol);
        ended_with(AsyncStd);
    });
}

#[test]
fn spawn_local_off_the_lanes_says_where_it_belongs() {
    within(LIMIT, || {
        let outside = panic::catch_unwind(|| drop(spumoni::smol::spawn_local(async {})));
        let outside = outside.unwrap_err();
        assert!(outside.downcast_ref::<&str>().unwrap().contains("smol and async-std lanes"));
        let runner = runner();
        let elsewhere = async || drop(spumoni::smol::spawn_local(async {}));
        let failed = runner.execute(Tokio, elsewhere).unwrap_err();
        let info = failed.as_panic().unwrap();
        assert!(info.text().contains("smol and async-std lanes"), "{info}");
        // The place is that of the call, not one in the library.
        assert!(info.location().unwrap().starts_with(file!()), "{info}");
        finish(runner);
    });
}
