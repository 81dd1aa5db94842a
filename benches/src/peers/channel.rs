//! A thread behind a crossbeam channel: the plainest thing that works.

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::gate;
use crate::peers::{Call, Fire, Joined, Peer};

/// One channel there and one back, values only: no payload, no task, no handle. `ROOM` of zero is
/// without bound.
pub(crate) struct ChannelPair<const ROOM: usize> {
    there: Sender<u64>,
    back: Receiver<u64>,
    _thread: Joined,
}

impl<const ROOM: usize> Peer for ChannelPair<ROOM> {
    const NAME: &'static str = if ROOM == 0 {
        "crossbeam-channel pair, unbounded"
    } else {
        "crossbeam-channel pair, bounded(64)"
    };

    fn start() -> Self {
        let make = || if ROOM == 0 { unbounded() } else { bounded(ROOM) };
        let (there, requests) = make();
        let (replies, back) = make();
        let thread = Joined::spawn(move || {
            for value in requests {
                if replies.send(value + 1).is_err() {
                    return;
                }
            }
        });
        ChannelPair { there, back, _thread: thread }
    }
}

impl<const ROOM: usize> Call for ChannelPair<ROOM> {
    type Ticket = ();

    fn submit(&self, value: u64) {
        self.there.send(value).expect("the thread runs");
    }

    fn redeem(&self, (): ()) -> u64 {
        self.back.recv().expect("the thread runs")
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// One thread that calls closures; replies come through the crate `oneshot`, or with `CHANNEL`
/// through a channel of room for one.
pub(crate) struct OneThread<const CHANNEL: bool> {
    jobs: Sender<Job>,
    _thread: Joined,
}

/// Where a reply comes.
pub(crate) enum Reply {
    Oneshot(oneshot::Receiver<u64>),
    Channel(Receiver<u64>),
}

impl<const CHANNEL: bool> Peer for OneThread<CHANNEL> {
    const NAME: &'static str = if CHANNEL {
        "crossbeam-channel, 1 thread, bounded(1) back"
    } else {
        "crossbeam-channel, 1 thread, oneshot back"
    };

    fn start() -> Self {
        let (jobs, queue) = unbounded::<Job>();
        let thread = Joined::spawn(move || {
            for job in queue {
                job();
            }
        });
        OneThread { jobs, _thread: thread }
    }
}

impl<const CHANNEL: bool> Call for OneThread<CHANNEL> {
    type Ticket = Reply;

    fn submit(&self, value: u64) -> Reply {
        let (job, reply): (Job, Reply) = if CHANNEL {
            let (to, from) = bounded(1);
            (
                Box::new(move || {
                    let _ = to.send(value + 1);
                }),
                Reply::Channel(from),
            )
        } else {
            let (to, from) = oneshot::channel();
            (
                Box::new(move || {
                    let _ = to.send(value + 1);
                }),
                Reply::Oneshot(from),
            )
        };
        self.jobs.send(job).expect("the thread runs");
        reply
    }

    fn redeem(&self, reply: Reply) -> u64 {
        match reply {
            Reply::Oneshot(from) => from.recv().expect("it replies"),
            Reply::Channel(from) => from.recv().expect("it replies"),
        }
    }
}

impl<const CHANNEL: bool> Fire for OneThread<CHANNEL> {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let jobs = self.jobs.clone();
        move |one| jobs.send(Box::new(move || gate::hit(one))).expect("the thread runs")
    }
}
