//! spumoni itself, through its public API and with its default settings.

use spumoni::{Async, Flavour, Handle, ServiceRunner, Smol, TaskHandle, Thread, Tokio};

use std::time::Duration;

use crate::gate;
use crate::peers::{Call, Fire, Peer};

/// An async flavour, and what its lane is called here.
pub(crate) trait Laned: Flavour<Mode = Async> + Default {
    const LANE: &'static str;
    const BUSY: &'static str;
}

impl Laned for Tokio {
    const LANE: &'static str = "spumoni, tokio lane";
    const BUSY: &'static str = "spumoni, tokio lane, busy-wait 20 µs";
}

impl Laned for Smol {
    const LANE: &'static str = "spumoni, smol lane";
    const BUSY: &'static str = "spumoni, smol lane, busy-wait 20 µs";
}

/// One lane of a runner; with `BUSY` it looks for work for so many microseconds before it sleeps.
pub(crate) struct Lane<F, const BUSY: u64 = 0> {
    runner: Running,
    flavour: F,
}

/// A runner that stops with its owner.
struct Running(ServiceRunner);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
        let _ = self.0.ended_blocking();
    }
}

impl<F: Laned, const BUSY: u64> Lane<F, BUSY> {
    pub(crate) fn handle(&self) -> Handle {
        self.runner.0.handle()
    }

    /// Asks every task to stop and waits until all have ended.
    pub(crate) fn stop(&self) {
        self.runner.0.stop();
        let _ = self.runner.0.ended_blocking();
    }

    /// Drops every task where it waits, and waits until all are gone.
    pub(crate) fn stop_now(&self) {
        self.runner.0.stop_now();
        let _ = self.runner.0.ended_blocking();
    }

    /// Waits until the lane has done all that it was given before.
    pub(crate) fn catch_up(&self) {
        let caught_up = self.runner.0.execute(self.flavour, async || ());
        caught_up.expect("it runs");
    }
}

impl<F: Laned, const BUSY: u64> Peer for Lane<F, BUSY> {
    const NAME: &'static str = if BUSY == 0 { F::LANE } else { F::BUSY };

    fn start() -> Self {
        let runner = if BUSY == 0 {
            ServiceRunner::new()
        } else {
            let builder = ServiceRunner::builder().busy_wait(Duration::from_micros(BUSY));
            builder.build().expect("the settings are good")
        };
        Lane { runner: Running(runner), flavour: F::default() }
    }
}

impl<F: Laned, const BUSY: u64> Call for Lane<F, BUSY> {
    type Ticket = TaskHandle<u64>;

    fn submit(&self, value: u64) -> TaskHandle<u64> {
        let task = self.runner.0.spawn(self.flavour, async move || value + 1);
        task.expect("it is taken")
    }

    fn redeem(&self, task: TaskHandle<u64>) -> u64 {
        task.join().expect("it ends well")
    }

    fn call(&self, value: u64) -> u64 {
        let result = self.runner.0.execute(self.flavour, async move || value + 1);
        result.expect("it ends well")
    }
}

impl<F: Laned, const BUSY: u64> Fire for Lane<F, BUSY> {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let (handle, flavour) = (self.handle(), self.flavour);
        move |one| {
            handle.adopt(flavour, async move || gate::hit(one)).expect("it is taken");
        }
    }
}

/// The pool of a runner.
pub(crate) struct Pool {
    runner: Running,
}

impl Peer for Pool {
    const NAME: &'static str = "spumoni, thread flavour";

    fn start() -> Self {
        Pool { runner: Running(ServiceRunner::new()) }
    }
}

impl Call for Pool {
    type Ticket = TaskHandle<u64>;

    fn submit(&self, value: u64) -> TaskHandle<u64> {
        let task = self.runner.0.spawn(Thread, move || value + 1);
        task.expect("it is taken")
    }

    fn redeem(&self, task: TaskHandle<u64>) -> u64 {
        task.join().expect("it ends well")
    }

    fn call(&self, value: u64) -> u64 {
        let result = self.runner.0.execute(Thread, move || value + 1);
        result.expect("it ends well")
    }
}
