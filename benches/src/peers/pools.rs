//! Pools that call closures: tokio's, smol's and rayon's; and no pool at all.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use smol::Task;
use tokio::task::JoinHandle;

use crate::gate;
use crate::peers::{Call, CurrentThread, Fire, Peer};

/// The calling thread itself calls the closure.
pub(crate) struct Here;

impl Peer for Here {
    const NAME: &'static str = "LIMIT the closure is called";

    fn start() -> Self {
        Here
    }
}

impl Call for Here {
    type Ticket = u64;

    fn submit(&self, value: u64) -> u64 {
        std::hint::black_box(value) + 1
    }

    fn redeem(&self, value: u64) -> u64 {
        std::hint::black_box(value)
    }
}

/// tokio's `spawn_blocking`.
pub(crate) struct SpawnBlocking {
    runtime: CurrentThread,
}

impl Peer for SpawnBlocking {
    const NAME: &'static str = "tokio spawn_blocking";

    fn start() -> Self {
        SpawnBlocking { runtime: CurrentThread::start() }
    }
}

impl Call for SpawnBlocking {
    type Ticket = JoinHandle<u64>;

    fn submit(&self, value: u64) -> JoinHandle<u64> {
        self.runtime.handle.spawn_blocking(move || value + 1)
    }

    fn redeem(&self, task: JoinHandle<u64>) -> u64 {
        self.runtime.handle.block_on(task).expect("it ends well")
    }
}

/// smol's `blocking::unblock`.
pub(crate) struct Unblock;

impl Peer for Unblock {
    const NAME: &'static str = "blocking::unblock";

    fn start() -> Self {
        Unblock
    }
}

impl Call for Unblock {
    type Ticket = Task<u64>;

    fn submit(&self, value: u64) -> Task<u64> {
        blocking::unblock(move || value + 1)
    }

    fn redeem(&self, task: Task<u64>) -> u64 {
        futures_lite::future::block_on(task)
    }
}

/// A rayon pool of one thread: `install` for a single call, `spawn` and a oneshot for more.
pub(crate) struct RayonOne {
    pool: Arc<ThreadPool>,
}

impl Peer for RayonOne {
    const NAME: &'static str = "rayon, 1 thread";

    fn start() -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(1).build();
        RayonOne { pool: Arc::new(pool.expect("a pool")) }
    }
}

impl Call for RayonOne {
    type Ticket = oneshot::Receiver<u64>;

    fn submit(&self, value: u64) -> Self::Ticket {
        let (to, from) = oneshot::channel();
        self.pool.spawn(move || {
            let _ = to.send(value + 1);
        });
        from
    }

    fn redeem(&self, reply: Self::Ticket) -> u64 {
        reply.recv().expect("it replies")
    }

    fn call(&self, value: u64) -> u64 {
        self.pool.install(|| value + 1)
    }
}

impl Fire for RayonOne {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let pool = Arc::clone(&self.pool);
        move |one| pool.spawn(move || gate::hit(one))
    }
}
