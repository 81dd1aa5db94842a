//! The threads that call stoppers: as many as stoppers block at the same time, and none when there is
//! nothing to call.
//!
//! A stopper is the user's, and may block for ever. So it gets a thread on which nobody waits: not the
//! controller, no lane, and no other stopper.
//!
//! # Invariants
//! 1. While something is in the queue, a thread is on its way to it: one that is idle, one that starts,
//!    or one that sees it before it makes its own call and starts the next.
//! 2. The lock is not held while a stopper is called.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use crate::event::{Event, Events};
use crate::failure::{Cause, Failure, STOPPER, TaskLabel};
use crate::id::TaskId;
use crate::sync::{Condvar, Mutex};
use crate::task::contract::{Owner, StopperCall};
use crate::threads::Threads;
use crate::unwind;

/// How long a thread waits for more.
const IDLE: Duration = Duration::from_millis(100);

/// See the module.
pub(crate) struct Crew {
    threads: Arc<Threads>,
    events: Arc<Events>,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<StopperCall>,
    calling: BTreeMap<TaskId, (TaskLabel, Instant)>,
    alive: usize,
    idle: usize,
    /// A thread was made that has not looked into the queue yet.
    starting: bool,
}

impl State {
    /// Whether the caller is to make a thread, which is on its way from now on.
    fn grows(&mut self) -> bool {
        let grows = self.queue.len() > self.idle && !self.starting;
        self.starting |= grows;
        grows
    }
}

impl Crew {
    pub(crate) fn new(threads: Arc<Threads>, events: Arc<Events>) -> Arc<Self> {
        Arc::new(Crew { threads, events, state: Mutex::default(), more: Condvar::new() })
    }

    /// Has a stopper called as soon as a thread is there.
    pub(crate) fn call(self: &Arc<Self>, call: StopperCall) {
        let grows = {
            let mut state = self.state.lock();
            state.queue.push_back(call);
            state.grows()
        };
        self.more.notify_one();
        if grows {
            self.grow();
        }
    }

    /// The stoppers that have not come back, and for how long they have been called.
    pub(crate) fn busy(&self) -> Vec<(TaskLabel, Duration)> {
        let state = self.state.lock();
        state.calling.values().map(|(task, since)| (task.clone(), since.elapsed())).collect()
    }

    /// Whether one is being called or about to be.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state.lock();
        !state.queue.is_empty() || !state.calling.is_empty()
    }

    fn grow(self: &Arc<Self>) {
        let crew = Arc::clone(self);
        if let Err(error) = self.threads.spawn("stopper", move || crew.work()) {
            self.stay_small(&error);
        }
    }

    /// No thread is to be had. If there is none at all, nobody will ever make the calls.
    #[cold]
    fn stay_small(&self, error: &io::Error) {
        let calls = {
            let mut state = self.state.lock();
            state.starting = false;
            if state.alive > 0 { VecDeque::new() } else { std::mem::take(&mut state.queue) }
        };
        for call in calls {
            let why = format!("there was no thread to call it on: {error}");
            fail(&*call.owner, call.label, Cause::error(anyhow::Error::msg(why)));
        }
    }

    /// The life of a thread.
    fn work(self: Arc<Self>) {
        let mut state = self.state.lock();
        state.starting = false;
        state.alive += 1;
        loop {
            let Some(call) = state.queue.pop_front() else {
                state.idle += 1;
                let waited_long = self.more.wait_for(&mut state, IDLE).timed_out();
                state.idle -= 1;
                if waited_long && state.queue.is_empty() {
                    state.alive -= 1;
                    return;
                }
                continue;
            };
            let id = call.label.id;
            state.calling.insert(id, (call.label.clone(), Instant::now()));
            let grows = state.grows();
            drop(state);
            if grows {
                self.grow();
            }
            make(call);
            state = self.state.lock();
            state.calling.remove(&id);
            if state.calling.is_empty() && state.queue.is_empty() {
                // For a controller that waits for nothing else.
                self.events.tell(Event::Empty);
            }
        }
    }
}

/// Calls a stopper, unless its task has ended meanwhile.
fn make(call: StopperCall) {
    let Some(stop) = call.stopper.take() else { return };
    let cause = {
        let _span = call.span.as_ref().map(Span::enter);
        match unwind::guard(stop) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Cause::error(error),
            Err(info) => Cause::Panic(info),
        }
    };
    fail(&*call.owner, call.label, cause);
}

fn fail(owner: &dyn Owner, label: TaskLabel, cause: Cause) {
    let task = TaskLabel { flavour: STOPPER, ..label };
    owner.stopper_failed(Failure { task, cause, age: owner.age() });
}
