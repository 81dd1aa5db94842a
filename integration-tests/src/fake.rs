//! Two flavours that a third party could have written: `Fake`, a lane on an executor of its own, and
//! `Each`, a pool that makes a thread for every job.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use spumoni::flavour::{
    Engine, Flavour, FlavourKey, Job, LaneEngine, LaneLoop, Pool, PoolEngine, PoolSeat, Timer,
};
use spumoni::{Async, Blocking};

/// An async flavour on an executor of a hundred lines: [`block_on`] with timers.
#[derive(Clone, Copy, Debug)]
pub struct Fake;

impl Flavour for Fake {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("fake");
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(Fake)
    }
}

impl LaneEngine for Fake {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        block_on(lane.run(|| true));
        Ok(())
    }

    fn timer(&self, deadline: Instant) -> Timer {
        Box::pin(Alarm(deadline))
    }
}

/// A blocking flavour on the plainest of pools: threads that come with the jobs and go with them.
#[derive(Clone, Copy, Debug)]
pub struct Each;

impl Flavour for Each {
    type Mode = Blocking;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("each");
        &KEY
    }

    fn engine(self) -> Engine<Blocking> {
        Engine::pool(Each)
    }
}

impl PoolEngine for Each {
    fn open(self: Box<Self>, seat: PoolSeat, size: usize) -> io::Result<Arc<dyn Pool>> {
        let state = Mutex::new(Jobs {
            room: isize::try_from(size).unwrap_or(isize::MAX),
            ..Jobs::default()
        });
        Ok(Arc::new(Threads(Arc::new(Desk { seat, state }))))
    }
}

struct Threads(Arc<Desk>);

struct Desk {
    seat: PoolSeat,
    state: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    queue: VecDeque<Job>,
    /// How many more threads there may be; below zero for a moment when blocked ones come back.
    room: isize,
    closed: bool,
}

impl Pool for Threads {
    fn submit(&self, job: Job) -> Result<(), Job> {
        {
            let mut jobs = self.0.state.lock();
            if jobs.closed {
                return Err(job);
            }
            jobs.queue.push_back(job);
        }
        self.0.make_threads();
        Ok(())
    }

    fn dedicate(&self, job: Job, name: &str) -> Result<(), (io::Error, Job)> {
        // Shared with the thread, so that it comes back if there is to be no thread.
        let place = Arc::new(Mutex::new(Some(job)));
        let of_thread = Arc::clone(&place);
        let made = self.0.seat.spawn(name, move |worker| {
            let job = of_thread.lock().take();
            if let Some(job) = job {
                worker.run(job);
            }
        });
        let Err(error) = made else { return Ok(()) };
        match place.lock().take() {
            Some(job) => Err((error, job)),
            None => Ok(()),
        }
    }

    fn blocked(&self, begins: bool) {
        {
            let mut jobs = self.0.state.lock();
            jobs.room += if begins { 1 } else { -1 };
        }
        self.0.make_threads();
    }

    fn close(&self) {
        self.0.state.lock().closed = true;
    }

    fn waiting(&self) -> usize {
        self.0.state.lock().queue.len()
    }
}

impl Desk {
    /// A thread for each job, as far as there is room.
    fn make_threads(self: &Arc<Self>) {
        while let Some(job) = self.begin() {
            let desk = Arc::clone(self);
            let made = self.seat.spawn("each", move |worker| {
                worker.run(job);
                while let Some(next) = desk.next() {
                    worker.run(next);
                }
            });
            made.expect("a test has threads enough");
        }
    }

    fn begin(&self) -> Option<Job> {
        let mut jobs = self.state.lock();
        if jobs.room <= 0 {
            return None;
        }
        let job = jobs.queue.pop_front()?;
        jobs.room -= 1;
        Some(job)
    }

    fn next(&self) -> Option<Job> {
        let mut jobs = self.state.lock();
        if jobs.room >= 0
            && let Some(job) = jobs.queue.pop_front()
        {
            return Some(job);
        }
        jobs.room += 1;
        None
    }
}

/// Polls `future` on the calling thread until it is ready, and rings its alarms meanwhile. An executor
/// that no runner owns.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&parker));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        while !parker.woken.swap(false, Ordering::Acquire) {
            match ring_alarms() {
                Some(next) => thread::park_timeout(next),
                None => thread::park(),
            }
        }
    }
}

struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

thread_local! {
    /// Who sleeps on this thread, and until when.
    static ALARMS: RefCell<Vec<(Instant, Waker)>> = const { RefCell::new(Vec::new()) };
}

/// A sleep on the thread that polls it.
struct Alarm(Instant);

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 <= Instant::now() {
            return Poll::Ready(());
        }
        ALARMS.with_borrow_mut(|alarms| alarms.push((self.0, cx.waker().clone())));
        Poll::Pending
    }
}

/// Wakes who has slept enough. Gives the time to the next alarm: zero if somebody was woken.
fn ring_alarms() -> Option<Duration> {
    let now = Instant::now();
    let due: Vec<_> =
        ALARMS.with_borrow_mut(|alarms| alarms.extract_if(.., |(at, _)| *at <= now).collect());
    if !due.is_empty() {
        due.into_iter().for_each(|(_, waker)| waker.wake());
        return Some(Duration::ZERO);
    }
    let next = ALARMS.with_borrow(|alarms| alarms.iter().map(|(at, _)| *at).min());
    next.map(|at| at - now)
}
