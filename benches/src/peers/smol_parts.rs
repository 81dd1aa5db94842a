//! smol: the global executor, one's own executor, and one for futures that are not `Send`.

use std::sync::Arc;

use async_channel::Sender;
use async_executor::{Executor, LocalExecutor};
use smol::Task;

use crate::gate;
use crate::peers::{Call, Fire, Joined, Peer};

/// `smol::spawn`. Its one thread stays for the rest of the process.
pub(crate) struct SmolGlobal;

impl Peer for SmolGlobal {
    const NAME: &'static str = "smol::spawn (global)";

    fn start() -> Self {
        SmolGlobal
    }
}

impl Call for SmolGlobal {
    type Ticket = Task<u64>;

    fn submit(&self, value: u64) -> Task<u64> {
        smol::spawn(async move { value + 1 })
    }

    fn redeem(&self, task: Task<u64>) -> u64 {
        smol::block_on(task)
    }
}

impl Fire for SmolGlobal {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        |one| smol::spawn(async move { gate::hit(one) }).detach()
    }
}

/// An `Executor` that one thread runs.
pub(crate) struct SmolExecutor {
    pub(crate) executor: Arc<Executor<'static>>,
    _end: Sender<()>,
    _thread: Joined,
}

impl Peer for SmolExecutor {
    const NAME: &'static str = "async_executor::Executor::spawn";

    fn start() -> Self {
        let executor = Arc::new(Executor::new());
        let of_thread = Arc::clone(&executor);
        let (end, ended) = async_channel::bounded::<()>(1);
        let thread = Joined::spawn(move || {
            let _ = async_io::block_on(of_thread.run(ended.recv()));
        });
        SmolExecutor { executor, _end: end, _thread: thread }
    }
}

impl Call for SmolExecutor {
    type Ticket = Task<u64>;

    fn submit(&self, value: u64) -> Task<u64> {
        self.executor.spawn(async move { value + 1 })
    }

    fn redeem(&self, task: Task<u64>) -> u64 {
        futures_lite::future::block_on(task)
    }
}

impl Fire for SmolExecutor {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let executor = Arc::clone(&self.executor);
        move |one| executor.spawn(async move { gate::hit(one) }).detach()
    }
}

/// Spawns the future that it makes.
type Job = Box<dyn FnOnce(&LocalExecutor<'static>) + Send>;

/// A channel into a thread with a `LocalExecutor`.
pub(crate) struct SmolFed {
    jobs: Sender<Job>,
    _thread: Joined,
}

impl SmolFed {
    /// Runs `job` on the thread.
    pub(crate) fn send(&self, job: impl FnOnce(&LocalExecutor<'static>) + Send + 'static) {
        self.jobs.try_send(Box::new(job)).expect("the thread runs");
    }
}

impl Peer for SmolFed {
    const NAME: &'static str = "async-channel to LocalExecutor::spawn";

    fn start() -> Self {
        let (jobs, queue) = async_channel::unbounded::<Job>();
        let thread = Joined::spawn(move || {
            let executor = LocalExecutor::new();
            async_io::block_on(executor.run(async {
                while let Ok(job) = queue.recv().await {
                    job(&executor);
                }
            }));
        });
        SmolFed { jobs, _thread: thread }
    }
}

impl Call for SmolFed {
    type Ticket = oneshot::Receiver<u64>;

    fn submit(&self, value: u64) -> Self::Ticket {
        let (to, from) = oneshot::channel();
        self.send(move |executor| {
            executor
                .spawn(async move {
                    let _ = to.send(value + 1);
                })
                .detach();
        });
        from
    }

    fn redeem(&self, reply: Self::Ticket) -> u64 {
        reply.recv().expect("it replies")
    }
}

impl Fire for SmolFed {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let jobs = self.jobs.clone();
        move |one| {
            let job: Job =
                Box::new(move |executor| executor.spawn(async move { gate::hit(one) }).detach());
            jobs.try_send(job).expect("the thread runs");
        }
    }
}
