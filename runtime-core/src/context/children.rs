//! Tasks below the task.

use std::future::Future;
use std::sync::Arc;

use crate::context::task::Context;
use crate::error::AdoptError;
use crate::error::SpawnError;
use crate::failure::TaskLabel;
use crate::flavour::Flavour;
use crate::group::node::GroupCore;
use crate::id::TaskId;
use crate::runner::child::ChildBuilder;
use crate::runner::local::LocalHandle;
use crate::task::handle::TaskHandle;
use crate::task::payload::Adoptable;
use crate::task::payload::Payload;

impl Context {
    /// Runs `payload` in the background as a *child* of this task, on any flavour. Nobody waits for its
    /// value. An error or a panic is this task's: it falls to the group that this task is in, whose rule for
    /// this task holds, or to the runner.
    ///
    /// The children of a task belong to it. A task is *over* when its payload has ended, and whoever waits for
    /// its outcome has it then; it is *finished* when no child is left either, and counts as ended in its
    /// group and in the runner only then. A stop of the task asks its children with it; so does its being
    /// dropped or given up. Their names stand below that of the task, `parent/child`, and need to be unique
    /// there only.
    ///
    /// A [transient](ChildBuilder::transient) child keeps its parent not unfinished, is not asked with it,
    /// and may go on after it.
    ///
    /// # Errors
    ///
    /// [`AdoptError`] with the payload, if it is not taken: [`Reason::Finished`](crate::Reason::Finished) if
    /// this task is finished, [`Reason::ParentStopping`](crate::Reason::ParentStopping) if it stops; the task
    /// itself may start what its cleanup needs even then.
    ///
    /// # Cancellation
    ///
    /// As for [`Handle::adopt`](crate::Handle::adopt).
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.task("server").adopt(Plain, async || {
    ///     let cx = Context::current();
    ///     cx.task("metrics").adopt(Plain, async || {
    ///         assert_eq!(Context::current().label().path(), "server/metrics");
    ///     })?;
    ///     anyhow::Ok(())
    /// })?;
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn adopt<F, P>(&self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        self.child(None).adopt(flavour, payload)
    }

    /// Runs `payload` as a child of this task, and gives a handle to its outcome, failure included: see
    /// [`adopt`](Context::adopt) for what a child is.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the payload, if it is not taken, as there.
    ///
    /// # Cancellation
    ///
    /// As for [`Handle::spawn`](crate::Handle::spawn). Dropping the handle does not stop the child; this task
    /// waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let sum = runner.spawn(Plain, async || {
    ///     let cx = Context::current();
    ///     let (one, two) = (cx.spawn(Plain, async || 1)?, cx.spawn(Plain, async || 2)?);
    ///     anyhow::Ok(one.await? + two.await?)
    /// })?;
    /// assert_eq!(sum.join()??, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn<F, P>(
        &self,
        flavour: F,
        payload: P,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.child(None).spawn(flavour, payload)
    }

    /// Runs a future as a child of this task, on the very lane of this task: it need not be `Send`, and may
    /// share an `Rc` with its parent. Its value need not be `Send` either. See [`adopt`](Context::adopt) for
    /// what a child is.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the future, if it is not taken, as there; and
    /// [`Reason::OffLane`](crate::Reason::OffLane) when called from any other thread than that of this task's
    /// lane, and by a payload of a blocking flavour. As the future may not cross threads, neither may the
    /// error: [`Refused::into_reason`](crate::Refused::into_reason) gives one that does.
    ///
    /// # Cancellation
    ///
    /// As for [`spawn`](Context::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::cell::RefCell;
    /// use std::rc::Rc;
    /// use spumoni_core::{Context, Refused, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let lines = runner.spawn(Plain, async || {
    ///     let cx = Context::current();
    ///     let log = Rc::new(RefCell::new(vec!["parent"]));
    ///     let shared = Rc::clone(&log);
    ///     let child = cx.spawn_local(async move {
    ///         shared.borrow_mut().push("child");
    ///         shared
    ///     });
    ///     let same = child.map_err(Refused::into_reason)?.await?;
    ///     assert!(Rc::ptr_eq(&log, &same));
    ///     anyhow::Ok(log.take())
    /// })?;
    /// assert_eq!(lines.join()??, ["parent", "child"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn_local<B>(&self, future: B) -> Result<LocalHandle<B::Output>, SpawnError<B>>
    where
        B: Future<Output: 'static> + 'static,
    {
        self.child(None).spawn_local(future)
    }

    /// A child of this task with a name, to which more can be said before it is handed over. See
    /// [`adopt`](Context::adopt) for what a child is.
    pub fn task(&self, name: impl Into<Arc<str>>) -> ChildBuilder<'_> {
        self.child(Some(name.into()))
    }

    fn child(&self, name: Option<Arc<str>>) -> ChildBuilder<'_> {
        ChildBuilder::new(&self.handle, &self.task, name)
    }

    /// The living children of this task, transient ones too, in the order of their making; not those of
    /// children, and not the members of groups.
    #[must_use]
    pub fn children(&self) -> Vec<TaskLabel> {
        let children = self.task.header().children().cloned().and_then(GroupCore::of_children);
        children.map(|children| children.labels()).unwrap_or_default()
    }
}
