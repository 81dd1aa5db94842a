//! Sleeps, ticks and limits, on the lane's own timer.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use crate::context::task::Context;
use crate::error::ZeroInterval;
use crate::lane::inbox;
use crate::task::contract::Home;
use crate::task::stop::Stopping;
use crate::time::Deadline;
use crate::tools::ticks::Ticks;
use crate::tools::timeout;
use crate::tools::timeout::Elapsed;
use crate::wait::park;

impl Context {
    /// Sleeps on the lane's own timer, or until a stop is asked. Zero does not sleep; `Duration::MAX`
    /// sleeps until the stop.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    ///
    /// # Panics
    ///
    /// Off the lanes: on a plain thread use [`sleep_blocking`](Context::sleep_blocking).
    ///
    /// # Cancellation
    ///
    /// Dropping it loses nothing.
    pub async fn sleep(&self, limit: Duration) -> Result<(), Stopping> {
        if self.is_stopping() {
            return Err(Stopping);
        }
        let deadline = Deadline::after(limit);
        let timer = inbox::lane_here().and_then(|lane| lane.timer(deadline));
        match timer {
            Some(timer) => self.run_until_stopped(timer).await,
            None => panic!(
                "`Context::sleep` was polled off the lanes of its runner; on a plain thread use `sleep_blocking`"
            ),
        }
    }

    /// The twin of [`sleep`](Context::sleep) for plain threads.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    pub fn sleep_blocking(&self, limit: Duration) -> Result<(), Stopping> {
        match park::block_on(self.stopped(), Deadline::after(limit)) {
            Some(()) => Err(Stopping),
            None => Ok(()),
        }
    }

    /// Ticks at this interval until a stop is asked, for work that this task does again and again. The first
    /// tick comes at once, the others are counted from start to start; [`Ticks`] says how else.
    ///
    /// `Duration::MAX` ticks once and then waits for the stop.
    ///
    /// # Errors
    ///
    /// [`ZeroInterval`] for an interval of zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.adopt(Plain, async || {
    ///     let cx = Context::current();
    ///     let mut ticks = cx.every(Duration::from_millis(2))?;
    ///     let mut beats = 0;
    ///     while ticks.tick().await.is_ok() {
    ///         beats += 1;
    ///         if beats == 3 {
    ///             cx.handle().stop();
    ///         }
    ///     }
    ///     anyhow::ensure!(beats >= 3);
    ///     anyhow::Ok(())
    /// })?;
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn every(&self, interval: Duration) -> Result<Ticks, ZeroInterval> {
        let zero = ZeroInterval { at: Location::caller() };
        Ticks::checked(interval, self.task.header().stop(), zero)
    }

    /// Runs `future` for `limit` at most, on the lane's own timer: see [`timeout`](crate::timeout).
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the limit is over; the future has been dropped then.
    ///
    /// # Panics
    ///
    /// Off the lanes: on a plain thread use [`timeout_blocking`](Context::timeout_blocking).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the future. A stop does not end it.
    pub async fn timeout<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        timeout::timeout(limit, future).await
    }

    /// The twin of [`timeout`](Context::timeout) for plain threads: polls `future` on the calling thread.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn timeout_blocking<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        timeout::timeout_blocking(limit, future)
    }
}
