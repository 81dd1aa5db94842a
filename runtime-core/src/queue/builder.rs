//! Opens a queue with other settings than the usual ones.

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Reason;
use crate::event::Stoppable;
use crate::flavour::Flavour;
use crate::group::entry::Membership;
use crate::group::node::{GroupCore, Position};
use crate::group::policy::{MemberPolicy, OnFailure, Policy};
use crate::queue::core::QueueCore;
use crate::queue::owner::Queue;
use crate::queue::settings::{OnStop, Settings};
use crate::queue::unique::Keys;
use crate::queue::work::Work;
use crate::queue::worker::Worker;
use crate::runner::core::Core;
use crate::runner::group::Group;
use crate::runner::handle::Handle;
use crate::submit::{self, Options};
use crate::task::payload::Adopted;

/// The most workers of one queue.
const MOST_WORKERS: usize = 10_000;

/// Opens a [`Queue`](crate::Queue) with other settings than the usual ones; made by
/// [`Handle::queue`](crate::Handle::queue).
#[must_use = "a queue is there when it is opened"]
pub struct QueueBuilder<I> {
    core: Arc<Core>,
    parent: Option<Arc<GroupCore>>,
    name: Arc<str>,
    grace: Option<Duration>,
    settings: Settings<I>,
}

impl Handle {
    /// A work queue with this name, to which more can be said before it is opened: see
    /// [`QueueBuilder::open`].
    pub fn queue<I: Send + 'static>(&self, name: impl Into<Arc<str>>) -> QueueBuilder<I> {
        QueueBuilder::new(Arc::clone(self.core()), None, name.into())
    }
}

impl Group {
    /// A work queue below this group, to which more can be said before it is opened: see
    /// [`QueueBuilder::open`]. It stops with the group, and failures that are the queue's fall to the group.
    pub fn queue<I: Send + 'static>(&self, name: impl Into<Arc<str>>) -> QueueBuilder<I> {
        let parent = Some(Arc::clone(self.node()));
        QueueBuilder::new(Arc::clone(self.core()), parent, name.into())
    }
}

impl<I: Send + 'static> QueueBuilder<I> {
    fn new(core: Arc<Core>, parent: Option<Arc<GroupCore>>, name: Arc<str>) -> Self {
        QueueBuilder { core, parent, name, grace: None, settings: Settings::default() }
    }

    /// How many items are worked on at once. On an async flavour the workers share the lane, on a blocking one
    /// each has a thread of its own. Default: 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// How many items may wait, those that wait for a later attempt included. Over it, `submit` waits, and
    /// `try_submit` refuses. Those that are being worked on have no place, and one that is to be tried later
    /// always gets one. Default: 1024.
    pub fn capacity(mut self, items: usize) -> Self {
        self.settings.capacity = items;
        self
    }

    /// How often an item may be tried, the first time included. One that asks for another attempt after that
    /// has failed, with [`ItemReason::TooOften`](crate::ItemReason::TooOften). Default: as often as it asks.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts;
        self
    }

    /// What becomes of the items that wait when the queue is stopped. Default: [`OnStop::Drain`].
    pub fn on_stop(mut self, policy: OnStop) -> Self {
        self.settings.on_stop = policy;
        self
    }

    /// What an item means that fails with nobody holding its handle. Default, [`OnFailure::Stop`]: the queue
    /// stops, and the failure falls to the group above or to the runner, as if the item had been adopted
    /// there. With [`OnFailure::Continue`] it is counted and told in the log, and the queue goes on. A
    /// failure whose handle is held is its holder's, and the queue goes on.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.settings.on_failure = policy;
        self
    }

    /// The time that a stop leaves the workers, before an async one is dropped at its await point and a
    /// blocking one is given up. Default: the runner's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// How soon an item's turn comes: the higher the sooner, and of two that are alike the one that came
    /// first. Asked once, on the thread that submits. Default: in the order in which they come.
    pub fn priority(mut self, priority: impl Fn(&I) -> i64 + Send + Sync + 'static) -> Self {
        self.settings.priority = Some(Box::new(priority));
        self
    }

    /// Lets no two items with the same key in: while one waits, is delayed or is being worked on, another one
    /// is refused, with [`Reason::DuplicateItem`]. When the first is over its key is free, before its handle
    /// knows. Asked once, on the thread that submits. Default: all are let in.
    pub fn unique<K>(mut self, key: impl Fn(&I) -> K + Send + Sync + 'static) -> Self
    where
        K: Hash + Eq + Clone + Debug + Send + 'static,
    {
        self.settings.unique = Some(Box::new(Keys::new(key)));
        self
    }

    /// Opens the queue: starts its workers, each with a clone of `work`, on this flavour.
    ///
    /// The work gets an [`Item`](crate::Item), which dereferences to what was submitted, and returns nothing,
    /// an [`Attempt`](crate::Attempt), or a `Result` of these: see [`Attempted`](crate::Attempted). Its error
    /// or its panic is the item's failure, the worker goes on. Its context,
    /// [`Context::current`](crate::Context::current), is the worker's.
    ///
    /// # Errors
    ///
    /// [`Reason::DuplicateName`] if a living sibling has the name, with both places; [`Reason::BadName`], also
    /// for a name with a slash; [`Reason::BadSetting`] for zero workers, capacity or attempts, and for more
    /// than 10,000 workers; [`Reason::NoThread`] if a worker gets no thread, none of the others has begun an
    /// item then; [`Reason::Stopping`] and its like if nothing new is taken.
    ///
    /// # Cancellation
    ///
    /// See [`Queue`](crate::Queue).
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Attempt, Item, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let lengths = runner.queue("lengths").workers(2).capacity(8).attempts(3).open(
    ///     Plain,
    ///     async |word: &Item<&'static str>| {
    ///         if word.attempt() == 1 && word.len() == 3 {
    ///             return Attempt::later(Duration::from_millis(1));
    ///         }
    ///         Attempt::Done(word.len())
    ///     },
    /// )?;
    /// let one = lengths.submit_blocking("four")?;
    /// assert_eq!(one.join()?, 4);
    /// let all = lengths.map_blocking(["one", "two", "three"]);
    /// assert_eq!(all.into_iter().collect::<Result<Vec<_>, _>>()?, [3, 3, 5]);
    /// let counters = lengths.counters();
    /// assert_eq!((counters.done(), counters.later(), counters.attempts()), (4, 2, 6));
    /// drop(lengths);
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn open<F, W>(self, flavour: F, work: W) -> Result<Queue<I, W::Value>, Reason>
    where
        F: Flavour,
        W: Work<F::Mode, I>,
        W::Value: Send,
    {
        let here = Location::caller();
        self.check()?;
        let position = Position::below(self.core.root(), self.parent);
        let policy = Policy {
            on_failure: self.settings.on_failure,
            grace: self.grace,
            forgets: true,
            ..Policy::default()
        };
        let group = GroupCore::open(self.core.root(), position, self.name, policy, here)?;
        let (workers, homes) = (self.settings.workers, &self.core.homes);
        let queue = Arc::new(QueueCore::new(Arc::clone(&group), self.settings));
        let payloads: Vec<_> =
            (0..workers).map(|_| Worker::new(Arc::clone(&queue), work.clone())).collect();
        for (index, payload) in payloads.into_iter().enumerate() {
            let options = Some(Box::new(Options {
                name: Some((index + 1).to_string().into()),
                member: Some(membership(&group)),
                dedicated: true,
                ..Options::default()
            }));
            let adopted = submit::adopt::<F, _, Adopted>(homes, flavour, payload, options, here);
            if let Err(refused) = adopted {
                group.begin_stop();
                group.release();
                return Err(refused.into_parts().0);
            }
        }
        // Nobody joins the workers: what fails is told above.
        group.release();
        Ok(Queue::new(queue))
    }

    fn check(&self) -> Result<(), Reason> {
        let Settings { workers, capacity, attempts, .. } = &self.settings;
        let bad = |setting, why| Err(Reason::BadSetting { setting, why });
        if *workers == 0 {
            return bad("workers", "must be at least 1: with none, nothing is ever done");
        }
        if *workers > MOST_WORKERS {
            return bad(
                "workers",
                "must be at most 10,000: more items than that wait in the queue",
            );
        }
        if *capacity == 0 {
            return bad(
                "capacity",
                "must be at least 1: with room for none, nothing is ever taken",
            );
        }
        if *attempts == 0 {
            return bad("attempts", "must be at least 1: the first attempt counts");
        }
        Ok(())
    }
}

fn membership(group: &Arc<GroupCore>) -> Membership {
    Membership {
        group: Arc::clone(group),
        policy: MemberPolicy::default(),
        slot: false,
        keep: None,
        transient: false,
    }
}

impl<I> fmt::Debug for QueueBuilder<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueBuilder")
            .field("name", &self.name)
            .field("workers", &self.settings.workers)
            .field("capacity", &self.settings.capacity)
            .finish_non_exhaustive()
    }
}
