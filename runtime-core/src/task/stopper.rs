//! The function that tells a task to end, as its user brought it: called once, or never.
//!
//! It listens to the task's stop from the moment that the task begins. Whoever asks wakes it, and it has
//! itself called; on which thread is its caller's business.
//!
//! # Invariants
//! 1. The function is taken once: to be called, between the begin and the end of its task, or to be
//!    dropped at the end. What was asked before the begin is seen at the begin, so it is not lost.
//! 2. No lock is held while anything of the user's is called or dropped.
//! 3. A listener is made and dropped without `state`: whoever asks holds the lock of the listeners when
//!    it wakes, and takes `state` then.
//! 4. What wakes it may not be for its task: a stop that the task defers, or that is not for transient
//!    ones yet. Listening anew takes the lock of the listeners, so that is left to the thread that is to
//!    call it.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use crate::sync::Mutex;
use crate::task::stop::{StopNode, Stopped};
use crate::unwind::{self, PanicInfo};

/// What the user brought.
pub(crate) type StopFn = Box<dyn FnOnce() -> Result<(), anyhow::Error> + Send>;

/// Sees to it that the stopper is called soon.
type Launch = Arc<dyn Fn(Stopper) + Send + Sync>;

/// See the module.
#[derive(Clone)]
pub(crate) struct Stopper(Arc<Watch>);

struct Watch {
    state: Mutex<State>,
    listening: Mutex<Option<Stopped>>,
}

enum State {
    /// The task has not begun.
    New(StopFn),
    /// It runs, and nobody has asked.
    Armed(StopFn, Arc<StopNode>, Launch),
    /// Somebody has asked; it is about to be called.
    Asked(StopFn),
    /// Called, or not needed any more.
    Over,
}

impl Stopper {
    pub(crate) fn new(stop: StopFn) -> Self {
        let state = Mutex::new(State::New(stop));
        Stopper(Arc::new(Watch { state, listening: Mutex::new(None) }))
    }

    /// One that is to be called, whatever its task does.
    pub(crate) fn asked(stop: StopFn) -> Self {
        let state = Mutex::new(State::Asked(stop));
        Stopper(Arc::new(Watch { state, listening: Mutex::new(None) }))
    }

    /// The task runs. Called before each poll; only the first time counts.
    pub(crate) fn begin(
        &self,
        node: &Arc<StopNode>,
        launch: impl Fn(Stopper) + Send + Sync + 'static,
    ) {
        {
            let mut state = self.0.state.lock();
            if !matches!(*state, State::New(_)) {
                return;
            }
            if let State::New(stop) = mem::replace(&mut *state, State::Over) {
                *state = State::Armed(stop, Arc::clone(node), Arc::new(launch));
            }
        }
        if self.listen(node) {
            Watch::woken(&self.0);
        }
    }

    /// Listens to the task's stop. `true`: it has been asked.
    fn listen(&self, node: &Arc<StopNode>) -> bool {
        let mut stopped = Stopped::of(Arc::clone(node));
        let waker = Waker::from(Arc::clone(&self.0));
        let asked = Pin::new(&mut stopped).poll(&mut Context::from_waker(&waker)).is_ready();
        if !asked {
            let before = self.0.listening.lock().replace(stopped);
            drop(before);
        }
        asked
    }

    /// The function, if it is to be called; if not yet, it listens on (invariant 4).
    pub(crate) fn take(&self) -> Option<StopFn> {
        let node = {
            let mut state = self.0.state.lock();
            match mem::replace(&mut *state, State::Over) {
                State::Asked(stop) => return Some(stop),
                State::Armed(stop, node, launch) => {
                    *state = State::Armed(stop, Arc::clone(&node), launch);
                    node
                }
                other @ (State::New(_) | State::Over) => {
                    *state = other;
                    return None;
                }
            }
        };
        if !self.listen(&node) {
            return None;
        }
        let mut state = self.0.state.lock();
        match mem::replace(&mut *state, State::Over) {
            State::Asked(stop) | State::Armed(stop, ..) => Some(stop),
            other @ (State::New(_) | State::Over) => {
                *state = other;
                None
            }
        }
    }

    /// The task is about to end: from now on the function is not called.
    pub(crate) fn over(&self) -> Result<(), PanicInfo> {
        let listening = self.0.listening.lock().take();
        drop(listening);
        let before = mem::replace(&mut *self.0.state.lock(), State::Over);
        unwind::discard(before)
    }
}

impl Watch {
    fn woken(this: &Arc<Self>) {
        let launch = {
            let mut state = this.state.lock();
            match mem::replace(&mut *state, State::Over) {
                State::Armed(stop, node, launch) => {
                    *state = if node.is_asked() {
                        State::Asked(stop)
                    } else {
                        State::Armed(stop, node, Arc::clone(&launch))
                    };
                    launch
                }
                other @ (State::New(_) | State::Asked(_) | State::Over) => {
                    *state = other;
                    return;
                }
            }
        };
        launch(Stopper(Arc::clone(this)));
    }
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        Watch::woken(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Watch::woken(self);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Of a task that was refused.
        let _ = unwind::discard(mem::replace(self.state.get_mut(), State::Over));
    }
}
