//! What payloads do on their lanes: the timers, sockets and spawns of their own runtime, unchanged; and what
//! happens with those of another one.
//!
//! FAULTS 25, 120 to 122; PEERS test list 15.

mod on_tokio;
mod on_smol;
mod on_async_std;
mod on_threads;
mod elsewhere;

use std::future::{Future, pending};
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::witness::Witness;
use integration_tests::{LIMIT, finish, runner, within};

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

/// Comes to the gate and stays for ever.
async fn holds(_held: Witness, gate: Gate) {
    gate.come();
    pending::<()>().await;
}
