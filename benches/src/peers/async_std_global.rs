//! async-std: one executor for the process, with as many threads as there are cores.

use async_std::task::{self, JoinHandle};

use crate::gate;
use crate::peers::{Call, Fire, Peer};

/// See the module.
pub(crate) struct AsyncStdGlobal;

impl Peer for AsyncStdGlobal {
    const NAME: &'static str = "async_std::task::spawn";

    fn start() -> Self {
        AsyncStdGlobal
    }
}

impl Call for AsyncStdGlobal {
    type Ticket = JoinHandle<u64>;

    fn submit(&self, value: u64) -> JoinHandle<u64> {
        task::spawn(async move { value + 1 })
    }

    fn redeem(&self, task: JoinHandle<u64>) -> u64 {
        async_std::task::block_on(task)
    }
}

impl Fire for AsyncStdGlobal {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        |one| drop(task::spawn(async move { gate::hit(one) }))
    }
}
