//! The bell: a lane that goes to sleep as something is put into its queue is woken.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::explore::{three_threads, two_threads};
use crate::lane::bell::Bell;
use crate::sleep::Bed;

/// A lane's inbox. Its queue orders nothing, which is less than any channel does.
struct Inbox {
    bell: Bell,
    items: AtomicUsize,
}

impl Inbox {
    /// As `Lane::push`, from another thread.
    fn push(&self) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.bell.ring();
    }

    /// As `Lane::push`, on the lane's own thread.
    fn push_own(&self) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.bell.ring_own();
    }

    fn is_empty(&self) -> bool {
        self.items.load(Ordering::Relaxed) == 0
    }

    /// As `LaneLoop::turn` with its `sleeps`: takes what there is; back when the lane may sleep.
    fn turn(&self) -> usize {
        self.bell.rise();
        let mut taken = 0;
        loop {
            taken += self.items.swap(0, Ordering::Relaxed);
            self.bell.park();
            if self.is_empty() {
                return taken;
            }
            self.bell.rise();
        }
    }
}

/// A lane, and producers that push one item each; `own` items come from other code on its own thread
/// while it is parked.
fn lane(producers: usize, own: usize) {
    let bed = Arc::new(Bed::default());
    let bell = Bell::new();
    bell.hang(bed.waker());
    let inbox = Arc::new(Inbox { bell, items: AtomicUsize::new(0) });
    let threads: Vec<_> = (0..producers)
        .map(|_| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || inbox.push())
        })
        .collect();
    let mut taken = inbox.turn();
    for _ in 0..own {
        inbox.push_own();
    }
    while taken < producers + own {
        bed.sleep();
        taken += inbox.turn();
    }
    assert_eq!(taken, producers + own);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn f036_a_push_as_the_lane_parks_wakes_it() {
    two_threads("bell: push, park", || lane(1, 0));
}

#[test]
fn a_push_of_the_lane_s_own_thread_wakes_it_beside_one_of_another() {
    two_threads("bell: push, park, push own", || lane(1, 1));
}

#[test]
fn of_two_pushes_as_the_lane_parks_none_is_left_lying() {
    three_threads("bell: two pushes, park", || lane(2, 0));
}
