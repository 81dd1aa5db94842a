//! A thread that ends with its owner.

use std::thread::{self, JoinHandle};

/// See the module.
pub(crate) struct Joined {
    end: Option<Box<dyn FnOnce() + Send>>,
    thread: Option<JoinHandle<()>>,
}

impl Joined {
    /// A thread that ends by itself when the fields above this one are dropped.
    pub(crate) fn spawn(body: impl FnOnce() + Send + 'static) -> Self {
        Joined { end: None, thread: Some(thread::spawn(body)) }
    }

    /// Says what makes the thread end.
    pub(crate) fn ended_by(mut self, end: impl FnOnce() + Send + 'static) -> Self {
        self.end = Some(Box::new(end));
        self
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a contestant's thread ends well");
        }
    }
}
