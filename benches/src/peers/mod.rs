//! The contestants, each written the way one would write it, and what all of them can do.

mod joined;
mod futex;
mod eventfd;
mod queue;
mod channel;
mod tokio_handle;
mod tokio_fed;
mod tracked;
mod actix;
mod smol_parts;
mod async_std_global;
mod pools;
mod runner;

pub(crate) use self::actix::Actix;
pub(crate) use self::async_std_global::AsyncStdGlobal;
pub(crate) use self::channel::{ChannelPair, OneThread};
pub(crate) use self::eventfd::EventfdPair;
pub(crate) use self::futex::{FutexPair, ParkPair};
pub(crate) use self::joined::Joined;
pub(crate) use self::pools::{Here, RayonOne, SpawnBlocking, Unblock};
pub(crate) use self::queue::SpunQueue;
pub(crate) use self::runner::{Lane, Laned, Pool};
pub(crate) use self::smol_parts::{SmolExecutor, SmolFed, SmolGlobal};
pub(crate) use self::tokio_fed::{LocalRuntimeFed, LocalSetFed};
pub(crate) use self::tokio_handle::{CurrentThread, MultiThread};
pub(crate) use self::tracked::{Joining, Tracked, until};

/// One who can be measured. Dropped, it has ended, threads included.
pub(crate) trait Peer: Sized + 'static {
    /// What it is called in tables and pictures.
    const NAME: &'static str;

    /// Starts it. Threads that come only with the first payload come with that.
    fn start() -> Self;
}

/// Runs `value + 1` elsewhere and gives the result back to the calling thread, a plain one.
pub(crate) trait Call: Peer {
    /// What to redeem a result with.
    type Ticket;

    /// Hands the payload over.
    fn submit(&self, value: u64) -> Self::Ticket;

    /// Blocks until the result is there.
    fn redeem(&self, ticket: Self::Ticket) -> u64;

    /// Both at once.
    fn call(&self, value: u64) -> u64 {
        self.redeem(self.submit(value))
    }
}

/// Runs [`gate::hit`](crate::gate::hit) elsewhere, and nobody waits for it. The payload carries one word, as
/// every payload in a program carries something: with nothing to carry, a boxed closure takes no memory,
/// and those who box it would be spared what their real use costs.
pub(crate) trait Fire: Peer {
    /// What one producer holds.
    fn port(&self) -> impl Fn(u64) + Send + 'static;
}
