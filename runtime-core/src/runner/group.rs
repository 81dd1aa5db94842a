//! The owned form of a group: a value that can be kept in a struct, and the builder that opens it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{AdoptError, Reason, SpawnError};
use crate::event::Stoppable;
use crate::failure::TaskLabel;
use crate::flavour::Flavour;
use crate::group::end::MemberEnd;
use crate::group::join::Join;
use crate::group::node::{GroupCore, Position};
use crate::group::policy::{OnExit, OnFailure, Policy};
use crate::group::slots::Slots;
use crate::id::TaskId;
use crate::log;
use crate::runner::core::Core;
use crate::runner::member::MemberBuilder;
use crate::task::cell;
use crate::task::contract::Owner;
use crate::task::handle::TaskHandle;
use crate::task::payload::{Adoptable, Payload};
use crate::task::stop::Stopped;

/// Tasks of any flavours that belong together: they are joined together, stopped together, and one
/// policy says what a failure or an end means for the others.
///
/// A group stands in the runner's tree, below the runner or below another group; a stop goes down the
/// tree. Failures of its members are the group's: they do not end the runner, but come to whoever joins.
///
/// Dropped while members live, it stops them and warns: nothing leaks out of a group.
/// [`detach`](Group::detach) lets them go on. Failures that nobody has joined by then fall to the group
/// above, or to the runner, as if adopted there.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use spumoni_core::{Context, Group, ServiceRunner};
///
/// /// Goes on until it is dropped.
/// struct Cache {
///     workers: Group,
/// }
///
/// let runner = ServiceRunner::new();
/// let cache = Cache { workers: runner.group("cache").open()? };
/// cache.workers.try_adopt(Plain, async || Context::current().stopped().await)?;
/// let load = cache.workers.task("load").try_spawn(Plain, async || 42)?;
/// assert_eq!(load.join()?, 42);
/// assert_eq!(cache.workers.join_next().blocking()?.as_ref().and_then(|end| end.name()), Some("load"));
/// assert_eq!(cache.workers.len(), 1);
///
/// cache.workers.stop();
/// assert_eq!(cache.workers.join_all().blocking()?.len(), 1);
/// let late = cache.workers.try_adopt(Plain, async || ()).unwrap_err();
/// assert!(late.is_stopping());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a group stops its members"]
pub struct Group {
    core: Arc<Core>,
    group: Arc<GroupCore>,
    detached: bool,
}

impl Group {
    pub(crate) fn new(core: Arc<Core>, group: Arc<GroupCore>) -> Self {
        Group { core, group, detached: false }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn node(&self) -> &Arc<GroupCore> {
        &self.group
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.group.label().name().unwrap_or_default()
    }

    /// The names of the groups above and its own, with slashes between.
    #[must_use]
    pub fn path(&self) -> &str {
        self.group.full_path()
    }

    /// How many members live that keep the group alive, in groups below too: transient ones do not count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.group.kept()
    }

    /// Whether no member lives, or only transient ones. Ends that nobody has joined may be there still.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many calls wait for a place, where the group has a limit.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.group.slots().map_or(0, Slots::waiting)
    }

    /// The living members, in groups below too.
    #[must_use]
    pub fn members(&self) -> Vec<TaskLabel> {
        self.group.members()
    }

    /// The living member or group with this name, or with this path below the group.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<TaskLabel> {
        self.group.root().names().get(&format!("{}/{name}", self.path()))
    }

    /// A group below this one, to which more can be said before it is opened.
    pub fn group(&self, name: impl Into<Arc<str>>) -> GroupBuilder {
        GroupBuilder::new(Arc::clone(&self.core), Some(Arc::clone(&self.group)), name.into())
    }

    /// A task with a name, to which more can be said before it joins the group.
    pub fn task(&self, name: impl Into<Arc<str>>) -> MemberBuilder<'_> {
        MemberBuilder::new(&self.core, &self.group, Some(name.into()))
    }

    pub(crate) fn unnamed(&self) -> MemberBuilder<'_> {
        MemberBuilder::new(&self.core, &self.group, None)
    }

    /// Runs `payload` as a member for which nobody waits by itself. An error or a panic is the group's:
    /// see [`OnFailure`](crate::OnFailure). Where the group has a limit, waits for a place; nothing is
    /// handed over before the future is awaited.
    ///
    /// # Errors
    ///
    /// [`AdoptError`] with the payload, if it is not taken: the group stops, say.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait takes no place; the payload is dropped with it. A stop of the group ends it.
    #[track_caller]
    pub fn adopt<F, P>(
        &self,
        flavour: F,
        payload: P,
    ) -> impl Future<Output = Result<TaskId, AdoptError<P>>> + Send + use<'_, F, P>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        self.unnamed().adopt(flavour, payload)
    }

    /// The twin of [`adopt`](Group::adopt) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock) on a lane whose own tasks
    /// have all the places.
    #[track_caller]
    pub fn adopt_blocking<F, P>(&self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        self.unnamed().adopt_blocking(flavour, payload)
    }

    /// As [`adopt`](Group::adopt), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::GroupFull`](crate::Reason::GroupFull) if no place is free.
    #[track_caller]
    pub fn try_adopt<F, P>(&self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        self.unnamed().try_adopt(flavour, payload)
    }

    /// Runs `payload` as a member and gives a handle to its outcome, failure included: what the holder
    /// of the handle gets is not the group's. Where the group has a limit, waits for a place; nothing is
    /// handed over before the future is awaited.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the payload, if it is not taken: the group stops, say.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait takes no place; the payload is dropped with it. A stop of the group ends it.
    #[track_caller]
    pub fn spawn<F, P>(
        &self,
        flavour: F,
        payload: P,
    ) -> impl Future<Output = Result<TaskHandle<P::Output>, SpawnError<P>>> + Send + use<'_, F, P>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.unnamed().spawn(flavour, payload)
    }

    /// The twin of [`spawn`](Group::spawn) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock) on a lane whose own tasks
    /// have all the places.
    #[track_caller]
    pub fn spawn_blocking<F, P>(
        &self,
        flavour: F,
        payload: P,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.unnamed().spawn_blocking(flavour, payload)
    }

    /// As [`spawn`](Group::spawn), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::GroupFull`](crate::Reason::GroupFull) if no place is free.
    #[track_caller]
    pub fn try_spawn<F, P>(
        &self,
        flavour: F,
        payload: P,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.unnamed().try_spawn(flavour, payload)
    }

    /// Waits for the next member that ends, or takes the first one that has ended already. Each end is
    /// given once, in completion order; `None` when there is none and nobody lives.
    ///
    /// # Errors
    ///
    /// See [`Join`].
    pub fn join_next(&self) -> Join<'_, Option<MemberEnd>> {
        Join::one(&self.group, Box::new(GroupCore::take_next))
    }

    /// Waits until a member has ended, and takes all ends there are. None at all when nobody lives.
    ///
    /// # Errors
    ///
    /// See [`Join`].
    pub fn join_any(&self) -> Join<'_, Vec<MemberEnd>> {
        Join::one(&self.group, Box::new(GroupCore::take_any))
    }

    /// Waits for the first `count` members to end, in completion order, and takes their ends together;
    /// fewer if there are fewer. The others go on.
    ///
    /// # Errors
    ///
    /// See [`Join`].
    pub fn join_first(&self, count: usize) -> Join<'_, Vec<MemberEnd>> {
        Join::one(&self.group, Box::new(move |group| group.take_first(count)))
    }

    /// Waits until nobody lives, also those who come meanwhile and those in groups below, and takes the
    /// ends of this group's own members, in completion order. At once if the group is empty. When only
    /// transient members are left, they are asked to stop, and their cleanup is awaited.
    ///
    /// # Errors
    ///
    /// See [`Join`].
    pub fn join_all(&self) -> Join<'_, Vec<MemberEnd>> {
        Join::all(&self.group, Box::new(GroupCore::take_all))
    }

    /// Stops the group: nothing new is taken, all members and groups below are asked. Those whose grace is
    /// over are cancelled, those that do not end within the group's grace are given up and named in their
    /// end. Transient members are asked when the others have ended. Returns at once; asking again does
    /// nothing more, but reaches members that defer the first stop.
    pub fn stop(&self) {
        if self.group.is_stopped() {
            self.group.press();
        }
        self.group.begin_stop();
    }

    /// Stops those that are members now, and the groups below. The group itself goes on.
    pub fn stop_all(&self) {
        self.group.stop_members();
    }

    /// Whether the group, or the runner, is stopping or has stopped: nothing new is taken.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.group.is_stopping()
    }

    /// Resolves as soon as the members are asked to stop.
    pub fn stopped(&self) -> Stopped {
        Stopped::of(Arc::clone(self.group.stop()))
    }

    /// Lets the members go on by themselves, still below the same parent. Whatever has failed and was not
    /// joined, or fails from now on, falls to the group above, or to the runner.
    pub fn detach(mut self) {
        self.detached = true;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let left = self.len();
        if self.group.alive() > 0 && !self.detached {
            if left > 0 && !self.is_stopping() {
                log::warn(format_args!(
                    "the group `{}` from {} was dropped with {left} living members, which are stopped; join it, or `detach` it",
                    self.path(),
                    self.group.label().spawned_at(),
                ));
            }
            self.group.begin_stop();
        }
        self.group.release();
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("path", &self.path())
            .field("alive", &self.len())
            .finish_non_exhaustive()
    }
}

/// Opens a [`Group`] with other settings than the usual ones.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{OnFailure, Reason, ServiceRunner};
///
/// let runner = ServiceRunner::new();
/// let fetch = runner
///     .group("fetch")
///     .on_failure(OnFailure::Continue)
///     .limit(2)
///     .grace(Duration::from_secs(1))
///     .open()?;
/// let first = fetch.try_spawn(Plain, async || std::future::pending::<()>().await)?;
/// fetch.try_adopt(Plain, async || std::future::pending::<()>().await)?;
/// let third = fetch.try_adopt(Plain, async || ()).unwrap_err();
/// assert!(matches!(third.reason(), Reason::GroupFull { limit: 2, .. }));
/// # runner.stop_now();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a group is there when it is opened"]
pub struct GroupBuilder {
    core: Arc<Core>,
    parent: Option<Arc<GroupCore>>,
    name: Arc<str>,
    policy: Policy,
}

impl GroupBuilder {
    pub(crate) fn new(core: Arc<Core>, parent: Option<Arc<GroupCore>>, name: Arc<str>) -> Self {
        GroupBuilder { core, parent, name, policy: Policy::default() }
    }

    /// What a failing member means for the others. Default: they are stopped.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.policy.on_failure = policy;
        self
    }

    /// What it means for the others when a member ends by itself. Default: nothing.
    pub fn on_exit(mut self, policy: OnExit) -> Self {
        self.policy.on_exit = policy;
        self
    }

    /// How many members run at once. Over it, `spawn` and `adopt` wait, and `try_spawn` and `try_adopt`
    /// refuse. Groups below have limits of their own. Default: no limit.
    pub fn limit(mut self, members: usize) -> Self {
        self.policy.limit = Some(members);
        self
    }

    /// A member's time between being asked to stop and being cancelled. Default: the runner's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.policy.grace = Some(grace);
        self
    }

    /// The time of all members together, destructors included, before those that are left are given up
    /// and named. Whatever the graces, all are cancelled when four fifths of it are over. Default: the
    /// runner's, or a little more than the longest grace of a member.
    pub fn group_grace(mut self, grace: Duration) -> Self {
        self.policy.group_grace = Some(grace);
        self
    }

    /// Keeps no account of members that ended in good order: for a group that lives long and is never
    /// joined, which would grow with each member otherwise. Failures are kept. Default: each end is kept
    /// until somebody joins.
    pub fn forget_ends(mut self) -> Self {
        self.policy.forgets = true;
        self
    }

    /// Opens the group.
    ///
    /// # Errors
    ///
    /// [`Reason::DuplicateName`] if a living sibling has the name, with both places;
    /// [`Reason::BadName`], also for a name with a slash; [`Reason::BadSetting`] for a limit of zero;
    /// [`Reason::NoThread`] if the runner cannot be started.
    #[track_caller]
    pub fn open(self) -> Result<Group, Reason> {
        let position = Position::below(self.core.root(), self.parent.clone());
        self.open_at(position, Location::caller())
    }

    /// Opens the group for a scope: below the task that the calling thread runs, if it runs one of this
    /// runner and no group was named.
    pub(crate) fn open_scope(self, here: &'static Location<'static>) -> Result<Group, Reason> {
        let root = self.core.root();
        let of_task = match &self.parent {
            Some(_) => None,
            None => cell::current().filter(|task| root.is_root_of(task.header())),
        };
        let position = match of_task {
            Some(task) => Position::below(root, Some(GroupCore::of_task(root, &task)?)),
            None => Position::below(root, self.parent.clone()),
        };
        self.open_at(position, here)
    }

    fn open_at(
        self,
        position: Position,
        here: &'static Location<'static>,
    ) -> Result<Group, Reason> {
        let group = GroupCore::open(self.core.root(), position, self.name, self.policy, here)?;
        Ok(Group::new(self.core, group))
    }
}

impl fmt::Debug for GroupBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupBuilder")
            .field("name", &self.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
