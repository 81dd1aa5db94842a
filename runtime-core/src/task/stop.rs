//! The stop that running code sees: asked once, awaited by tasks, waited for by threads.
//!
//! Stops form a tree: asking a node asks all below it. A node does not know its children; whoever
//! waits listens to its node and to all above, so asking costs the same for one task and a million.
//!
//! What was asked above is not for everybody below at once. A transient task, and all below it, hear of
//! it only when nothing else is left (`ask_all`). A task that defers stops, and all below it, hear of it
//! when its section is over, or when it is asked once more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use event_listener::{Event, EventListener};

use crate::sync::{AtomicBool, AtomicU32, Mutex, Ordering};
use crate::time::Deadline;

/// One node of the tree of stops.
pub(crate) struct StopNode {
    parent: Option<Arc<StopNode>>,
    /// Asked of this node, and of all below it that keep something alive.
    asked: OnceLock<Asked>,
    /// Asked of the transient ones below as well.
    asked_all: OnceLock<Asked>,
    /// When it was asked once more: no section defers it.
    pressed: OnceLock<Instant>,
    /// It is that of a transient task.
    transient: AtomicBool,
    /// In how many sections its task is that hear of no first stop, one inside the other.
    deferred: AtomicU32,
    /// When the last one of them was over.
    resumed: Mutex<Option<Instant>>,
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

/// A stop as one node hears of it.
struct Heard<'a> {
    by: &'a StopNode,
    /// How many nodes it came down.
    height: usize,
    asked: Asked,
}

impl StopNode {
    pub(crate) fn root() -> Arc<Self> {
        Self::new(None)
    }

    pub(crate) fn below(parent: &Arc<Self>) -> Arc<Self> {
        Self::new(Some(Arc::clone(parent)))
    }

    /// That of a transient task.
    pub(crate) fn transient_below(parent: &Arc<Self>) -> Arc<Self> {
        let node = Self::below(parent);
        node.transient.store(true, Ordering::SeqCst);
        node
    }

    fn new(parent: Option<Arc<StopNode>>) -> Arc<Self> {
        Arc::new(StopNode {
            parent,
            asked: OnceLock::new(),
            asked_all: OnceLock::new(),
            pressed: OnceLock::new(),
            transient: AtomicBool::new(false),
            deferred: AtomicU32::new(0),
            resumed: Mutex::new(None),
            cancel: Mutex::new(Deadline::never()),
            event: Event::new(),
        })
    }

    /// Asks this node and all below it but the transient ones. Only the first time counts: `true`.
    pub(crate) fn ask(&self, at: Instant, grace: Duration, cancel: Deadline) -> bool {
        self.hurry(cancel);
        let first = self.asked.set(Asked { at, grace }).is_ok();
        if first {
            self.event.notify(usize::MAX);
        }
        first
    }

    /// Asks the transient ones below too, since nothing else is left.
    pub(crate) fn ask_all(&self, at: Instant, grace: Duration, cancel: Deadline) {
        *self.cancel.lock() = cancel;
        let _ = self.asked.set(Asked { at, grace });
        if self.asked_all.set(Asked { at, grace }).is_ok() {
            self.event.notify(usize::MAX);
        }
    }

    /// Asks once more: those who defer the first stop hear of it now.
    pub(crate) fn press(&self, at: Instant) {
        if self.pressed.set(at).is_ok() {
            self.event.notify(usize::MAX);
        }
    }

    /// Everybody below is cancelled by then.
    pub(crate) fn hurry(&self, cancel: Deadline) {
        let mut before = self.cancel.lock();
        *before = before.min(cancel);
    }

    /// Whether its task keeps nothing alive, not even what is above it.
    pub(crate) fn is_transient(&self) -> bool {
        self.transient.load(Ordering::SeqCst)
    }

    pub(crate) fn set_transient(&self, transient: bool) {
        self.transient.store(transient, Ordering::SeqCst);
        // A stop that was not for it may be for it now.
        self.event.notify(usize::MAX);
    }

    /// Its task hears of no first stop from now on.
    pub(crate) fn defer(&self) {
        self.deferred.fetch_add(1, Ordering::SeqCst);
    }

    /// The end of a section that `defer` began.
    pub(crate) fn resume(&self) {
        *self.resumed.lock() = Some(Instant::now());
        if self.deferred.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.event.notify(usize::MAX);
        }
    }

    /// Whether its task, or one above, defers stops or has done so.
    pub(crate) fn has_deferred(&self) -> bool {
        let defers = |node: &StopNode| {
            node.deferred.load(Ordering::SeqCst) > 0 || node.resumed.lock().is_some()
        };
        self.lineage().any(defers)
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.heard().next().is_some()
    }

    /// The stops that are for this node, the nearest first.
    fn heard(&self) -> impl Iterator<Item = Heard<'_>> {
        let (mut last, mut deferred, mut before) = (false, false, None);
        self.lineage().enumerate().filter_map(move |(height, by)| {
            deferred |= by.deferred.load(Ordering::SeqCst) > 0;
            let asked = if last { None } else { by.asked.get() };
            let asked = asked.or_else(|| by.asked_all.get()).copied();
            last |= by.is_transient();
            let mut asked = asked?;
            if deferred {
                // Asked of the task itself and above it is twice as well.
                match by.pressed.get().copied().or(before) {
                    Some(again) => asked.at = asked.at.max(again),
                    None => {
                        before = (height == 0).then_some(asked.at);
                        return None;
                    }
                }
            }
            Some(Heard { by, height, asked })
        })
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
        loop {
            // Listen first, look then: a stop asked in between is seen by one of the two.
            if this.listeners.is_empty() {
                this.listeners = this.node.lineage().map(|node| node.event.listen()).collect();
            }
            if this.node.is_asked() {
                this.listeners.clear();
                return Poll::Ready(());
            }
            let mut rang = false;
            for listener in &mut this.listeners {
                rang |= Pin::new(listener).poll(cx).is_ready();
            }
            if !rang {
                return Poll::Pending;
            }
            // What rang may not be for this one: looked at again.
            this.listeners.clear();
        }
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
    Some(cancelled_at(node, own)?.left().unwrap_or(Duration::MAX))
}

/// When a task with this stop and maybe a grace of its own is cancelled; `None` if no stop was asked.
pub(crate) fn cancelled_at(node: &StopNode, own: Option<Duration>) -> Option<Deadline> {
    let cancelled = |heard: Heard<'_>| {
        // Whoever was in a section meanwhile heard of it afterwards.
        let way = node.lineage().take(heard.height + 1);
        let resumed = way.filter_map(|node| *node.resumed.lock()).max();
        let from = resumed.map_or(heard.asked.at, |resumed| resumed.max(heard.asked.at));
        let grace = Deadline::from(from, own.unwrap_or(heard.asked.grace));
        grace.min(*heard.by.cancel.lock())
    };
    node.heard().map(cancelled).reduce(Deadline::min)
}
