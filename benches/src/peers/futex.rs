//! Limits: a value goes to a thread and back by a futex each way, or by the parking of std.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rustix::thread::futex;

use crate::peers::{Call, Joined, Peer};

/// In place of a value: nothing there yet.
const EMPTY: u64 = u64::MAX;
/// In place of a value: the thread is to end.
const END: u64 = u64::MAX - 1;

/// A value to wait for, looked at for a while before the futex.
#[derive(Default)]
pub(crate) struct Slot {
    number: AtomicU32,
    asleep: AtomicBool,
    value: AtomicU64,
}

impl Slot {
    pub(crate) fn post(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed);
        // SeqCst, as in `wait`: either the waiter sees the number or this sees that it sleeps.
        self.number.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            let _ = futex::wake(&self.number, futex::Flags::PRIVATE, 1);
        }
    }

    /// How many values have been posted.
    pub(crate) fn number(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    /// Waits for the value after the first `seen`.
    pub(crate) fn wait(&self, seen: u32, look: Duration) -> u64 {
        if !look.is_zero() {
            let until = Instant::now() + look;
            while self.number.load(Ordering::Acquire) == seen && Instant::now() < until {
                std::hint::spin_loop();
            }
        }
        while self.number.load(Ordering::SeqCst) == seen {
            self.asleep.store(true, Ordering::SeqCst);
            if self.number.load(Ordering::SeqCst) == seen {
                let _ = futex::wait(&self.number, futex::Flags::PRIVATE, seen, None);
            }
            self.asleep.store(false, Ordering::SeqCst);
        }
        self.value.load(Ordering::Relaxed)
    }
}

/// A futex there and a futex back; each side looks for so many microseconds before it sleeps.
pub(crate) struct FutexPair<const CALLER: u64, const LANE: u64> {
    slots: Arc<(Slot, Slot)>,
    _lane: Joined,
}

impl<const CALLER: u64, const LANE: u64> Peer for FutexPair<CALLER, LANE> {
    const NAME: &'static str = match (CALLER, LANE) {
        (0, 0) => "LIMIT futex there, futex back",
        (_, 0) => "LIMIT futex, caller looks 50 µs",
        _ => "LIMIT futex, caller looks 50 µs, lane 20 µs",
    };

    fn start() -> Self {
        let slots = Arc::<(Slot, Slot)>::default();
        let (of_lane, of_end) = (Arc::clone(&slots), Arc::clone(&slots));
        let lane = Joined::spawn(move || {
            for seen in 0.. {
                match of_lane.0.wait(seen, Duration::from_micros(LANE)) {
                    END => return,
                    value => of_lane.1.post(value + 1),
                }
            }
        });
        let lane = lane.ended_by(move || of_end.0.post(END));
        FutexPair { slots, _lane: lane }
    }
}

impl<const CALLER: u64, const LANE: u64> Call for FutexPair<CALLER, LANE> {
    type Ticket = u32;

    fn submit(&self, value: u64) -> u32 {
        let seen = self.slots.1.number();
        self.slots.0.post(value);
        seen
    }

    fn redeem(&self, seen: u32) -> u64 {
        self.slots.1.wait(seen, Duration::from_micros(CALLER))
    }
}

/// `thread::park` and `unpark` on both sides. Started by the thread that calls.
pub(crate) struct ParkPair {
    words: Arc<Words>,
    lane: Thread,
    _lane: Joined,
}

struct Words {
    there: AtomicU64,
    back: AtomicU64,
}

impl Words {
    fn take(word: &AtomicU64) -> u64 {
        loop {
            match word.swap(EMPTY, Ordering::AcqRel) {
                EMPTY => thread::park(),
                value => return value,
            }
        }
    }
}

impl Peer for ParkPair {
    const NAME: &'static str = "thread::park and unpark, both ways";

    fn start() -> Self {
        let words = Arc::new(Words { there: AtomicU64::new(EMPTY), back: AtomicU64::new(EMPTY) });
        let (of_lane, of_end) = (Arc::clone(&words), Arc::clone(&words));
        let caller = thread::current();
        let (to, from) = std::sync::mpsc::channel();
        let joined = Joined::spawn(move || {
            to.send(thread::current()).expect("it is waited for");
            loop {
                match Words::take(&of_lane.there) {
                    END => return,
                    value => {
                        of_lane.back.store(value + 1, Ordering::Release);
                        caller.unpark();
                    }
                }
            }
        });
        let lane = from.recv().expect("the thread runs");
        let woken = lane.clone();
        let joined = joined.ended_by(move || {
            of_end.there.store(END, Ordering::Release);
            woken.unpark();
        });
        ParkPair { words, lane, _lane: joined }
    }
}

impl Call for ParkPair {
    type Ticket = ();

    fn submit(&self, value: u64) {
        self.words.there.store(value, Ordering::Release);
        self.lane.unpark();
    }

    fn redeem(&self, (): ()) -> u64 {
        Words::take(&self.words.back)
    }
}
