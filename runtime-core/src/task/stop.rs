//! The stop that running code sees: asked once, awaited by tasks, waited for by threads.
//!
//! Stops form a tree: asking a node asks all below it. A node does not know its children; whoever
//! waits listens to its node and to all above, so asking costs the same for one task and a million.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use event_listener::{Event, EventListener};

use crate::sync::Mutex;
use crate::time::Deadline;

/// One node of the tree of stops.
pub(crate) struct StopNode {
    parent: Option<Arc<StopNode>>,
    asked: OnceLock<Asked>,
    /// When everybody below is cancelled, whatever the graces.
    cancel: Mutex<Deadline>,
    event: Event,
}

/// A stop that was asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    at: Instant,
    /// How long each has, unless it has a grace of its own.
    grace: Duration,
}

impl StopNode {
    pub(crate) fn root() -> Arc<Self> {
        Self::new(None)
    }

    pub(crate) fn below(parent: &Arc<Self>) -> Arc<Self> {
        Self::new(Some(Arc::clone(parent)))
    }

    fn new(parent: Option<Arc<StopNode>>) -> Arc<Self> {
        Arc::new(StopNode {
            parent,
            asked: OnceLock::new(),
            cancel: Mutex::new(Deadline::never()),
            event: Event::new(),
        })
    }

    /// Asks this node and all below it. Only the first time counts: `true`.
    pub(crate) fn ask(&self, at: Instant, grace: Duration, cancel: Deadline) -> bool {
        self.hurry(cancel);
        let first = self.asked.set(Asked { at, grace }).is_ok();
        if first {
            self.event.notify(usize::MAX);
        }
        first
    }

    /// Everybody below is cancelled by then.
    pub(crate) fn hurry(&self, cancel: Deadline) {
        let mut before = self.cancel.lock();
        *before = before.min(cancel);
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.lineage().any(|node| node.asked.get().is_some())
    }

    /// Whether this is `other` or stands below it.
    pub(crate) fn is_below(&self, other: &Arc<StopNode>) -> bool {
        self.lineage().any(|node| std::ptr::eq(node, Arc::as_ptr(other)))
    }

    fn lineage(&self) -> impl Iterator<Item = &StopNode> {
        std::iter::successors(Some(self), |node| node.parent.as_deref())
    }
}

/// Resolves as soon as a stop is asked. Owned and `'static`: it can be handed to any API that takes a
/// shutdown future, on any executor.
///
/// # Cancellation
///
/// Dropping it loses nothing; a new one resolves at once if a stop was asked meanwhile.
#[must_use = "futures do nothing unless awaited"]
pub struct Stopped {
    node: Arc<StopNode>,
    listeners: Vec<EventListener>,
}

impl Stopped {
    pub(crate) fn of(node: Arc<StopNode>) -> Self {
        Stopped { node, listeners: Vec::new() }
    }
}

impl Future for Stopped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // Listen first, look then: a stop asked in between is seen by one of the two.
        if this.listeners.is_empty() {
            this.listeners = this.node.lineage().map(|node| node.event.listen()).collect();
        }
        if this.node.is_asked() {
            this.listeners.clear();
            return Poll::Ready(());
        }
        for listener in &mut this.listeners {
            if Pin::new(listener).poll(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

impl std::fmt::Debug for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stopped").field("asked", &self.node.is_asked()).finish()
    }
}

/// A wait ended early because a stop was asked.
///
/// A task that is adopted and ends in this error after it was asked to stop, by `sleep(…).await?` for
/// instance, was stopped and has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopping;

impl std::fmt::Display for Stopping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stop was asked")
    }
}

impl std::error::Error for Stopping {}

/// How long is left to a task with this stop and maybe a grace of its own: `None` if no stop was asked,
/// `Duration::MAX` if it is never cancelled.
pub(crate) fn time_left(node: &StopNode, own: Option<Duration>) -> Option<Duration> {
    let cancelled = |node: &StopNode| {
        let asked = node.asked.get()?;
        let grace = Deadline::from(asked.at, own.unwrap_or(asked.grace));
        Some(grace.min(*node.cancel.lock()))
    };
    let first = node.lineage().filter_map(cancelled).reduce(Deadline::min)?;
    Some(first.left().unwrap_or(Duration::MAX))
}
