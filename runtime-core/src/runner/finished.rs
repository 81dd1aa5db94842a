//! Waiting until a task is finished: its body is over, and no child is left that keeps it.

use std::future::poll_fn;
use std::sync::Arc;

use crate::group::join::{Join, JoinGroupError};
use crate::group::node::GroupCore;
use crate::task::handle::TaskHandle;
use crate::task::outcome::JoinError;
use crate::time::Deadline;

impl<T: Send + 'static> TaskHandle<T> {
    /// Waits until the task is finished: until its body is over, as for the outcome, and no
    /// [child](crate::Context::spawn) is left that is not transient. The outcome stays where it is, whatever
    /// it is; it may have been taken before.
    ///
    /// # Errors
    ///
    /// [`JoinError::WouldDeadlock`] at once, if the task itself waits, or one below it.
    /// [`JoinError::Abandoned`], or [`JoinError::TimedOut`] for one with a limit, if the task was given up:
    /// it may be busy still.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait loses nothing. If the runner stops meanwhile, children that do not end in time are
    /// given up, so the wait ends.
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
    /// let handle = runner.handle();
    /// let value = runner.execute(Plain, async move || {
    ///     let mut parent = handle.spawn(Plain, async || {
    ///         Context::current().adopt(Plain, async || {
    ///             let _ = Context::current().sleep(Duration::from_millis(1)).await;
    ///         })?;
    ///         anyhow::Ok(42)
    ///     })?;
    ///     let value = (&mut parent).await??;
    ///     parent.finished().await?;
    ///     assert!(parent.is_finished());
    ///     anyhow::Ok(value)
    /// })?;
    /// assert_eq!(value?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn finished(&mut self) -> Result<(), JoinError> {
        self.check_below()?;
        poll_fn(|cx| self.poll_over(cx)).await?;
        self.check_given_up()?;
        match self.group_below() {
            Some(children) => wait_for(&children).await.map_err(JoinError::from_group),
            None => Ok(()),
        }
    }

    /// The twin of [`finished`](TaskHandle::finished) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`JoinError::WouldDeadlock`] on a lane that would have to run the task or one of its
    /// children.
    pub fn finished_blocking(&mut self) -> Result<(), JoinError> {
        self.check_below()?;
        self.wait_over(Deadline::never()).unwrap_or(Ok(()))?;
        self.check_given_up()?;
        match self.group_below() {
            Some(children) => wait_for(&children).blocking().map_err(JoinError::from_group),
            None => Ok(()),
        }
    }

    fn group_below(&self) -> Option<Arc<GroupCore>> {
        self.children().and_then(GroupCore::of_children)
    }

    /// Whoever stands below the task would wait for itself.
    fn check_below(&self) -> Result<(), JoinError> {
        self.check()?;
        match self.group_below() {
            Some(children) => wait_for(&children).check().map_err(JoinError::from_group),
            None => Ok(()),
        }
    }
}

fn wait_for(children: &GroupCore) -> Join<'_, ()> {
    Join::finished(children, Box::new(|group| group.is_parent_finished().then_some(())))
}

impl JoinError {
    /// Why a wait for children, which has no limit, gave nothing.
    fn from_group(error: JoinGroupError) -> Self {
        match error {
            JoinGroupError::WouldDeadlock(ring) => JoinError::WouldDeadlock(ring),
            JoinGroupError::TimedOut | JoinGroupError::NoTimer => JoinError::Abandoned,
        }
    }
}
