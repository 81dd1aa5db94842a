//! Who blocks on whom, in the whole process: finds the ring before it closes.
//!
//! A lane, a pool thread and a thread of a service are *executors*. An executor that blocks on a task
//! leaves an edge here, under one lock, for as long as it blocks. Before it does, the way is followed
//! from the task to the executor that has to run it, to the task that this one blocks on, and so on; if
//! the way leads back, the wait could never end, and it is refused. Threads that run no task cannot be
//! waited for and leave no edge. The idea of following edges at the moment of blocking is that of the
//! wait-for graphs of database lock managers.
//!
//! A wait for any one of several leads to all of them: it is a ring if each way leads back.
//!
//! The graph is one for the process and not one for each runner: a lane of one runner may block on
//! another runner whose lane blocks on the first.
//!
//! # Invariants
//! 1. An executor has at most one edge: it is one thread, and a thread blocks on one thing.
//! 2. An edge is put in under the same lock as the search that allowed it. Of two waits that would
//!    close a ring together, the second one sees the first.

use std::collections::HashMap;

use crate::sync::{AtomicU32, Mutex, Ordering};
use crate::wait::ring::{Member, Ring};

/// A thread that runs tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExecutorId(pub(crate) u32);

impl ExecutorId {
    pub(crate) fn next(counter: &AtomicU32) -> Self {
        ExecutorId(counter.fetch_add(1, Ordering::Relaxed))
    }
}

/// Something to block on: a task, or a lane that is to run one.
pub(crate) trait Target: Send + Sync {
    /// The executor that has to get on with it; `None` while it can still be taken by any.
    fn executor(&self) -> Option<ExecutorId>;
    /// What it is, for people.
    fn label(&self) -> String;
    /// As `executor`, for something that is there when any one of several is: all of theirs.
    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        visit(self.executor());
    }
}

/// The edges. See the module.
pub(crate) struct WaitGraph<T> {
    edges: Mutex<Option<HashMap<ExecutorId, Edge<T>>>>,
}

pub(crate) struct Edge<T> {
    waiter: String,
    target: T,
}

impl<T: Target> WaitGraph<T> {
    /// An empty graph, out of an empty lock: loom's locks cannot be made in a constant.
    pub(crate) const fn from(edges: Mutex<Option<HashMap<ExecutorId, Edge<T>>>>) -> Self {
        WaitGraph { edges }
    }

    /// Puts in the edge from `me` to `target`, or says which ring it would close.
    pub(crate) fn enter(&self, me: ExecutorId, waiter: String, target: T) -> Result<(), Ring> {
        let mut guard = self.edges.lock();
        let edges = guard.get_or_insert_default();
        match Self::ring(edges, me, &waiter, &target) {
            Some(ring) if !cfg!(planted = "ring-not-seen") => return Err(ring),
            Some(_) | None => {}
        }
        edges.insert(me, Edge { waiter, target });
        Ok(())
    }

    /// Takes the edge out again.
    pub(crate) fn leave(&self, me: ExecutorId) {
        let gone = self.edges.lock().as_mut().and_then(|edges| edges.remove(&me));
        // Dropped after the lock is free: a target may hold the last reference to a task.
        drop(gone);
    }

    /// The ring that the wait would close: if whoever could end it blocks, and so on, and the way leads
    /// back. Where one of several would do, each of them has to be blocked.
    fn ring(
        edges: &HashMap<ExecutorId, Edge<T>>,
        me: ExecutorId,
        waiter: &str,
        target: &T,
    ) -> Option<Ring> {
        let (mut blocked, mut looked) = (Vec::new(), 0);
        let (mut leads_back, mut free) = (false, false);
        let mut next = target;
        loop {
            next.each_executor(&mut |executor| match executor {
                Some(executor) if executor == me => leads_back = true,
                Some(executor) if blocked.contains(&executor) => {}
                Some(executor) if edges.contains_key(&executor) => blocked.push(executor),
                Some(_) | None => free = true,
            });
            if free {
                return None;
            }
            let Some(edge) = blocked.get(looked).and_then(|executor| edges.get(executor)) else {
                break;
            };
            next = &edge.target;
            looked += 1;
        }
        // One that does not lead back is there without this wait: it cannot be, by invariant 2.
        leads_back.then(|| {
            let first = Member { task: waiter.to_owned(), waits_for: target.label() };
            let others = blocked.iter().filter_map(|executor| edges.get(executor));
            let others = others
                .map(|edge| Member { task: edge.waiter.clone(), waits_for: edge.target.label() });
            Ring::of(std::iter::once(first).chain(others).collect())
        })
    }
}
