//! How a plain thread waits for a future or for a task: look for a short while, then sleep.
//!
//! Looking pays where the answer comes sooner than a sleeper could be woken, and what a wake-up costs
//! differs tenfold from machine to machine. So each thread learns how long its answers take, and looks
//! for about twice that long, but never longer than the slowest wake-up is worth, hardly at all where
//! answers take longer than that, and not at all on one core.

use std::cell::Cell;
use std::future::Future;
use std::hint;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, Ordering};
use crate::time::Deadline;

/// The longest that a thread looks before it sleeps: about what two wake-ups cost on a slow machine.
const LONGEST_LOOK: Duration = Duration::from_micros(50);
/// The shortest, so that a thread notices when answers become quick.
const SHORTEST_LOOK: Duration = Duration::from_micros(2);

thread_local! {
    /// How long this thread's answers took of late.
    static TYPICAL: Cell<Duration> = const { Cell::new(SHORTEST_LOOK) };
    /// The thread's parker while nobody uses it. A wait inside a wait makes one of its own, or it would
    /// swallow the outer one's wake-up.
    static SPARE: Cell<Option<(Arc<Parker>, Waker)>> = const { Cell::new(None) };
}

fn one_core() -> bool {
    static ONE: OnceLock<bool> = OnceLock::new();
    *ONE.get_or_init(|| thread::available_parallelism().is_ok_and(|cores| cores.get() == 1))
}

/// One wait of this thread, from its first look to its answer.
pub(crate) struct Watch {
    begin: Instant,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Watch { begin: Instant::now() }
    }

    /// Looks for a bounded time whether `done`. `false`: it is time to sleep.
    pub(crate) fn look(&self, done: impl Fn() -> bool) -> bool {
        if one_core() {
            return done();
        }
        let typical = TYPICAL.try_with(Cell::get).unwrap_or_default();
        let limit = if typical > LONGEST_LOOK { SHORTEST_LOOK } else { typical * 2 };
        let limit = limit.clamp(SHORTEST_LOOK, LONGEST_LOOK);
        loop {
            for _ in 0..16 {
                hint::spin_loop();
                if done() {
                    return true;
                }
            }
            if self.begin.elapsed() > limit {
                return false;
            }
        }
    }

    /// The answer is there: learns from how long it took.
    pub(crate) fn learn(self) {
        // A single long one must not be remembered for many short ones.
        let took = self.begin.elapsed().min(LONGEST_LOOK * 4);
        let _ = TYPICAL.try_with(|typical| typical.set((typical.get() * 3 + took) / 4));
    }
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
        let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
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
    wait(deadline, |waker| match future.as_mut().poll(&mut Context::from_waker(waker)) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}
