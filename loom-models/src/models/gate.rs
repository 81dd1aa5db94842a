//! The gate: whoever came in is counted until it leaves, and the last one to leave is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool as Plain, AtomicU32 as Count, Ordering::SeqCst};

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::explore::{three_threads, two_threads};
use crate::group::gate::{Gate, Shut};
use crate::sleep::Bed;

/// A gate, and the controller that wants to hear when nobody is inside.
struct Group {
    gate: Gate,
    controller: Bed,
    /// What those who were inside did: the controller sees all of it when they have left.
    done: [AtomicU32; 2],
    /// Not loom's: where in this very interleaving the others are.
    inside: Count,
    stopping: Plain,
}

impl Group {
    fn new() -> Arc<Self> {
        Arc::new(Group {
            gate: Gate::open(),
            controller: Bed::default(),
            done: [AtomicU32::new(0), AtomicU32::new(0)],
            inside: Count::new(0),
            stopping: Plain::new(false),
        })
    }

    /// As `RootGroup::admit`.
    fn enter(&self, cleanup: bool) -> Result<(), Shut> {
        let too_late = self.stopping.load(SeqCst) && !cleanup;
        let entered = self.gate.enter(cleanup).map_err(|(shut, last)| {
            if last {
                self.controller.wake_up();
            }
            shut
        });
        if entered.is_ok() {
            assert!(!too_late, "came in after the gate was shut");
            self.inside.fetch_add(1, SeqCst);
        }
        entered
    }

    /// As `RootGroup::leave`.
    fn leave(&self) {
        self.inside.fetch_sub(1, SeqCst);
        if self.gate.leave(1) {
            self.controller.wake_up();
        }
    }

    /// One task: in, something done, out.
    fn visit(&self, who: usize) -> bool {
        let entered = self.enter(false).is_ok();
        if entered {
            self.done[who].store(1, Ordering::Relaxed);
            self.leave();
        }
        entered
    }

    /// As the controller that asks, and waits until nobody is left.
    fn stop(&self) {
        self.gate.begin_stop();
        self.stopping.store(true, SeqCst);
        while self.gate.count() != 0 {
            self.controller.sleep();
        }
    }

    /// As the controller that ends when there is nothing left to do.
    fn shut_when_empty(&self) {
        while !self.gate.shut_if_empty() {
            self.controller.sleep();
        }
        self.stopping.store(true, SeqCst);
    }

    /// Nobody is inside, and of whoever was there all is seen.
    fn check_empty(&self) {
        assert_eq!(self.inside.load(SeqCst), 0, "how many are inside");
    }

    fn check_done(&self, who: usize, came: bool) {
        assert_eq!(self.done[who].load(Ordering::Relaxed), u32::from(came));
    }
}

/// Runs `visitors` beside a controller.
fn visitors(group: &Arc<Group>, visitors: usize, controller: impl Fn(&Group)) {
    let threads: Vec<_> = (0..visitors)
        .map(|who| {
            let group = Arc::clone(group);
            thread::spawn(move || group.visit(who))
        })
        .collect();
    controller(group);
    group.check_empty();
    // What is seen now was seen without a join.
    let seen: Vec<u32> = group.done.iter().map(|done| done.load(Ordering::Relaxed)).collect();
    for (who, thread) in threads.into_iter().enumerate() {
        let came = thread.join().unwrap();
        assert_eq!(seen[who], u32::from(came), "what was done inside is seen by the controller");
        group.check_done(who, came);
    }
    assert_eq!(group.gate.count(), 0, "the sum is conserved");
}

#[test]
fn f054_a_stop_waits_for_whoever_came_in_and_refuses_the_others() {
    two_threads("gate: enter, leave, stop", || {
        visitors(&Group::new(), 1, Group::stop);
    });
}

#[test]
fn a_stop_hears_of_the_last_of_two_to_leave() {
    three_threads("gate: two enter, leave, stop", || {
        visitors(&Group::new(), 2, Group::stop);
    });
}

#[test]
fn f054_a_gate_that_shuts_empty_has_nobody_inside_and_lets_nobody_in() {
    two_threads("gate: enter, leave, shut if empty", || {
        visitors(&Group::new(), 1, Group::shut_when_empty);
    });
}

#[test]
fn a_gate_shuts_behind_the_last_of_two() {
    three_threads("gate: two enter, leave, shut if empty", || {
        visitors(&Group::new(), 2, Group::shut_when_empty);
    });
}

#[test]
fn what_cleans_up_comes_in_while_its_parent_is_inside_and_nobody_does_once_closed() {
    two_threads("gate: enter, enter for cleanup, stop, close", || {
        let group = Group::new();
        let parent = Arc::clone(&group);
        let parent = thread::spawn(move || {
            if parent.enter(false).is_ok() {
                assert_eq!(parent.enter(true), Ok(()), "its parent is inside");
                parent.leave();
                parent.leave();
            }
        });
        group.stop();
        group.check_empty();
        group.gate.close();
        assert_eq!(group.enter(true), Err(Shut::Closed));
        assert_eq!(group.enter(false), Err(Shut::Closed));
        parent.join().unwrap();
        assert_eq!(group.gate.count(), 0, "the sum is conserved");
    });
}
