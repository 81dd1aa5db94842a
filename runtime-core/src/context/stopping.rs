//! What a task hears of a stop, and whether it keeps others from ending.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::context::task::Context;
use crate::runner::section::Section;
use crate::task::stop;
use crate::task::stop::Stopped;
use crate::task::stop::Stopping;
use crate::time::Deadline;
use crate::wait::park;

impl Context {
    /// Whether this task, or the whole runner, is asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.task.header().stop().is_asked()
    }

    /// Whether this task is transient: see [`set_transient`](Context::set_transient).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.task.header().is_transient()
    }

    /// Makes this task transient, or an ordinary one again, while it runs.
    ///
    /// A transient task keeps nothing alive: [`run`](crate::ServiceRunner::run) ends, and so does a wait for
    /// all members of its group, when only transient tasks are left. A stop does not ask them before
    /// everybody else has ended, or is cancelled. Then they are asked, once, and their cleanup is awaited
    /// within their grace. Usual examples are what serves others as long as there are others: the pruner of
    /// a connection pool, the refresher of a cache, something that flushes a log.
    ///
    /// What a transient task makes below it keeps nothing alive either; what is there when the task is
    /// changed stays as it was. A task that was asked to stop becomes no transient one any more. One that
    /// is not transient any more hears of a stop at once, if it was spared one.
    ///
    /// # Examples
    ///
    /// A refresher that is not to be cut while it writes:
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.task("refresher").transient().adopt(Plain, async || {
    ///     let cx = Context::current();
    ///     while cx.sleep(Duration::from_secs(60)).await.is_ok() {
    ///         cx.set_transient(false);
    ///         // … write the cache: the runner waits for this …
    ///         cx.set_transient(true);
    ///     }
    /// })?;
    /// // Nothing else is left, so this ends.
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_transient(&self, transient: bool) {
        self.task.header().set_transient(transient);
    }

    /// Resolves as soon as this task, or the whole runner, is asked to stop.
    pub fn stopped(&self) -> Stopped {
        Stopped::of(Arc::clone(self.task.header().stop()))
    }

    /// The twin of [`stopped`](Context::stopped) for plain threads.
    pub fn stopped_blocking(&self) {
        let _ = park::block_on(self.stopped(), Deadline::never());
    }

    /// How long is left until the task is cancelled; `None` while no stop is asked.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        stop::time_left(self.task.header().stop(), self.task.header().grace())
    }

    /// Runs `section` with a first stop put off: the task is not told of it, nor is it dropped, before the
    /// section is over. For what must not be cut in half: a transfer with two sides, a file that is written
    /// anew. Within it, [`is_stopping`](Context::is_stopping) says no, [`stopped`](Context::stopped) stays
    /// pending, sleeps go on; children of the task hear of nothing either. The task's grace begins when the
    /// section is over.
    ///
    /// A second stop is not put off: a second [`TaskHandle::stop`](crate::TaskHandle::stop), a second
    /// signal, [`Handle::stop_now`], or a stop of the task and one of what is above it. Nor are deadlines:
    /// that of the group, when four fifths of its grace are over, and that of the runner, half-way between
    /// the longest grace of a task and the end of the group grace (12.5 s after the stop was asked, if
    /// nothing else is said).
    ///
    /// Sections inside of one another, or beside one another in one task, count as one: a stop is heard of
    /// when the last is over.
    ///
    /// [`Handle::stop_now`]: crate::Handle::stop_now
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, the section is over.
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
    /// let task = runner.spawn(Plain, async || {
    ///     let cx = Context::current();
    ///     let both = cx.defer_stop(async {
    ///         cx.handle().stop();
    ///         cx.sleep(Duration::from_millis(1)).await.is_ok() && !cx.is_stopping()
    ///     });
    ///     let whole = both.await;
    ///     // Now it is heard of.
    ///     cx.stopped().await;
    ///     whole
    /// })?;
    /// runner.run();
    /// assert!(task.join()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn defer_stop<F: Future>(&self, section: F) -> F::Output {
        let _section = Section::begin(&self.task, self.handle.core().root());
        section.await
    }

    /// The twin of [`defer_stop`](Context::defer_stop) for plain threads. The section is over when it
    /// returns or panics.
    pub fn defer_stop_blocking<T>(&self, section: impl FnOnce() -> T) -> T {
        let _section = Section::begin(&self.task, self.handle.core().root());
        section()
    }

    /// Runs `future` until it is done or a stop is asked. When both are the case the value wins.
    ///
    /// # Errors
    ///
    /// [`Stopping`]; the future has been dropped then.
    ///
    /// # Cancellation
    ///
    /// As that of the future.
    pub async fn run_until_stopped<F: Future>(&self, future: F) -> Result<F::Output, Stopping> {
        let mut future = pin!(future);
        let mut stopped = self.stopped();
        std::future::poll_fn(move |cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            pin!(&mut stopped).poll(cx).map(|()| Err(Stopping))
        })
        .await
    }
}
