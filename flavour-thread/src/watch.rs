//! The watcher: a thread that looks after a queue which stands still, and is gone when none does.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::pool::{KEEP_ALIVE, Shared};

/// How long the queue may stand still before threads are added beyond the number of cores.
const TICK: Duration = Duration::from_millis(2);

/// See the module.
#[derive(Default)]
pub(crate) struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// There is no watcher.
    #[default]
    None,
    /// It waits for something to watch.
    Resting,
    /// It looks once a tick.
    Ticking,
    /// It is to go, and none is to come.
    Ended,
}

impl Watch {
    /// Something waits: watch it.
    pub(crate) fn begin(&self, pool: &Arc<Shared>) {
        let mut state = self.state.lock();
        match *state {
            State::Ticking | State::Ended => {}
            State::Resting => {
                *state = State::Ticking;
                self.changed.notify_one();
            }
            State::None => {
                let of_thread = Arc::clone(pool);
                let made =
                    pool.seat().spawn("pool-watch", move |_| of_thread.watch().run(&of_thread));
                // No thread to be had: the next job tries again.
                if made.is_ok() {
                    *state = State::Ticking;
                }
            }
        }
    }

    /// No more watching.
    pub(crate) fn end(&self) {
        *self.state.lock() = State::Ended;
        self.changed.notify_one();
    }

    fn run(&self, pool: &Arc<Shared>) {
        let mut seen = usize::MAX;
        let mut state = self.state.lock();
        while *state != State::Ended {
            if *state == State::Ticking {
                let _ = self.changed.wait_for(&mut state, TICK);
                // Threads are made without the lock: whoever submits must not wait for that.
                drop(state);
                let look = pool.look(seen);
                state = self.state.lock();
                match look {
                    Some(taken) => seen = taken,
                    None if *state == State::Ticking => {
                        *state = State::Resting;
                        // What came between the look and this finds the watcher resting, and wakes it.
                        if pool.is_waiting() {
                            *state = State::Ticking;
                        }
                    }
                    None => {}
                }
            } else if self.changed.wait_for(&mut state, KEEP_ALIVE).timed_out()
                && *state == State::Resting
            {
                *state = State::None;
                return;
            }
        }
    }
}
