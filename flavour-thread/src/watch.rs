//! The watcher: a thread that looks after a queue which stands still, and is gone when none does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// How long an idle thread waits for something to do before it goes.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long the queue may stand still before threads are added beyond the number of cores.
const TICK: Duration = Duration::from_millis(2);

/// A queue that is looked after.
pub(crate) trait Watched: Send + Sync + 'static {
    /// Its watcher.
    fn watch(&self) -> &Watch;

    /// Makes a thread for the watcher.
    fn make_watcher(&self, body: impl FnOnce() + Send + 'static) -> io::Result<()>;

    /// Whether something stands in the queue.
    fn is_waiting(&self) -> bool;

    /// Adds threads if the queue has not moved since the last look. Gives what to compare with at the
    /// next one; `None` when nothing waits.
    fn look(self: &Arc<Self>, before: usize) -> Option<usize>;
}

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
    pub(crate) fn begin(&self, pool: &Arc<impl Watched>) {
        let mut state = self.state.lock();
        match *state {
            State::Ticking | State::Ended => {}
            State::Resting => {
                *state = State::Ticking;
                self.changed.notify_one();
            }
            State::None => {
                let of_thread = Arc::clone(pool);
                let made = pool.make_watcher(move || of_thread.watch().run(&of_thread));
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

    fn run(&self, pool: &Arc<impl Watched>) {
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
