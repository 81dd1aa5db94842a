//! A task on its way into a group.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use crate::error::{AdoptError, Reason, Refused, SpawnError};
use crate::flavour::Flavour;
use crate::group::entry::Membership;
use crate::group::node::GroupCore;
use crate::group::policy::{MemberPolicy, OnExit, OnFailure};
use crate::group::slots::Slots;
use crate::id::TaskId;
use crate::runner::core::Core;
use crate::submit::{self, Options};
use crate::task::cell;
use crate::task::contract::Owner;
use crate::task::handle::{Room, TaskHandle, block_current};
use crate::task::payload::{Adoptable, Adopted, Payload, Spawned};
use crate::task::stop::Stopped;
use crate::task::stopper::Stopper;
use crate::wait::park;

/// A named task, about to join a [`Group`](crate::Group). Without a name, `adopt`, `spawn` and their
/// kin of the group are the short forms.
///
/// # Cancellation
///
/// The async forms wait for a place where the group has a limit, first come, first served. Dropped
/// before its end, such a wait has taken no place, and the payload is dropped with it.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{OnFailure, ServiceRunner, TimedOut};
///
/// let runner = ServiceRunner::new();
/// let group = runner.group("probes").open()?;
/// group
///     .task("disk")
///     .timeout(Duration::from_millis(5))
///     // The others go on when it fails.
///     .on_failure(OnFailure::Continue)
///     .adopt_blocking(Plain, async || std::future::pending::<()>().await)?;
/// let ends = group.join_all().blocking()?;
/// let failure = ends[0].failure().expect("it takes too long");
/// assert!(failure.cause().downcast_ref::<TimedOut>().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a task that is not handed over never runs"]
pub struct MemberBuilder<'a> {
    core: &'a Arc<Core>,
    group: &'a Arc<GroupCore>,
    name: Option<Arc<str>>,
    grace: Option<Duration>,
    timeout: Option<Duration>,
    stopper: Option<Stopper>,
    policy: MemberPolicy,
    transient: bool,
}

impl<'a> MemberBuilder<'a> {
    pub(crate) fn new(
        core: &'a Arc<Core>,
        group: &'a Arc<GroupCore>,
        name: Option<Arc<str>>,
    ) -> Self {
        let policy = MemberPolicy::default();
        MemberBuilder {
            core,
            group,
            name,
            grace: None,
            timeout: None,
            stopper: None,
            policy,
            transient: false,
        }
    }

    /// The task's own time between being asked to stop and being cancelled, instead of the group's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// A function that tells the task to end, such as a server's `shutdown()`: for work that does not look
    /// at its context. A stop calls it once, beside what the context sees, whoever asks: the group, the
    /// runner, [`TaskHandle::stop`]. Default: none.
    ///
    /// It is called on a thread of its own, where it may block and holds up nobody; the task's grace runs
    /// meanwhile. It is not called if the task ended before, or never began. Stopped while it waits to
    /// begin, a task never begins. It may be at work still when the task has ended, and must bear that.
    ///
    /// An error or a panic of it is a failure of its own: [`MemberEnd::stopper_failure`], or the runner's if
    /// the end was taken already. A stop of the runner waits a second for stoppers whose tasks have all
    /// ended; the report names those that do not come back.
    ///
    /// [`MemberEnd::stopper_failure`]: crate::MemberEnd::stopper_failure
    pub fn stopper<S, R>(mut self, stopper: S) -> Self
    where
        S: FnOnce() -> R + Send + 'static,
        R: Adoptable,
    {
        self.stopper = Some(Stopper::new(Box::new(move || stopper().settle())));
        self
    }

    /// How long the task may take, counted from when it has its place: see
    /// [`TaskBuilder::timeout`](crate::TaskBuilder::timeout). One that is given up has ended for the group,
    /// as abandoned.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// What its failure means for the others, instead of the group's rule.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.policy.on_failure = Some(policy);
        self
    }

    /// What its end means for the others, instead of the group's rule.
    pub fn on_exit(mut self, policy: OnExit) -> Self {
        self.policy.on_exit = Some(policy);
        self
    }

    /// It keeps nothing alive: neither the group, nor what is above, nor the runner. As
    /// [`TaskBuilder::transient`](crate::TaskBuilder::transient), for a group: when only transient members
    /// are left and somebody waits for all, in [`Group::join_all`](crate::Group::join_all) or at the end of
    /// a scope, they are asked to stop, once, and their cleanup is awaited. A stop of the group asks them
    /// when the others have ended.
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// As [`Group::adopt`](crate::Group::adopt).
    ///
    /// # Errors
    ///
    /// [`AdoptError`] with the payload, if it is not taken.
    #[track_caller]
    pub fn adopt<F, P>(
        self,
        flavour: F,
        payload: P,
    ) -> impl Future<Output = Result<TaskId, AdoptError<P>>> + Send + use<'a, F, P>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let here = Location::caller();
        async move {
            let place = self.place().await;
            self.hand_over(place, payload, |core, payload, options| {
                adopt_in(core, flavour, payload, options, here)
            })
        }
    }

    /// The twin of [`adopt`](MemberBuilder::adopt) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`] on a lane whose own tasks have all the places.
    #[track_caller]
    pub fn adopt_blocking<F, P>(self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let here = Location::caller();
        let place = self.place_blocking();
        self.hand_over(place, payload, |core, payload, options| {
            adopt_in(core, flavour, payload, options, here)
        })
    }

    /// As [`adopt`](MemberBuilder::adopt), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::GroupFull`] if no place is free.
    #[track_caller]
    pub fn try_adopt<F, P>(self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let here = Location::caller();
        let place = self.try_place();
        self.hand_over(place, payload, |core, payload, options| {
            adopt_in(core, flavour, payload, options, here)
        })
    }

    /// As [`Group::spawn`](crate::Group::spawn).
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the payload, if it is not taken.
    #[track_caller]
    pub fn spawn<F, P>(
        self,
        flavour: F,
        payload: P,
    ) -> impl Future<Output = Result<TaskHandle<P::Output>, SpawnError<P>>> + Send + use<'a, F, P>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let here = Location::caller();
        async move {
            let place = self.place().await;
            self.hand_over(place, payload, |core, payload, options| {
                spawn_in(core, flavour, payload, options, here)
            })
        }
    }

    /// The twin of [`spawn`](MemberBuilder::spawn) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`] on a lane whose own tasks have all the places.
    #[track_caller]
    pub fn spawn_blocking<F, P>(
        self,
        flavour: F,
        payload: P,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let here = Location::caller();
        let place = self.place_blocking();
        self.hand_over(place, payload, |core, payload, options| {
            spawn_in(core, flavour, payload, options, here)
        })
    }

    /// As [`spawn`](MemberBuilder::spawn), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::GroupFull`] if no place is free.
    #[track_caller]
    pub fn try_spawn<F, P>(
        self,
        flavour: F,
        payload: P,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.try_spawn_at(flavour, payload, Location::caller())
    }

    /// As `try_spawn`, for a payload that was named elsewhere.
    pub(super) fn try_spawn_at<F, P>(
        self,
        flavour: F,
        payload: P,
        here: &'static Location<'static>,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let place = self.try_place();
        self.hand_over(place, payload, |core, payload, options| {
            spawn_in(core, flavour, payload, options, here)
        })
    }

    /// Brings the payload in with its place, which is the task's own from then on.
    pub(super) fn hand_over<T, P>(
        self,
        place: Result<Place<'_>, Reason>,
        payload: P,
        submit: impl FnOnce(&Core, P, Box<Options>) -> Result<T, Refused<P>>,
    ) -> Result<T, Refused<P>> {
        let place = match place {
            Ok(place) => place,
            Err(reason) => return Err(Refused::new(reason, payload)),
        };
        let member = Membership {
            group: Arc::clone(self.group),
            policy: self.policy,
            slot: place.0.is_some(),
            keep: None,
            transient: self.transient,
        };
        let options = Box::new(Options {
            name: self.name,
            grace: self.grace,
            timeout: self.timeout,
            stopper: self.stopper,
            transient: self.transient,
            member: Some(member),
            ..Options::default()
        });
        let taken = submit(self.core, payload, options)?;
        place.keep();
        Ok(taken)
    }

    /// Waits for a place, or until the group stops.
    pub(super) async fn place(&self) -> Result<Place<'a>, Reason> {
        let Some(slots) = self.group.slots() else { return Ok(Place(None)) };
        self.check_own(slots)?;
        let mut acquire = pin!(slots.acquire());
        let mut stopped = pin!(Stopped::of(Arc::clone(self.group.stop())));
        let acquired = std::future::poll_fn(|cx| {
            if let Poll::Ready(acquired) = acquire.as_mut().poll(cx) {
                return Poll::Ready(acquired.is_ok());
            }
            stopped.as_mut().poll(cx).map(|()| false)
        })
        .await;
        if acquired { Ok(Place(Some(slots))) } else { Err(self.group.refusal()) }
    }

    pub(super) fn place_blocking(&self) -> Result<Place<'a>, Reason> {
        let _edge = loop {
            if let Ok(place) = self.try_place() {
                return Ok(place);
            }
            match self.group.as_target().map(|target| block_current(&target)).transpose() {
                Ok(edge) => break edge,
                // A member that has ended is about to give its place back.
                Err(_) if self.group.is_place_changing_hands() => thread::yield_now(),
                Err(ring) => return Err(Reason::WouldDeadlock { ring: Box::new(ring) }),
            }
        };
        let _room = Room::make();
        park::to_the_end(self.place())
    }

    pub(super) fn try_place(&self) -> Result<Place<'a>, Reason> {
        let Some(slots) = self.group.slots() else { return Ok(Place(None)) };
        match slots.try_acquire() {
            Ok(true) => Ok(Place(Some(slots))),
            Ok(false) => Err(self.full(slots)),
            Err(_) => Err(self.group.refusal()),
        }
    }

    /// A member that waits for its own place, the only one, would wait for ever.
    fn check_own(&self, slots: &Slots) -> Result<(), Reason> {
        let alone = slots.limit() == 1 && slots.held() == 1;
        let own = alone && cell::current().is_some_and(|task| self.group.holds(task.header()));
        if own { Err(self.full(slots)) } else { Ok(()) }
    }

    fn full(&self, slots: &Slots) -> Reason {
        Reason::GroupFull { group: Arc::clone(self.group.full_path()), limit: slots.limit() }
    }
}

impl fmt::Debug for MemberBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberBuilder")
            .field("group", self.group.full_path())
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One of the group's places, given back unless it is kept.
pub(super) struct Place<'a>(Option<&'a Slots>);

impl Place<'_> {
    /// The member has it now, and the group gives it back at its end.
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(slots) = self.0 {
            slots.release();
        }
    }
}

fn adopt_in<F, P>(
    core: &Core,
    flavour: F,
    payload: P,
    options: Box<Options>,
    here: &'static Location<'static>,
) -> Result<TaskId, AdoptError<P>>
where
    F: Flavour,
    P: Payload<F::Mode>,
    P::Output: Adoptable,
{
    submit::adopt::<F, P, Adopted>(&core.homes, flavour, payload, Some(options), here)
}

fn spawn_in<F, P>(
    core: &Core,
    flavour: F,
    payload: P,
    options: Box<Options>,
    here: &'static Location<'static>,
) -> Result<TaskHandle<P::Output>, SpawnError<P>>
where
    F: Flavour,
    P: Payload<F::Mode>,
    P::Output: Send,
{
    let task = submit::spawn::<F, P, Spawned>(&core.homes, flavour, payload, Some(options), here)?;
    Ok(TaskHandle::new(task))
}
