//! The scoped form of a group: nothing leaves it before every member has ended.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use event_listener::EventListener;

use crate::error::Reason;
use crate::event::Stoppable;
use crate::failure::Cause;
use crate::group::end::MemberEnd;
use crate::group::join::JoinGroupError;
use crate::group::node::GroupCore;
use crate::runner::group::{Group, GroupBuilder};
use crate::task::cell;
use crate::task::stop::Stopped;
use crate::unwind;

impl GroupBuilder {
    /// Opens the group, runs `body` with it, and gives the body's value when every member has ended.
    ///
    /// Called by a task, the group stands below that task: a stop of the task asks the members at once,
    /// and their names need to be unique in that task only.
    ///
    /// A member whose failure or end stops the group interrupts the body: it is dropped at its await
    /// point. An error or a panic of the body counts as a member's failure: it stops the members, unless
    /// the group continues on failures. Ends that the body has joined itself are its own.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] with everything that went wrong: the body's error or panic, and the ends of the
    /// members that failed or were given up. Or with why the group could not be opened; the body did not
    /// begin then.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, it drops the body and stops the members; the group above, or the runner,
    /// waits for them. A stop of the calling task is a stop of the group; the body goes on within the
    /// task's grace.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Handle, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let total = runner.execute(Plain, async || {
    ///     let sums = Handle::current().group("sums").limit(4);
    ///     sums.scope(async |group| {
    ///         let one = group.spawn(Plain, async || 1).await?;
    ///         let two = group.spawn(Plain, async || 2).await?;
    ///         anyhow::Ok(one.await? + two.await?)
    ///     })
    ///     .await
    /// })??;
    /// assert_eq!(total, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn scope<T, E, B>(
        self,
        body: B,
    ) -> impl Future<Output = Result<T, ScopeError>> + use<T, E, B>
    where
        B: AsyncFnOnce(&Group) -> Result<T, E>,
        E: Into<anyhow::Error>,
    {
        let here = Location::caller();
        async move {
            let group = self.open_scope(here).map_err(ScopeError::refused)?;
            let node = group.node();
            let mut stop = CallersStop::watch(node);
            let mut body = Box::pin(async { body(&group).await.map_err(Into::into) });
            let mut broken = Broken { node, listener: None };
            let ended = poll_fn(|cx| {
                stop.poll(cx);
                match unwind::guard(|| body.as_mut().poll(cx)) {
                    Ok(Poll::Ready(result)) => Poll::Ready(Ended::of(result)),
                    Err(info) => Poll::Ready(Ended::Failed(Cause::Panic(info))),
                    Ok(Poll::Pending) => broken.poll(cx).map(|()| Ended::Interrupted),
                }
            })
            .await;
            let ended = match (unwind::discard(body), ended) {
                (Err(info), Ended::Value(_) | Ended::Interrupted) => {
                    Ended::Failed(Cause::Panic(info))
                }
                (_, ended) => ended,
            };
            ended.act(node);
            let mut members = pin!(group.join_all());
            let ends = poll_fn(|cx| {
                stop.poll(cx);
                members.as_mut().poll(cx)
            })
            .await;
            ended.close(node, ends.unwrap_or_default())
        }
    }

    /// The twin of [`scope`](GroupBuilder::scope) for plain threads: the body runs on the calling thread.
    /// A call cannot be interrupted from outside; a body that waits for something else than its members
    /// looks at [`Group::is_stopping`].
    ///
    /// # Errors
    ///
    /// As there. [`ScopeError::reason`] says so if waiting for the members would never end, on a lane
    /// whose own tasks they are; they are stopped then.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::ServiceRunner;
    ///
    /// let runner = ServiceRunner::new();
    /// let error = runner
    ///     .group("checks")
    ///     .scope_blocking(|group| {
    ///         group.task("disk").adopt_blocking(Plain, async || anyhow::bail!("it is full"))?;
    ///         anyhow::Ok(())
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(error.ends()[0].name(), Some("disk"));
    /// assert!(error.to_string().contains("it is full"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn scope_blocking<T, E, B>(self, body: B) -> Result<T, ScopeError>
    where
        B: FnOnce(&Group) -> Result<T, E>,
        E: Into<anyhow::Error>,
    {
        let group = self.open_scope(Location::caller()).map_err(ScopeError::refused)?;
        let ended = match unwind::guard(|| body(&group)) {
            Ok(result) => Ended::of(result.map_err(Into::into)),
            Err(info) => Ended::Failed(Cause::Panic(info)),
        };
        ended.act(group.node());
        match group.join_all().blocking() {
            Ok(ends) => ended.close(group.node(), ends),
            Err(error) => {
                // The group is dropped here, which stops the members.
                let failed = ended.close(group.node(), Vec::new()).err();
                let reason = match error {
                    JoinGroupError::WouldDeadlock(ring) => Some(Reason::WouldDeadlock { ring }),
                    JoinGroupError::TimedOut | JoinGroupError::NoTimer => None,
                };
                Err(ScopeError { reason, ..failed.unwrap_or_default() })
            }
        }
    }
}

/// How the body ended.
enum Ended<T> {
    Value(T),
    Failed(Cause),
    /// What a member did stopped the group, and the body with it.
    Interrupted,
}

impl<T> Ended<T> {
    fn of(result: Result<T, anyhow::Error>) -> Self {
        match result {
            Ok(value) => Ended::Value(value),
            Err(error) => Ended::Failed(Cause::error(error)),
        }
    }

    /// The body's failure is like that of a member.
    fn act(&self, node: &GroupCore) {
        match self {
            Ended::Failed(_) if node.stops_on_failure() => node.break_up(),
            Ended::Failed(_) | Ended::Value(_) | Ended::Interrupted => {}
        }
    }

    /// What the scope gives, once every member has ended.
    fn close(self, node: &GroupCore, ends: Vec<MemberEnd>) -> Result<T, ScopeError> {
        let bad = |end: &MemberEnd| !end.is_in_order();
        let ends: Vec<_> = ends.into_iter().filter(bad).collect();
        let group = Some(Arc::clone(node.full_path()));
        let error = ScopeError { group, ends, ..ScopeError::default() };
        match self {
            Ended::Value(value) if error.ends.is_empty() => Ok(value),
            Ended::Value(_) => Err(error),
            Ended::Failed(cause) => Err(ScopeError { body: Some(Box::new(cause)), ..error }),
            Ended::Interrupted => Err(ScopeError { interrupted: true, ..error }),
        }
    }
}

/// The stop of the task that called, which is a stop of the group.
pub(super) struct CallersStop<'a> {
    node: &'a GroupCore,
    stopped: Option<Stopped>,
}

impl<'a> CallersStop<'a> {
    pub(super) fn watch(node: &'a GroupCore) -> Self {
        let stopped = cell::current().map(|task| Stopped::of(Arc::clone(task.header().stop())));
        CallersStop { node, stopped }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        let asked = self.stopped.as_mut().is_some_and(|stop| Pin::new(stop).poll(cx).is_ready());
        if asked {
            self.stopped = None;
            self.node.begin_stop();
        }
    }
}

/// Until what a member did stops the others.
struct Broken<'a> {
    node: &'a GroupCore,
    listener: Option<EventListener>,
}

impl Broken<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.listener {
                // Listen first, look then.
                None => self.listener = Some(self.node.broke.listen()),
                Some(_) if self.node.is_broken() => return Poll::Ready(()),
                Some(listener) => match Pin::new(listener).poll(cx) {
                    Poll::Ready(()) => self.listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

/// Everything that went wrong in a scope.
#[derive(Clone, Debug, Default)]
pub struct ScopeError {
    group: Option<Arc<str>>,
    reason: Option<Reason>,
    body: Option<Box<Cause>>,
    interrupted: bool,
    ends: Vec<MemberEnd>,
}

impl ScopeError {
    fn refused(reason: Reason) -> Self {
        ScopeError { reason: Some(reason), ..ScopeError::default() }
    }

    /// Why the group could not be opened, so that the body did not begin; or why the members could not be
    /// waited for.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// The error or the panic of the body, if it had one.
    #[must_use]
    pub fn body(&self) -> Option<&Cause> {
        self.body.as_deref()
    }

    /// Whether the body was dropped because what a member did stopped the group.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// The ends of the members that failed or were given up, in completion order.
    #[must_use]
    pub fn ends(&self) -> &[MemberEnd] {
        &self.ends
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(group) => write!(f, "group `{group}`")?,
            None => f.write_str("a group")?,
        }
        let reason = self.reason.iter().map(ToString::to_string);
        let body = self.body.iter().map(|cause| format!("its body: {cause}"));
        let cut = self.interrupted.then(|| "its body was interrupted".to_owned());
        let ends = self.ends.iter().map(ToString::to_string);
        let parts: Vec<String> = reason.chain(body).chain(cut).chain(ends).collect();
        write!(f, ": {}", parts.join("; "))
    }
}

impl Error for ScopeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` tells everything; the chain goes on below the body's error.
        self.body.as_deref().and_then(Cause::as_error).and_then(Error::source)
    }
}
