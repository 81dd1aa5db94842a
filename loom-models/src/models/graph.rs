//! The wait-for graph: of the waits that would close a ring together, exactly one is refused.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::explore::{three_threads, two_threads};
use crate::sync::Mutex;
use crate::wait::graph::{ExecutorId, Target, WaitGraph};
use crate::wait::ring::Ring;

const NOBODY: u32 = u32::MAX;

/// A task, which a thread runs, or will.
#[derive(Clone)]
struct Task(Arc<AtomicU32>);

impl Task {
    fn on(executor: u32) -> Self {
        Task(Arc::new(AtomicU32::new(executor)))
    }

    /// As a thread of a pool that takes it.
    fn take(&self, executor: ExecutorId) {
        self.0.store(executor.0, Ordering::Release);
    }
}

impl Target for Task {
    fn executor(&self) -> Option<ExecutorId> {
        let executor = self.0.load(Ordering::Acquire);
        (executor != NOBODY).then_some(ExecutorId(executor))
    }

    fn label(&self) -> String {
        "a task".to_owned()
    }
}

type Graph = Arc<WaitGraph<Task>>;

fn graph() -> Graph {
    Arc::new(WaitGraph::from(Mutex::new(None)))
}

/// `executor` blocks on a task of `on`, for ever if it may.
fn block(graph: &WaitGraph<Task>, executor: u32, on: u32) -> Result<(), Ring> {
    graph.enter(ExecutorId(executor), executor.to_string(), Task::on(on))
}

/// Each of so many executors blocks on the next one, all at once.
fn ring_of(members: u32) {
    let graph = graph();
    let others: Vec<_> = (1..members)
        .map(|me| {
            let graph = Arc::clone(&graph);
            thread::spawn(move || block(&graph, me, (me + 1) % members))
        })
        .collect();
    let mut waits = vec![block(&graph, 0, 1)];
    waits.extend(others.into_iter().map(|other| other.join().unwrap()));
    let refused: Vec<_> = waits.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "how many were refused");
    assert_eq!(refused[0].members().len(), members as usize);
}

#[test]
fn f040_of_two_waits_that_cross_exactly_one_is_refused() {
    two_threads("graph: two waits cross", || ring_of(2));
}

#[test]
fn f040_of_three_waits_in_a_ring_exactly_one_is_refused() {
    three_threads("graph: three waits in a ring", || ring_of(3));
}

#[test]
fn a_wait_that_is_over_closes_no_ring() {
    two_threads("graph: a wait ends, one begins", || {
        let graph = graph();
        let other = Arc::clone(&graph);
        let other = thread::spawn(move || {
            let refused = block(&other, 1, 0).is_err();
            if !refused {
                other.leave(ExecutorId(1));
            }
            refused
        });
        let refused = block(&graph, 0, 1).is_err();
        if !refused {
            graph.leave(ExecutorId(0));
        }
        assert!(!(other.join().unwrap() && refused), "both were refused");
        assert!(block(&graph, 0, 1).is_ok(), "an edge was left behind");
    });
}

#[test]
fn f052_a_ring_through_a_task_that_a_pool_thread_takes_meanwhile_is_found() {
    two_threads("graph: a pool thread takes what is waited for", || {
        let (lane, pool) = (ExecutorId(0), ExecutorId(1));
        let graph = graph();
        let task = Task::on(NOBODY);
        let (of_pool, taken) = (Arc::clone(&graph), task.clone());
        // The pool's thread takes the task, which then blocks on the lane.
        let other = thread::spawn(move || {
            taken.take(pool);
            of_pool.enter(pool, "the task".to_owned(), Task::on(lane.0))
        });
        let waits = [graph.enter(lane, "the lane".to_owned(), task), other.join().unwrap()];
        assert_eq!(waits.iter().filter(|wait| wait.is_err()).count(), 1);
    });
}
