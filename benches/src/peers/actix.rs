//! actix-rt: an `Arbiter` is a thread with a runtime that takes futures from anywhere.

use actix_rt::{Arbiter, ArbiterHandle, System, SystemRunner};
use tokio::sync::oneshot;

use crate::gate;
use crate::peers::{Call, Fire, Peer};

/// See the module.
pub(crate) struct Actix {
    arbiter: Option<Arbiter>,
    handle: ArbiterHandle,
    _system: SystemRunner,
}

impl Peer for Actix {
    const NAME: &'static str = "actix-rt Arbiter::spawn";

    fn start() -> Self {
        // An arbiter needs a system on the thread that makes it; nobody needs to run that.
        let system = System::new();
        let arbiter = Arbiter::new();
        let handle = arbiter.handle();
        Actix { arbiter: Some(arbiter), handle, _system: system }
    }
}

impl Call for Actix {
    type Ticket = oneshot::Receiver<u64>;

    fn submit(&self, value: u64) -> Self::Ticket {
        let (to, from) = oneshot::channel();
        self.handle.spawn(async move {
            let _ = to.send(value + 1);
        });
        from
    }

    fn redeem(&self, reply: Self::Ticket) -> u64 {
        reply.blocking_recv().expect("it replies")
    }
}

impl Fire for Actix {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let handle = self.handle.clone();
        move |one| {
            handle.spawn(async move { gate::hit(one) });
        }
    }
}

impl Drop for Actix {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(arbiter) = self.arbiter.take() {
            arbiter.join().expect("an arbiter ends well");
        }
    }
}
