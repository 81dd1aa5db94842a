//! tokio's own way: `Handle::spawn` into a runtime that other threads drive.

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::gate;
use crate::peers::{Call, Fire, Joined, Peer};

/// A current-thread runtime on a thread of its own.
pub(crate) struct CurrentThread {
    pub(crate) handle: Handle,
    _end: oneshot::Sender<()>,
    _thread: Joined,
}

impl Peer for CurrentThread {
    const NAME: &'static str = "tokio current-thread Handle::spawn";

    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = Joined::spawn(move || drop(runtime.block_on(ended)));
        CurrentThread { handle, _end: end, _thread: thread }
    }
}

impl Call for CurrentThread {
    type Ticket = JoinHandle<u64>;

    fn submit(&self, value: u64) -> JoinHandle<u64> {
        self.handle.spawn(async move { value + 1 })
    }

    fn redeem(&self, task: JoinHandle<u64>) -> u64 {
        self.handle.block_on(task).expect("it ends well")
    }
}

impl Fire for CurrentThread {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let handle = self.handle.clone();
        move |one| drop(handle.spawn(async move { gate::hit(one) }))
    }
}

/// A multi-thread runtime with as many workers as there are cores.
pub(crate) struct MultiThread {
    runtime: Runtime,
}

impl Peer for MultiThread {
    const NAME: &'static str = "tokio multi-thread Handle::spawn";

    fn start() -> Self {
        MultiThread { runtime: Runtime::new().expect("a runtime") }
    }
}

impl Call for MultiThread {
    type Ticket = JoinHandle<u64>;

    fn submit(&self, value: u64) -> JoinHandle<u64> {
        self.runtime.spawn(async move { value + 1 })
    }

    fn redeem(&self, task: JoinHandle<u64>) -> u64 {
        self.runtime.block_on(task).expect("it ends well")
    }
}

impl Fire for MultiThread {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let handle = self.runtime.handle().clone();
        move |one| drop(handle.spawn(async move { gate::hit(one) }))
    }
}
