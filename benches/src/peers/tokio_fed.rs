//! tokio for futures that are not `Send`: a channel into a thread that calls `spawn_local`.

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};

use crate::gate;
use crate::peers::{Call, Fire, Joined, Peer};

/// Calls `spawn_local` with the future that it makes.
type Job = Box<dyn FnOnce() + Send>;

/// A `LocalSet` on a current-thread runtime.
pub(crate) struct LocalSetFed {
    jobs: UnboundedSender<Job>,
    _thread: Joined,
}

/// A `LocalRuntime`.
pub(crate) struct LocalRuntimeFed {
    jobs: UnboundedSender<Job>,
    _thread: Joined,
}

async fn feed(mut queue: UnboundedReceiver<Job>) {
    while let Some(job) = queue.recv().await {
        job();
    }
}

fn submit(jobs: &UnboundedSender<Job>, value: u64) -> oneshot::Receiver<u64> {
    let (to, from) = oneshot::channel();
    let job = move || {
        drop(spawn_local(async move {
            let _ = to.send(value + 1);
        }))
    };
    jobs.send(Box::new(job)).expect("the thread runs");
    from
}

fn port(jobs: &UnboundedSender<Job>) -> impl Fn(u64) + Send + 'static {
    let jobs = jobs.clone();
    move |one| {
        let job = move || drop(spawn_local(async move { gate::hit(one) }));
        jobs.send(Box::new(job)).expect("the thread runs");
    }
}

impl Peer for LocalSetFed {
    const NAME: &'static str = "tokio mpsc to LocalSet spawn_local";

    fn start() -> Self {
        let (jobs, queue) = unbounded_channel();
        let thread = Joined::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            LocalSet::new().block_on(&runtime.expect("a runtime"), feed(queue));
        });
        LocalSetFed { jobs, _thread: thread }
    }
}

impl Peer for LocalRuntimeFed {
    const NAME: &'static str = "tokio mpsc to LocalRuntime spawn_local";

    fn start() -> Self {
        let (jobs, queue) = unbounded_channel();
        let thread = Joined::spawn(move || {
            let mut builder = Builder::new_current_thread();
            let runtime = builder.enable_all().build_local(LocalOptions::default());
            runtime.expect("a runtime").block_on(feed(queue));
        });
        LocalRuntimeFed { jobs, _thread: thread }
    }
}

impl Call for LocalSetFed {
    type Ticket = oneshot::Receiver<u64>;

    fn submit(&self, value: u64) -> Self::Ticket {
        submit(&self.jobs, value)
    }

    fn redeem(&self, reply: Self::Ticket) -> u64 {
        reply.blocking_recv().expect("it replies")
    }
}

impl Call for LocalRuntimeFed {
    type Ticket = oneshot::Receiver<u64>;

    fn submit(&self, value: u64) -> Self::Ticket {
        submit(&self.jobs, value)
    }

    fn redeem(&self, reply: Self::Ticket) -> u64 {
        reply.blocking_recv().expect("it replies")
    }
}

impl Fire for LocalSetFed {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        port(&self.jobs)
    }
}

impl Fire for LocalRuntimeFed {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        port(&self.jobs)
    }
}
