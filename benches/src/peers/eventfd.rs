//! Limits: a lane sleeps in epoll and is woken by an eventfd, as every reactor has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::fd::OwnedFd;

use crate::peers::futex::Slot;
use crate::peers::{Call, Joined, Peer};

/// In place of a value: the thread is to end.
const END: u64 = u64::MAX;

/// An eventfd, and the epoll that a lane sleeps in.
struct Bell {
    eventfd: OwnedFd,
    epoll: OwnedFd,
}

impl Bell {
    fn new() -> Self {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let eventfd = eventfd(0, flags).expect("an eventfd");
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll");
        // Edge-triggered, as tokio's mio has it: nothing needs to be read.
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&epoll, &eventfd, epoll::EventData::new_u64(0), flags).expect("room for it");
        Bell { eventfd, epoll }
    }

    fn ring(&self) {
        let one = 1_u64.to_ne_bytes();
        rustix::io::write(&self.eventfd, &one).expect("an eventfd takes eight bytes");
    }

    fn sleep(&self) {
        let mut events = [const { std::mem::MaybeUninit::uninit() }; 8];
        let _ = epoll::wait(&self.epoll, &mut events, None);
    }
}

/// An eventfd there; back a futex if the caller is a plain thread, an eventfd if it is a lane.
pub(crate) struct EventfdPair<const LANE: bool> {
    shared: Arc<Shared>,
    _lane: Joined,
}

struct Shared {
    there: Bell,
    /// Which request, and its value.
    request: (AtomicU64, AtomicU64),
    back: Bell,
    /// For a caller that is a lane: which reply, and its value.
    reply: (AtomicU64, AtomicU64),
    slot: Slot,
}

impl Shared {
    fn request(&self, value: u64) {
        self.request.1.store(value, Ordering::Relaxed);
        self.request.0.fetch_add(1, Ordering::Release);
        self.there.ring();
    }

    fn answer<const LANE: bool>(&self) {
        for seen in 0.. {
            while self.request.0.load(Ordering::Acquire) == seen {
                self.there.sleep();
            }
            match self.request.1.load(Ordering::Relaxed) {
                END => return,
                value if LANE => {
                    self.reply.1.store(value + 1, Ordering::Relaxed);
                    self.reply.0.fetch_add(1, Ordering::Release);
                    self.back.ring();
                }
                value => self.slot.post(value + 1),
            }
        }
    }
}

impl<const LANE: bool> Peer for EventfdPair<LANE> {
    const NAME: &'static str =
        if LANE { "LIMIT eventfd there, eventfd back" } else { "LIMIT eventfd there, futex back" };

    fn start() -> Self {
        let shared = Arc::new(Shared {
            there: Bell::new(),
            request: Default::default(),
            back: Bell::new(),
            reply: Default::default(),
            slot: Slot::default(),
        });
        let (of_lane, of_end) = (Arc::clone(&shared), Arc::clone(&shared));
        let lane = Joined::spawn(move || of_lane.answer::<LANE>());
        let lane = lane.ended_by(move || of_end.request(END));
        EventfdPair { shared, _lane: lane }
    }
}

impl<const LANE: bool> Call for EventfdPair<LANE> {
    type Ticket = (u64, u32);

    fn submit(&self, value: u64) -> (u64, u32) {
        let seen = (self.shared.reply.0.load(Ordering::Relaxed), self.shared.slot.number());
        self.shared.request(value);
        seen
    }

    fn redeem(&self, seen: (u64, u32)) -> u64 {
        if !LANE {
            return self.shared.slot.wait(seen.1, Duration::ZERO);
        }
        while self.shared.reply.0.load(Ordering::Acquire) == seen.0 {
            self.shared.back.sleep();
        }
        self.shared.reply.1.load(Ordering::Relaxed)
    }
}
