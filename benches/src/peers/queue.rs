//! Limits of a one-way submission: a lock-free queue of boxed closures and a thread that never sleeps.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_queue::SegQueue;

use crate::gate;
use crate::peers::{Fire, Joined, Peer};

type Job = Box<dyn FnOnce() + Send>;

/// See the module. A closure that carries words is allocated by one thread and freed by another; an
/// empty one takes no memory.
pub(crate) struct SpunQueue<const WORDS: usize> {
    jobs: Arc<SegQueue<Job>>,
    _lane: Joined,
}

impl<const WORDS: usize> Peer for SpunQueue<WORDS> {
    const NAME: &'static str = if WORDS == 0 {
        "LIMIT SegQueue of empty closures, spinning consumer"
    } else {
        "LIMIT the same, closures of 72 bytes"
    };

    fn start() -> Self {
        let jobs = Arc::new(SegQueue::<Job>::new());
        let over = Arc::new(AtomicBool::new(false));
        let (of_lane, ended) = (Arc::clone(&jobs), Arc::clone(&over));
        let lane = Joined::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                match of_lane.pop() {
                    Some(job) => job(),
                    None => std::hint::spin_loop(),
                }
            }
        });
        let lane = lane.ended_by(move || over.store(true, Ordering::Relaxed));
        SpunQueue { jobs, _lane: lane }
    }
}

impl<const WORDS: usize> Fire for SpunQueue<WORDS> {
    fn port(&self) -> impl Fn(u64) + Send + 'static {
        let jobs = Arc::clone(&self.jobs);
        move |one| {
            let words = black_box([one; WORDS]);
            match words.first() {
                None => jobs.push(Box::new(|| gate::hit(1))),
                Some(_) => jobs.push(Box::new(move || gate::hit(black_box(&words)[0]))),
            }
        }
    }
}
