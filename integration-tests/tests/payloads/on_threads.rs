//! The standard library in blocking payloads, and threads that payloads make.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

/// Row 25: std, and threads of its own.
#[test]
fn f025_files_sockets_and_threads_of_std_work_in_the_thread_flavour() {
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
fn f025_a_context_taken_along_tells_a_thread_that_the_payload_made_of_the_stop() {
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
