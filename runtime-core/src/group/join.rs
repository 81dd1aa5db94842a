//! Waiting for members to end: one wait for futures and threads, with and without a limit.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::{Event, EventListener};

use crate::group::node::GroupCore;
use crate::lane::inbox;
use crate::task::cell;
use crate::task::contract::Home;
use crate::task::handle::{Room, block_current};
use crate::time::Deadline;
use crate::wait::graph::Target;
use crate::wait::ring::Ring;
use crate::wait::{blocking, park};

/// A wait for members of a group. Await it on any executor, or let a plain thread wait with
/// [`blocking`](Join::blocking).
///
/// # Errors
///
/// [`JoinGroupError::WouldDeadlock`] at once, if the wait could never end: a member that waits for its
/// own group, or, blocking, a lane whose own tasks are waited for.
///
/// # Cancellation
///
/// Dropping the wait loses nothing: an end is taken when the wait gives it, and not before. All who
/// wait are woken; each end goes to one of them. If the runner stops meanwhile, members that do not end
/// in time are given up, so the wait ends.
#[must_use = "a wait does nothing unless awaited"]
pub struct Join<'a, T> {
    group: &'a GroupCore,
    take: Take<T>,
    /// Woken at each end, or when nobody is left.
    bell: &'a Event,
    whom: Whom,
    listener: Option<EventListener>,
}

/// Whose end is waited for.
#[derive(Debug)]
enum Whom {
    /// Any member's.
    Any,
    /// All members'.
    All,
    /// That of the member with this name.
    Member(Arc<str>),
    /// Those of all children that keep their parent.
    Keeping,
}

/// Takes what is waited for, if it is there.
pub(crate) type Take<T> = Box<dyn Fn(&GroupCore) -> Option<T> + Send + Sync>;

impl<'a, T> Join<'a, T> {
    pub(crate) fn one(group: &'a GroupCore, take: Take<T>) -> Self {
        Join { group, take, bell: &group.one_ended, whom: Whom::Any, listener: None }
    }

    pub(crate) fn all(group: &'a GroupCore, take: Take<T>) -> Self {
        Join { group, take, bell: &group.all_ended, whom: Whom::All, listener: None }
    }

    /// A wait until the task is finished whose children the group is, and whose body is over.
    pub(crate) fn finished(group: &'a GroupCore, take: Take<T>) -> Self {
        Join { group, take, bell: &group.all_ended, whom: Whom::Keeping, listener: None }
    }

    pub(crate) fn member(group: &'a GroupCore, name: Arc<str>, take: Take<T>) -> Self {
        Join { group, take, bell: &group.one_ended, whom: Whom::Member(name), listener: None }
    }

    /// Waits for `limit` at most, on the timer of the calling lane.
    ///
    /// # Errors
    ///
    /// [`JoinGroupError::TimedOut`], with nothing taken; [`JoinGroupError::NoTimer`] off the lanes, where
    /// nothing keeps the time: use [`blocking_timeout`](Join::blocking_timeout), or your own executor's
    /// timeout around the wait.
    ///
    /// # Cancellation
    ///
    /// As for the wait.
    pub async fn timeout(self, limit: Duration) -> Result<T, JoinGroupError> {
        let Some(lane) = inbox::lane_here() else { return Err(JoinGroupError::NoTimer) };
        let Some(mut timer) = lane.timer(Deadline::after(limit)) else {
            return Err(JoinGroupError::NoTimer);
        };
        let mut join = pin!(self);
        std::future::poll_fn(move |cx| {
            if let Poll::Ready(result) = join.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            timer.as_mut().poll(cx).map(|()| Err(JoinGroupError::TimedOut))
        })
        .await
    }

    /// The twin for plain threads: blocks the calling thread.
    ///
    /// # Errors
    ///
    /// As for the wait.
    pub fn blocking(self) -> Result<T, JoinGroupError> {
        self.wait(Deadline::never())
    }

    /// As [`blocking`](Join::blocking), for `limit` at most.
    ///
    /// # Errors
    ///
    /// [`JoinGroupError::TimedOut`], with nothing taken.
    pub fn blocking_timeout(self, limit: Duration) -> Result<T, JoinGroupError> {
        self.wait(Deadline::after(limit))
    }

    fn wait(mut self, deadline: Deadline) -> Result<T, JoinGroupError> {
        let endless = deadline == Deadline::never();
        loop {
            self.check()?;
            // Listen first, look then, so that nothing is missed while the edge is put in.
            self.listener = Some(self.bell.listen());
            if let Some(value) = (self.take)(self.group) {
                return Ok(value);
            }
            // A wait with a limit ends, so it closes no ring.
            let edge = match if endless { self.edge() } else { Ok(Edge::default()) } {
                Ok(edge) => edge,
                // A member that has ended since is no way out any more, but its end is there.
                Err(ring) => return (self.take)(self.group).ok_or(ring),
            };
            let _room = Room::make();
            if let Some(ended) = edge.ended {
                let _ = park::block_on(ended, deadline);
                continue;
            }
            let Some(listener) = self.listener.take() else { continue };
            if park::block_on(listener, deadline).is_none() {
                return (self.take)(self.group).ok_or(JoinGroupError::TimedOut);
            }
        }
    }

    /// Puts the wait into the wait-for graph.
    fn edge(&self) -> Result<Edge, JoinGroupError> {
        if blocking::executor().is_none() {
            return Ok(Edge::default());
        }
        let ended = self.group.one_ended.listen();
        let (target, ended) = match &self.whom {
            Whom::Any => (self.group.as_target(), None),
            // One after the other: in the end all of them must have ended.
            Whom::All => {
                (self.group.running_task().map(|task| task as Arc<dyn Target>), Some(ended))
            }
            Whom::Keeping => {
                (self.group.keeping_task().map(|task| task as Arc<dyn Target>), Some(ended))
            }
            Whom::Member(name) => {
                (self.group.task_named(name).map(|task| task as Arc<dyn Target>), Some(ended))
            }
        };
        let Some(target) = target else { return Ok(Edge::default()) };
        let blocked = block_current(&target).map_err(JoinGroupError::ring)?;
        Ok(Edge { _blocked: Some(blocked), ended })
    }

    /// A member that waits for its own group waits for itself.
    pub(crate) fn check(&self) -> Result<(), JoinGroupError> {
        let Some(task) = cell::current() else { return Ok(()) };
        let header = task.header();
        let ring = match &self.whom {
            Whom::Any | Whom::All | Whom::Keeping if self.group.owns(header) => {
                Ring::of_member(header.label().to_string(), self.group.label().to_string())
            }
            Whom::Member(name) if self.group.holds_named(header.id, name) => {
                Ring::of_one(header.label().to_string())
            }
            Whom::Any | Whom::All | Whom::Keeping | Whom::Member(_) => return Ok(()),
        };
        Err(JoinGroupError::ring(ring))
    }
}

/// While it lives, the wait stands in the wait-for graph.
#[derive(Default)]
struct Edge {
    _blocked: Option<blocking::Blocked>,
    /// The next end of any member, after which another edge may be the right one.
    ended: Option<EventListener>,
}

impl<T> Future for Join<'_, T> {
    type Output = Result<T, JoinGroupError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.check()?;
        loop {
            if let Some(value) = (this.take)(this.group) {
                return Poll::Ready(Ok(value));
            }
            match &mut this.listener {
                // Listen first, look then.
                None => this.listener = Some(this.bell.listen()),
                Some(listener) => match Pin::new(listener).poll(cx) {
                    Poll::Ready(()) => this.listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("group", self.group.label()).finish_non_exhaustive()
    }
}

/// Why a wait for members gives nothing. Nothing was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinGroupError {
    /// The limit is over.
    TimedOut,
    /// Waiting here would never end.
    WouldDeadlock(Box<Ring>),
    /// Off the lanes, where no timer keeps the limit.
    NoTimer,
}

impl JoinGroupError {
    fn ring(ring: Ring) -> Self {
        JoinGroupError::WouldDeadlock(Box::new(ring))
    }
}

impl fmt::Display for JoinGroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinGroupError::TimedOut => f.write_str("the members did not end in time"),
            JoinGroupError::WouldDeadlock(ring) => {
                write!(f, "waiting for the group would never end: {ring}")
            }
            JoinGroupError::NoTimer => f.write_str(
                "a wait with a limit was polled off the lanes, where no timer keeps it; use `blocking_timeout`, or your executor's timeout around the wait",
            ),
        }
    }
}

impl std::error::Error for JoinGroupError {}
