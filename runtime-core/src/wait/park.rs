//! How a plain thread waits for a future or for a task: look for a short while, then sleep.
//!
//! Looking pays where the answer comes sooner than a sleeper could be woken. How long a thread looks
//! adapts to how often it paid: doubled after a hit, halved after a miss, never above what waking a
//! sleeper costs, and not at all on one core.

use std::cell::Cell;
use std::future::Future;
use std::hint;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::sync::{AtomicBool, Ordering};
use crate::time::Deadline;

/// The most looks before a sleep; some microseconds, about what it costs to wake a sleeper.
const MOST_LOOKS: u32 = 1024;
/// The fewest, so that a thread notices when looking begins to pay again.
const FEWEST_LOOKS: u32 = 16;

thread_local! {
    static LOOKS: Cell<u32> = const { Cell::new(MOST_LOOKS) };
    /// The thread's parker while nobody uses it. A wait inside a wait makes one of its own, or it would
    /// swallow the outer one's wake-up.
    static SPARE: Cell<Option<(Arc<Parker>, Waker)>> = const { Cell::new(None) };
}

fn one_core() -> bool {
    static ONE: OnceLock<bool> = OnceLock::new();
    *ONE.get_or_init(|| thread::available_parallelism().is_ok_and(|cores| cores.get() == 1))
}

/// Looks a bounded number of times whether `done`. `false`: it is time to sleep.
pub(crate) fn look(done: impl Fn() -> bool) -> bool {
    if one_core() {
        return done();
    }
    let limit = LOOKS.try_with(Cell::get).unwrap_or(FEWEST_LOOKS);
    let hit = (0..limit).any(|_| {
        hint::spin_loop();
        done()
    });
    let next = if hit {
        (limit * 2).min(MOST_LOOKS)
    } else {
        (limit / 2).max(FEWEST_LOOKS)
    };
    let _ = LOOKS.try_with(|looks| looks.set(next));
    hit
}

struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the acquire in `sleep`. Only the first wake pays for the system call.
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

impl Parker {
    /// Sleeps until woken (`true`) or until the deadline (`false`).
    fn sleep(&self, deadline: Deadline) -> bool {
        loop {
            if self.woken.swap(false, Ordering::Acquire) {
                return true;
            }
            match deadline.left() {
                None => thread::park(),
                Some(left) if left.is_zero() => return false,
                Some(left) => thread::park_timeout(left),
            }
        }
    }
}

/// Calls `poll` with this thread's waker until it gives something or the deadline is over.
pub(crate) fn wait<T>(deadline: Deadline, mut poll: impl FnMut(&Waker) -> Option<T>) -> Option<T> {
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let (parker, waker) = spare.unwrap_or_else(|| {
        let parker = Arc::new(Parker {
            thread: thread::current(),
            woken: AtomicBool::new(false),
        });
        let waker = Waker::from(Arc::clone(&parker));
        (parker, waker)
    });
    // A wake-up meant for the wait before this one costs one poll.
    let result = loop {
        if let Some(value) = poll(&waker) {
            break Some(value);
        }
        if !parker.sleep(deadline) {
            break poll(&waker);
        }
    };
    let _ = SPARE.try_with(|slot| slot.set(Some((parker, waker))));
    result
}

/// Polls `future` on this thread until it is ready or the deadline is over.
pub(crate) fn block_on<F: Future>(future: F, deadline: Deadline) -> Option<F::Output> {
    let mut future = pin!(future);
    wait(deadline, |waker| {
        match future.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    })
}
