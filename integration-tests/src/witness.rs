//! Values whose destructors tell, or panic.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Thread};

/// Tells on which thread it is dropped.
#[derive(Debug)]
pub struct Witness(Sender<Thread>);

/// A witness and what it will tell.
#[must_use]
pub fn witness() -> (Witness, Receiver<Thread>) {
    let (told, tells) = channel();
    (Witness(told), tells)
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current());
    }
}

/// Panics when it is dropped, unless that would end the process.
#[derive(Debug)]
pub struct Bomb;

/// What a [`Bomb`] says.
pub const BANG: &str = "the bomb went off";

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("{BANG}");
        }
    }
}
