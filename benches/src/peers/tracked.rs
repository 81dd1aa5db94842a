//! tokio with tracking: tasks that can be counted, waited for and told to stop, as a runner's can.

use std::cell::RefCell;

use tokio::select;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gate;
use crate::peers::{Call, CurrentThread, Fire, Peer};

/// A `TaskTracker`, and a `CancellationToken` that ends each of its tasks.
pub(crate) struct Tracked {
    tracker: TaskTracker,
    token: CancellationToken,
    runtime: CurrentThread,
}

impl Peer for Tracked {
    const NAME: &'static str = "tokio TaskTracker + CancellationToken";

    fn start() -> Self {
        Tracked {
            tracker: TaskTracker::new(),
            token: CancellationToken::new(),
            runtime: CurrentThread::start(),
        }
    }
}

/// Runs `body` until the token is cancelled. The body is made inside, where it takes room once:
/// `run_until_cancelled` would keep it twice.
pub(crate) async fn until<B: Future>(
    token: CancellationToken,
    body: impl FnOnce() -> B,
) -> Option<B::Output> {
    select! {
        biased;
        value = body() => Some(value),
        () = token.cancelled() => None,
    }
}

impl Call for Tracked {
    type Ticket = JoinHandle<Option<u64>>;

    fn submit(&self, value: u64) -> Self::Ticket {
        let body = until(self.token.clone(), async move || value + 1);
        self.tracker.spawn_on(body, &self.runtime.handle)
    }

    fn redeem(&self, task: Self::Ticket) -> u64 {
        let ended = self.runtime.handle.block_on(task);
        ended.expect("it ends well").expect("nobody stops it")
    }
}

impl Fire for Tracked {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let (tracker, token) = (self.tracker.clone(), self.token.clone());
        let handle = self.runtime.handle.clone();
        move |one| {
            let body = until(token.clone(), async move || gate::hit(one));
            drop(tracker.spawn_on(body, &handle));
        }
    }
}

/// A `JoinSet`. It gives results in the order in which they come.
pub(crate) struct Joining {
    set: RefCell<JoinSet<u64>>,
    runtime: CurrentThread,
}

impl Peer for Joining {
    const NAME: &'static str = "tokio JoinSet";

    fn start() -> Self {
        Joining { set: RefCell::new(JoinSet::new()), runtime: CurrentThread::start() }
    }
}

impl Call for Joining {
    type Ticket = ();

    fn submit(&self, value: u64) {
        let handle = &self.runtime.handle;
        self.set.borrow_mut().spawn_on(async move { value + 1 }, handle);
    }

    fn redeem(&self, (): ()) -> u64 {
        let mut set = self.set.borrow_mut();
        let next = self.runtime.handle.block_on(set.join_next());
        next.expect("there is one").expect("it ends well")
    }
}
