//! What payloads do on their lanes: the timers, sockets and spawns of their own runtime, unchanged; and what
//! happens with those of another one.
//!
//! FAULTS 25, 120 to 122; PEERS test list 15.

use std::cell::Cell;
use std::future::{Future, pending};
use std::io::{Read, Write};
use std::panic;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use integration_tests::each::{Any, Lane};
use integration_tests::fake::Fake;
use integration_tests::gate::Gate;
use integration_tests::witness::{Witness, witness};
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

const SHORT: Duration = Duration::from_millis(2);

/// Runs a payload on its lane and gives what it gives. No thread but the lane's may go on with it.
fn on<F: Lane, T: Send + 'static>(
    flavour: F,
    payload: impl AsyncFnOnce() -> T + Send + 'static,
) -> T {
    within(LIMIT, move || {
        let runner = runner();
        let value = runner.execute(flavour, move || async move {
            let lane = thread::current().id();
            let value = payload().await;
            assert_eq!(thread::current().id(), lane);
            value
        });
        let value = value.unwrap();
        finish(runner);
        value
    })
}

/// Awaits it and insists that it took as long as a timer of `SHORT` takes.
async fn takes_short<T>(future: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let value = future.await;
    assert!(begin.elapsed() >= SHORT);
    value
}

// -- tokio

#[test]
fn the_timers_of_tokio_work_on_the_tokio_lane() {
    on(Tokio, async || {
        takes_short(tokio::time::sleep(SHORT)).await;
        let mut ticks = tokio::time::interval(SHORT);
        ticks.tick().await;
        takes_short(async { (ticks.tick().await, ticks.tick().await) }).await;
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

/// More messages than tokio lets one task have in a turn: nobody starves, nothing hangs.
#[test]
fn the_channels_of_tokio_work_on_all_lanes() {
    const MESSAGES: usize = 10_000;
    async fn sum(mut from: tokio::sync::mpsc::Receiver<usize>) -> usize {
        let mut sum = 0;
        while let Some(one) = from.recv().await {
            sum += one;
        }
        sum
    }
    fn between<F: Lane, G: Lane>(runner: &Handle, one: F, other: G) {
        let (to, from) = tokio::sync::mpsc::channel(16);
        let sends = runner.spawn(one, async move || {
            for message in 0..MESSAGES {
                to.send(message).await.unwrap();
            }
        });
        let sum = runner.execute(other, async || sum(from).await);
        assert_eq!(sum.unwrap(), MESSAGES * (MESSAGES - 1) / 2);
        sends.unwrap().join().unwrap();
    }
    within(LIMIT, || {
        let runner = runner();
        between(&runner, Tokio, Tokio);
        between(&runner, Tokio, Smol);
        between(&runner, Smol, AsyncStd);
        between(&runner, AsyncStd, Fake);
        between(&runner, Fake, Tokio);
        finish(runner);
    });
}

/// Row 25: what a payload gave to its runtime by itself ends with the lane, on the lane's thread.
#[test]
fn tasks_that_a_payload_gave_to_tokio_are_dropped_with_the_lane() {
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

/// Comes to the gate and stays for ever.
async fn holds(_held: Witness, gate: Gate) {
    gate.come();
    pending::<()>().await;
}

// -- smol

#[test]
fn the_timers_of_smol_work_on_the_smol_lane() {
    on(Smol, async || {
        takes_short(smol::Timer::after(SHORT)).await;
        let mut ticks = smol::Timer::interval(SHORT);
        takes_short(smol::stream::StreamExt::next(&mut ticks)).await;
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
fn tasks_that_a_payload_gave_to_the_smol_lane_are_dropped_with_it() {
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

// -- async-std

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

// -- one runtime on the lane of another

/// Row 121: they bring a thread of their own.
#[test]
fn timers_and_sockets_of_smol_and_async_std_work_on_all_lanes() {
    async fn all() {
        use smol::io::AsyncReadExt;
        takes_short(smol::Timer::after(SHORT)).await;
        takes_short(async_std::task::sleep(SHORT)).await;
        let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let writes = smol::unblock(move || {
            std::net::TcpStream::connect(server).unwrap().write_all(b"ping").unwrap();
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = String::new();
        stream.read_to_string(&mut word).await.unwrap();
        writes.await;
        assert_eq!(word, "ping");
    }
    on(Tokio, all);
    on(Smol, all);
    on(AsyncStd, all);
    on(Fake, all);
}

/// Row 120: its lane goes on, and the message says what is missing.
#[test]
fn a_timer_of_tokio_on_another_lane_is_a_failure_of_its_task_that_says_why() {
    fn misplaced<F: Lane>(flavour: F) {
        let runner = runner();
        let sleeps = async || tokio::time::sleep(SHORT).await;
        let failed = runner.execute(flavour, sleeps).unwrap_err();
        let text = failed.as_panic().unwrap().text();
        assert!(text.contains("there is no reactor running"), "{text}");
        assert_eq!(runner.execute(flavour, async || 7).unwrap(), 7);
        runner.task("misplaced").adopt(flavour, sleeps).unwrap();
        let report = runner.run();
        let [failure] = report.failures() else { panic!("{report}") };
        assert_eq!(failure.task().name(), Some("misplaced"));
        assert_eq!(failure.task().flavour(), flavour.key().id());
        let text = report.to_string();
        assert!(text.contains(flavour.name()) && text.contains("no reactor running"), "{text}");
    }
    within(LIMIT, || {
        misplaced(Smol);
        misplaced(AsyncStd);
        misplaced(Fake);
    });
}

/// The way out: a task on the lane where it belongs.
#[test]
fn what_belongs_on_another_lane_is_awaited_there() {
    on(Smol, async || {
        let there = Handle::current().spawn(Tokio, async || {
            takes_short(tokio::time::sleep(SHORT)).await;
            7
        });
        assert_eq!(there.unwrap().await, Ok(7));
    });
}

// -- threads

/// Row 25: std, and threads of its own.
#[test]
fn files_sockets_and_threads_of_std_work_in_the_thread_flavour() {
    within(LIMIT, || {
        let runner = runner();
        let payload = || {
            assert!(std::fs::metadata("Cargo.toml").unwrap().is_file());
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let server = listener.local_addr().unwrap();
            let mut word = String::new();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut stream = std::net::TcpStream::connect(server).unwrap();
                    stream.write_all(b"ping").unwrap();
                });
                let (mut stream, _) = listener.accept().unwrap();
                stream.read_to_string(&mut word).unwrap();
            });
            word
        };
        assert_eq!(runner.spawn(Thread, payload).unwrap().join().unwrap(), "ping");
        assert_eq!(runner.execute(Thread, payload).unwrap(), "ping");
        finish(runner);
    });
}

/// Row 25: a thread that a payload made is nobody's; the context that was taken along tells it of the stop.
#[test]
fn a_context_taken_along_tells_a_thread_that_the_payload_made_of_the_stop() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let (come, told) = (gate.clone(), Arc::new(AtomicBool::new(false)));
        let tells = Arc::clone(&told);
        let payload = async move || {
            let cx = Context::current();
            let of_thread = cx.clone();
            let thread = thread::spawn(move || {
                assert!(Context::try_current().is_none());
                come.come();
                of_thread.stopped_blocking();
                tells.store(true, Ordering::SeqCst);
            });
            cx.stopped().await;
            thread.join().unwrap();
        };
        runner.adopt(Tokio, payload).unwrap();
        gate.wait_for(1);
        runner.stop();
        finish(runner);
        assert!(told.load(Ordering::SeqCst));
    });
}
