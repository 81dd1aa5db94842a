//! The pool: one queue, threads that come when they are needed and go when they are not.
//!
//! Up to the number of cores a thread is made whenever a job finds none idle. Beyond that the watcher
//! makes them, when the queue has not moved for a tick: short jobs are done sooner by the threads there
//! are, and jobs that block for long get their own. It doubles their number at most, and makes none for a
//! job that one is coming to: on a busy machine the queue stands still although nobody blocks. A thread that blocks on another task counts for
//! nothing, so a pool cannot be used up by waiting for itself.
//!
//! # Invariants
//! 1. While a job waits, a thread is idle or made for it, or the watcher ticks. Whoever puts a job in
//!    looks at `idle` afterwards; whoever stops being idle looks at the queue afterwards.
//! 2. After `close` every job that is in the queue is run still, and finds itself stopped. The end mark
//!    stays in the queue until the last thread has seen it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use crossbeam_channel::{Receiver, Sender};
use parking_lot::Mutex;
use spumoni_core::flavour::{Job, Pool, PoolEngine, PoolSeat, PoolWorker};

use crate::watch::{KEEP_ALIVE, Watch, Watched};

/// Opens the pool.
pub(crate) struct Open;

impl PoolEngine for Open {
    fn open(self: Box<Self>, seat: PoolSeat, size: usize) -> io::Result<Arc<dyn Pool>> {
        let (jobs, queue) = crossbeam_channel::unbounded();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Arc::new(Shared {
            jobs,
            queue,
            seat,
            size,
            cores: cores.min(size),
            closed: AtomicBool::new(false),
            threads: AtomicUsize::new(0),
            coming: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
            blocked: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            watch: Watch::default(),
        });
        // The first thread now: a pool that cannot have one is refused with its first payload.
        pool.grow()?;
        Ok(Arc::new(ThreadPool(pool)))
    }
}

/// The pool as the runner holds it.
struct ThreadPool(Arc<Shared>);

/// The pool as its threads hold it.
pub(crate) struct Shared {
    /// `None` is the end mark.
    jobs: Sender<Option<Job>>,
    queue: Receiver<Option<Job>>,
    seat: PoolSeat,
    /// The most threads, not counting blocked ones.
    size: usize,
    /// As many threads are made at once.
    cores: usize,
    closed: AtomicBool,
    threads: AtomicUsize,
    /// Threads that were made and have not looked at the queue yet.
    coming: AtomicUsize,
    /// Threads that wait for a job.
    idle: AtomicUsize,
    /// Threads that block on another task.
    blocked: AtomicUsize,
    /// How many jobs were taken out of the queue.
    taken: AtomicUsize,
    watch: Watch,
}

impl Pool for ThreadPool {
    fn submit(&self, job: Job) -> Result<(), Job> {
        let pool = &self.0;
        if pool.closed.load(Ordering::Acquire) {
            return Err(job);
        }
        match pool.jobs.send(Some(job)) {
            Ok(()) => {
                pool.make_room();
                Ok(())
            }
            // `queue` is held by `pool`: there is always a receiver.
            Err(refused) => match refused.into_inner() {
                Some(job) => Err(job),
                None => Ok(()),
            },
        }
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
        if begins {
            self.0.blocked.fetch_add(1, Ordering::SeqCst);
            self.0.make_room();
        } else {
            self.0.blocked.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn retry(&self) {
        self.0.make_room();
    }

    fn close(&self) {
        if !self.0.closed.swap(true, Ordering::AcqRel) {
            if !cfg!(planted = "pool-thread-left") {
                let _ = self.0.jobs.send(None);
            }
            self.0.watch.end();
        }
    }

    fn waiting(&self) -> usize {
        self.0.queue.len()
    }
}

impl Shared {
    /// Makes sure that a waiting job will be taken (invariant 1).
    fn make_room(self: &Arc<Self>) {
        fence(Ordering::SeqCst);
        if self.queue.len() <= self.idle.load(Ordering::SeqCst) {
            return;
        }
        let active = self.active();
        if active < self.cores {
            // If there are no more threads to be had, those there are will come to it; if all of them
            // block, the watcher tries again, and if that one cannot be had either, the runner's controller.
            if self.grow().is_ok() {
                return;
            }
        }
        if active < self.size {
            self.watch.begin(self);
        }
    }

    /// Threads that can take on work.
    fn active(&self) -> usize {
        let threads = self.threads.load(Ordering::SeqCst);
        threads.saturating_sub(self.blocked.load(Ordering::SeqCst))
    }

    /// Makes one thread.
    fn grow(self: &Arc<Self>) -> io::Result<()> {
        let number = self.threads.fetch_add(1, Ordering::SeqCst) + 1;
        self.coming.fetch_add(1, Ordering::Relaxed);
        let pool = Arc::clone(self);
        let made = self.seat.spawn(&format!("pool-{number}"), move |worker| {
            pool.coming.fetch_sub(1, Ordering::Relaxed);
            pool.work(&worker);
        });
        if made.is_err() {
            self.coming.fetch_sub(1, Ordering::Relaxed);
            self.threads.fetch_sub(1, Ordering::SeqCst);
        }
        made
    }

    /// A thread's life.
    fn work(self: &Arc<Self>, worker: &PoolWorker) {
        loop {
            let next = self.queue.try_recv().ok().or_else(|| self.idle());
            match next {
                Some(Some(job)) => {
                    self.taken.fetch_add(1, Ordering::Relaxed);
                    worker.run(job);
                }
                Some(None) if self.queue.is_empty() => {
                    // Left for the next thread (invariant 2).
                    self.threads.fetch_sub(1, Ordering::SeqCst);
                    let _ = self.jobs.send(None);
                    return;
                }
                Some(None) => drop(self.jobs.send(None)),
                None => {
                    self.threads.fetch_sub(1, Ordering::SeqCst);
                    fence(Ordering::SeqCst);
                    if self.queue.is_empty() {
                        return;
                    }
                    self.threads.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    /// Waits for a job, for a while.
    fn idle(self: &Arc<Self>) -> Option<Option<Job>> {
        self.idle.fetch_add(1, Ordering::SeqCst);
        let next = self.queue.recv_timeout(KEEP_ALIVE).ok();
        self.idle.fetch_sub(1, Ordering::SeqCst);
        // Invariant 1: a job may have come that counted on this thread.
        if !self.queue.is_empty() {
            self.make_room();
        }
        next
    }
}

impl Watched for Shared {
    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn make_watcher(&self, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.seat.spawn("pool-watch", move |_| body())
    }

    fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    fn look(self: &Arc<Self>, before: usize) -> Option<usize> {
        let waiting = self.queue.len();
        if waiting == 0 || self.closed.load(Ordering::Acquire) {
            return None;
        }
        let taken = self.taken.load(Ordering::Relaxed);
        if taken == before {
            let active = self.active();
            let room = self.size.saturating_sub(active);
            let lonely = waiting.saturating_sub(self.coming.load(Ordering::Relaxed));
            for _ in 0..lonely.min(room).min(active.max(1)) {
                if self.grow().is_err() {
                    break;
                }
            }
        }
        Some(taken)
    }
}
