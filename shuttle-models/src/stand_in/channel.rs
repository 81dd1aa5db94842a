//! crossbeam's channels, as a queue behind a lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::lock::{Condvar, Mutex};
use super::{thread, time};

struct Shared<T> {
    state: Mutex<State<T>>,
    came: Condvar,
}

struct State<T> {
    queue: VecDeque<T>,
    room: usize,
    senders: usize,
    receivers: usize,
}

/// As crossbeam's.
pub struct Sender<T>(Arc<Shared<T>>);
/// As crossbeam's.
pub struct Receiver<T>(Arc<Shared<T>>);

/// Nobody receives any more.
pub struct SendError<T>(pub T);
/// Nobody receives any more, or there is no room.
pub struct TrySendError<T>(pub T);
/// Nobody sends any more, or nothing is there, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl<T> SendError<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError")
    }
}

pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    bounded(usize::MAX)
}

pub(crate) fn bounded<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    let state = State { queue: VecDeque::new(), room, senders: 1, receivers: 1 };
    let shared = Arc::new(Shared { state: Mutex::new(state), came: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    pub(crate) fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.try_send(value).map_err(|refused| SendError(refused.0))
    }

    pub(crate) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.state.lock();
        if state.receivers == 0 || state.queue.len() >= state.room {
            return Err(TrySendError(value));
        }
        state.queue.push_back(value);
        self.0.came.notify_one();
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.state.lock().queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Receiver<T> {
    pub(crate) fn try_recv(&self) -> Result<T, RecvError> {
        self.0.state.lock().queue.pop_front().ok_or(RecvError)
    }

    pub(crate) fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.0.state.lock();
        loop {
            if let Some(value) = state.queue.pop_front() {
                return Ok(value);
            }
            if state.senders == 0 {
                return Err(RecvError);
            }
            self.0.came.wait(&mut state);
        }
    }

    pub(crate) fn recv_timeout(&self, limit: Duration) -> Result<T, RecvError> {
        let Some(turns) = time::patience(limit) else { return self.recv() };
        for _ in 0..turns {
            if let Ok(value) = self.try_recv() {
                return Ok(value);
            }
            thread::yield_now();
        }
        time::pass(limit);
        self.try_recv()
    }

    pub(crate) fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.state.lock().queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Sender(Arc::clone(&self.0))
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().receivers += 1;
        Receiver(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.senders -= 1;
        if state.senders == 0 {
            self.0.came.notify_all();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = {
            let mut state = self.0.state.lock();
            state.receivers -= 1;
            if state.receivers == 0 { std::mem::take(&mut state.queue) } else { VecDeque::new() }
        };
        drop(left);
    }
}
