//! How a plain thread waits for a future or for a task: looks for a short while, then sleeps.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, Ordering};
use crate::time::Deadline;
use crate::wait::typical::Typical;

/// The longest that a thread looks for an answer: about what two wake-ups cost on a slow machine.
const LONGEST_LOOK: Duration = Duration::from_micros(50);

thread_local! {
    static ANSWERS: Typical = const { Typical::new(LONGEST_LOOK) };
    /// The thread's parker while nobody uses it. A wait inside a wait makes one of its own, or it would
    /// swallow the outer one's wake-up.
    static SPARE: Cell<Option<(Arc<Parker>, Waker)>> = const { Cell::new(None) };
}

/// Looks for a while whether `done`, then lets `sleep` wait for it, and learns how long it took.
pub(crate) fn look_then(done: impl Fn() -> bool, sleep: impl FnOnce() -> bool) -> bool {
    let begin = Instant::now();
    let there =
        ANSWERS.try_with(|answers| answers.look(begin, 1, done)).unwrap_or(false) || sleep();
    let _ = ANSWERS.try_with(|answers| answers.learn(begin));
    there
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

/// Polls `future` on this thread until it is ready.
pub(crate) fn to_the_end<F: Future>(future: F) -> F::Output {
    match block_on(future, Deadline::never()) {
        Some(value) => value,
        None => unreachable!("a wait without a limit ends with its value"),
    }
}

/// Polls `future` on this thread until it is ready or the deadline is over.
pub(crate) fn block_on<F: Future>(future: F, deadline: Deadline) -> Option<F::Output> {
    let mut future = pin!(future);
    wait(deadline, |waker| match future.as_mut().poll(&mut Context::from_waker(waker)) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}
