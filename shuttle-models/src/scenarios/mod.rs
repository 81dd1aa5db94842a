//! Whole runners: one file for each kind of race, one test for each promise.

mod stopping;
mod failing;
mod groups;
mod services;
mod queues;
mod waiting;

use std::future::pending;
use std::sync::Arc;

use crate::stand_in::atomic::{AtomicUsize, Ordering};
use crate::stand_in::thread::Builder;
use crate::{RunnerBuilder, ServiceRunner};

fn builder() -> RunnerBuilder {
    ServiceRunner::builder().signals(false)
}

fn runner() -> ServiceRunner {
    builder().build().expect("good settings")
}

/// A thread of the scenario.
fn thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    Thread(Builder::new().spawn(body).expect("shuttle has threads"))
}

struct Thread<T>(shuttle::thread::JoinHandle<T>);

impl<T> Thread<T> {
    fn join(self) -> T {
        self.0.join().expect("no scenario panics in a thread")
    }
}

/// How often something happened.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts its drop: one is part of each payload.
struct Dropped(Count);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// An error of a payload.
#[derive(Debug, PartialEq, Eq)]
struct Broken(usize);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "broken, number {}", self.0)
    }
}

impl std::error::Error for Broken {}
