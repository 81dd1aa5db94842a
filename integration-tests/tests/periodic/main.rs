//! Periodic work: ticks within a task, and payloads that are run again and again.

mod member;
mod runs;
mod asked;
mod ticks;

use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use spumoni::prelude::*;
use spumoni::{Payload, Ticks};

/// An interval that tests wait for.
const SHORT: Duration = Duration::from_millis(4);

/// An interval that they do not.
const LONG: Duration = Duration::from_secs(3600);

/// A mode in which one waits for a tick.
trait Tick: Calls {
    /// A payload that makes its ticks, hands each to `work` and ends when that says `false`, or with a stop.
    fn ticking<T: Send + 'static>(
        ticks: impl FnOnce(&Context) -> Ticks + Send + 'static,
        state: T,
        work: impl FnMut(&mut T, std::time::Instant) -> bool + Send + 'static,
    ) -> impl Payload<Self, Output = (T, bool)>;
}

impl Tick for spumoni::Async {
    fn ticking<T: Send + 'static>(
        ticks: impl FnOnce(&Context) -> Ticks + Send + 'static,
        mut state: T,
        mut work: impl FnMut(&mut T, std::time::Instant) -> bool + Send + 'static,
    ) -> impl Payload<Self, Output = (T, bool)> {
        move || async move {
            let mut ticks = ticks(&Context::current());
            while let Ok(due) = ticks.tick().await {
                if !work(&mut state, due) {
                    return (state, false);
                }
            }
            (state, true)
        }
    }
}

impl Tick for spumoni::Blocking {
    fn ticking<T: Send + 'static>(
        ticks: impl FnOnce(&Context) -> Ticks + Send + 'static,
        mut state: T,
        mut work: impl FnMut(&mut T, std::time::Instant) -> bool + Send + 'static,
    ) -> impl Payload<Self, Output = (T, bool)> {
        move || {
            let mut ticks = ticks(&Context::current());
            while let Ok(due) = ticks.tick_blocking() {
                if !work(&mut state, due) {
                    return (state, false);
                }
            }
            (state, true)
        }
    }
}

/// A flavour of either mode, in which one waits for ticks.
trait Periodic: Any<Mode: Tick> {}

impl<F: Any<Mode: Tick>> Periodic for F {}
