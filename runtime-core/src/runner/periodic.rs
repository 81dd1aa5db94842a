//! A payload that is run again and again, each run a task.
//!
//! One task ticks, on the flavour of the payload; the runs are members of a group below it. So a stop of
//! the one asks the others, nothing is left over, and a failing run ends where a policy says.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{AdoptError, Reason, Refused, SpawnError, ZeroInterval};
use crate::flavour::Flavour;
use crate::group::end::MemberEnd;
use crate::group::join::Join;
use crate::group::node::GroupCore;
use crate::group::policy::OnFailure;
use crate::id::TaskId;
use crate::log;
use crate::runner::core::{Core, here};
use crate::runner::group::{Group, GroupBuilder};
use crate::runner::member::MemberBuilder;
use crate::runner::run::Run;
use crate::runner::runs::{Attached, Runs};
use crate::runner::scope::ScopeError;
use crate::submit::{self, Options};
use crate::task::cell;
use crate::task::contract::Owner;
use crate::task::handle::{Room, TaskHandle};
use crate::task::payload::{Adoptable, Adopted, Mode, Payload, Spawned};
use crate::task::stop::Stopping;
use crate::time::Deadline;
use crate::tools::pace::{MissedTicks, Pace};
use crate::tools::ticks::Ticks;
use crate::wait::park;

/// What happens when a tick comes while a run is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overlap {
    /// The next run begins when the one before has ended; its tick was missed then, see
    /// [`MissedTicks`](crate::MissedTicks). The default.
    #[default]
    Wait,
    /// The tick passes without a run.
    Skip,
    /// Another run begins beside the ones that are under way.
    Concurrent,
}

/// What the driver of the runs needs to know.
#[derive(Clone, Copy, Debug)]
struct Plan {
    interval: Duration,
    pace: Pace,
    first: Option<Duration>,
    overlap: Overlap,
    on_failure: OnFailure,
    grace: Option<Duration>,
    timeout: Option<Duration>,
}

/// A payload that is to be run at an interval; made by [`Handle::every`](crate::Handle::every), and by
/// [`Group::every`](crate::Group::every) for a member of a group.
///
/// Each run is a task of its own with a clone of the payload; what runs share stands behind an `Arc`. The
/// intervals are those of [`Ticks`]: the first run begins at once, the others are counted from start to
/// start.
#[must_use = "nothing runs before it is handed over"]
pub struct PeriodicBuilder<'a> {
    core: &'a Arc<Core>,
    /// Whose member it is to be; none of any group's otherwise.
    group: Option<&'a Arc<GroupCore>>,
    at: &'static Location<'static>,
    name: Option<Arc<str>>,
    runs: Runs,
    plan: Plan,
}

impl<'a> PeriodicBuilder<'a> {
    pub(crate) fn new(
        core: &'a Arc<Core>,
        interval: Duration,
        at: &'static Location<'static>,
    ) -> Self {
        let plan = Plan {
            interval,
            pace: Pace::StartToStart(MissedTicks::default()),
            first: None,
            overlap: Overlap::default(),
            on_failure: OnFailure::default(),
            grace: None,
            timeout: None,
        };
        PeriodicBuilder { core, group: None, at, name: None, runs: Runs::new(), plan }
    }

    pub(super) fn in_group(self, group: &'a Arc<GroupCore>) -> Self {
        PeriodicBuilder { group: Some(group), ..self }
    }

    /// A name for the whole; its runs stand below it in the tree.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets `runs` see and steer the whole: it counts the runs, those that are slow too, waits for them, and
    /// has one begin out of turn. Default: nobody looks.
    pub fn runs(mut self, runs: &Runs) -> Self {
        self.runs = runs.clone();
        self
    }

    /// What happens when a tick comes while a run is under way. Default: the next run waits.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.plan.overlap = overlap;
        self
    }

    /// What becomes of ticks that were missed. Default: [`MissedTicks::Burst`].
    pub fn missed(mut self, missed: MissedTicks) -> Self {
        self.plan.pace = Pace::StartToStart(missed);
        self
    }

    /// Counts from end to start: see [`Ticks::end_to_start`]. The end is that of the run where the next one
    /// waits for it, otherwise its beginning.
    pub fn end_to_start(mut self) -> Self {
        self.plan.pace = Pace::EndToStart;
        self
    }

    /// Begins runs at multiples of the interval on the clock on the wall: see [`Ticks::wall_clock`].
    pub fn wall_clock(mut self) -> Self {
        self.plan.pace = Pace::WallClock;
        self
    }

    /// Lets the first run begin so late, instead of at once.
    pub fn first_after(mut self, delay: Duration) -> Self {
        self.plan.first = Some(delay);
        self
    }

    /// What a run that fails means. Default: no other begins, those under way are stopped, and the whole
    /// fails. With [`OnFailure::Continue`] it is logged, and the next one begins in its time; where runs do not
    /// wait for each other it is logged at the next tick.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.plan.on_failure = policy;
        self
    }

    /// A run's own time between being asked to stop and being cancelled, instead of the runner's.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.plan.grace = Some(grace);
        self
    }

    /// How long a run may take: see [`TaskBuilder::timeout`](crate::TaskBuilder::timeout).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.plan.timeout = Some(limit);
        self
    }

    /// Runs `payload` at the interval until a stop is asked, in the background.
    ///
    /// A run that is to be tried later says so with a value, [`Attempt::Later`](crate::Attempt::Later), or with
    /// [`TryLater`](crate::TryLater) as its error: it has not failed, and is called again after the delay. It
    /// is one run with all its tries, for its limit, its neighbours and those who wait for it.
    ///
    /// # Errors
    ///
    /// [`AdoptError`] with the payload, if it is not taken; [`Reason::ZeroInterval`] for an interval of
    /// zero; [`Reason::BadSetting`] for `runs` that another payload has. `Duration::MAX` runs it once.
    ///
    /// # Cancellation
    ///
    /// A stop asks the runs that are under way; each has its grace.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::time::Duration;
    /// use spumoni_core::{Handle, Overlap, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let runs = Arc::new(AtomicU32::new(0));
    /// let counted = Arc::clone(&runs);
    /// runner
    ///     .every(Duration::from_millis(2))
    ///     .name("beat")
    ///     .overlap(Overlap::Skip)
    ///     .adopt(Plain, async move || {
    ///         if counted.fetch_add(1, Ordering::Relaxed) == 2 {
    ///             Handle::current().stop();
    ///         }
    ///     })?;
    /// let report = runner.run();
    /// assert!(report.is_clean() && runs.load(Ordering::Relaxed) >= 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn adopt<F, P>(self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode> + Clone,
        P::Output: Adoptable,
    {
        let here = Location::caller();
        self.hand_over(flavour, payload, |core, driver, options| {
            submit::adopt::<F, Driver<F, P>, Adopted>(&core.homes, flavour, driver, options, here)
        })
    }

    /// As [`adopt`](PeriodicBuilder::adopt), with a handle to the whole: [`TaskHandle::stop`] ends it, and
    /// what went wrong in its runs is its holder's.
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn spawn<F, P>(
        self,
        flavour: F,
        payload: P,
    ) -> Result<TaskHandle<Result<(), ScopeError>>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode> + Clone,
        P::Output: Adoptable,
    {
        let here = Location::caller();
        let task = self.hand_over(flavour, payload, |core, driver, options| {
            submit::spawn::<F, Driver<F, P>, Spawned>(&core.homes, flavour, driver, options, here)
        })?;
        Ok(TaskHandle::new(task))
    }

    fn hand_over<F, P, T>(
        self,
        flavour: F,
        payload: P,
        submit: impl FnOnce(
            &Core,
            Driver<F, P>,
            Option<Box<Options>>,
        ) -> Result<T, Refused<Driver<F, P>>>,
    ) -> Result<T, Refused<P>> {
        if self.plan.interval.is_zero() {
            let zero = ZeroInterval { at: self.at };
            return Err(Refused::new(Reason::ZeroInterval(zero), payload));
        }
        if let Err(reason) = self.core.start() {
            return Err(Refused::new(reason, payload));
        }
        let Some(attached) = self.runs.attach() else {
            let why = "are those of another periodic payload that runs: make some for each";
            return Err(Refused::new(Reason::BadSetting { setting: "runs", why }, payload));
        };
        // Whoever waits for the runs has as long as they.
        let grace = self.plan.grace;
        let driver = Driver { plan: Box::new(self.plan), flavour, payload, attached };
        let taken = match self.group {
            Some(group) => {
                let mut member = MemberBuilder::new(self.core, group, self.name);
                if let Some(grace) = grace {
                    member = member.grace(grace);
                }
                let place = member.try_place();
                member.hand_over(place, driver, |core, driver, options| {
                    submit(core, driver, Some(options))
                })
            }
            None => {
                let options = Options { name: self.name, grace, ..Options::default() };
                submit(self.core, driver, Some(Box::new(options)))
            }
        };
        taken.map_err(|refused| {
            let (reason, driver) = refused.into_parts();
            Refused::new(reason, driver.payload)
        })
    }
}

impl Group {
    /// A payload that is to be run at this interval, as a member of this group, to which more can be said before
    /// it is handed over: see [`PeriodicBuilder::adopt`].
    ///
    /// The member is the whole: it has the name, and takes one place where the group has a limit. Its runs stand
    /// below it. Stopping the group stops it and its runs; a failing run makes it fail, unless
    /// [`on_failure`](PeriodicBuilder::on_failure) says otherwise, and the group's policy says what that means for
    /// the others. The group is not over before it is stopped: [`join_all`](Group::join_all) waits for a stop.
    ///
    /// # Errors
    ///
    /// As [`PeriodicBuilder::adopt`]; also [`Reason::GroupFull`] if no place is free: it does not wait for one.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::ServiceRunner;
    ///
    /// let runner = ServiceRunner::new();
    /// let group = runner.group("cache").open()?;
    /// let (tell, told) = std::sync::mpsc::channel();
    /// group
    ///     .every(Duration::from_millis(2))
    ///     .name("refresh")
    ///     .adopt(Plain, async move || tell.send("refreshed"))?;
    /// assert_eq!(told.recv(), told.recv());
    /// group.stop();
    /// let ends = group.join_all().blocking()?;
    /// assert_eq!(ends[0].name(), Some("refresh"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn every(&self, interval: Duration) -> PeriodicBuilder<'_> {
        PeriodicBuilder::new(self.core(), interval, Location::caller()).in_group(self.node())
    }
}

impl fmt::Debug for PeriodicBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeriodicBuilder")
            .field("name", &self.name)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// The payload of the task that ticks, in either mode.
struct Driver<F, P> {
    plan: Box<Plan>,
    flavour: F,
    payload: P,
    attached: Attached,
}

impl<M, F, P> Payload<M> for Driver<F, P>
where
    M: Mode,
    F: Flavour<Mode = M>,
    P: Payload<M> + Clone,
    P::Output: Adoptable,
{
    type Output = Result<(), ScopeError>;
    type Body = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn start(self) -> Self::Body {
        let Some(core) = here() else { return Box::pin(async { Ok(()) }) };
        cell::current().iter().for_each(|task| self.attached.0.driven_by(task));
        let policy = self.plan.on_failure;
        let runs = GroupBuilder::new(core, None, "runs".into()).on_failure(policy).forget_ends();
        if M::BLOCKS {
            Box::pin(async move { runs.scope_blocking(move |group| self.drive_blocking(group)) })
        } else {
            Box::pin(runs.scope(async move |group: &Group| self.drive(group).await))
        }
    }
}

impl<F, P> Driver<F, P>
where
    F: Flavour,
    P: Payload<F::Mode> + Clone,
    P::Output: Adoptable,
{
    async fn drive(self, group: &Group) -> Result<(), Reason> {
        let mut ticks = self.plan.ticks(group);
        while let Ok(begins) = self.next(&mut ticks, group).await {
            if let Some(begins) = begins
                && !self.begin_run(group, begins)?
            {
                break;
            }
            if begins.is_some() && self.plan.overlap == Overlap::Wait {
                let _ = all_over(group).await;
                self.plan.tell(group);
            }
        }
        let _ = all_over(group).await;
        self.plan.tell(group);
        Ok(())
    }

    fn drive_blocking(self, group: &Group) -> Result<(), Reason> {
        let mut ticks = self.plan.ticks(group);
        while let Ok(begins) = self.next_blocking(&mut ticks, group) {
            if let Some(begins) = begins
                && !self.begin_run(group, begins)?
            {
                break;
            }
            if begins.is_some() && self.plan.overlap == Overlap::Wait {
                all_over_blocking(group);
                self.plan.tell(group);
            }
        }
        all_over_blocking(group);
        self.plan.tell(group);
        Ok(())
    }

    /// Waits for the next reason to begin a run. `None`: something has changed, look again.
    async fn next(&self, ticks: &mut Ticks, group: &Group) -> Result<Option<Begins>, Stopping> {
        let Some(change) = self.change(group) else { return Ok(Some(Begins::Asked)) };
        Ok(ticks.tick_or(change).await?.map(|_| Begins::Due))
    }

    fn next_blocking(&self, ticks: &mut Ticks, group: &Group) -> Result<Option<Begins>, Stopping> {
        let Some(change) = self.change(group) else { return Ok(Some(Begins::Asked)) };
        // A thread of the pool that waits for its time is none that can take on work.
        let _room = Room::make();
        Ok(ticks.tick_or_blocking(change)?.map(|_| Begins::Due))
    }

    /// Until a run may be asked for that is not now, or `None` if one is.
    fn change<'g>(&self, group: &'g Group) -> Option<impl Future<Output = ()> + use<'g, F, P>> {
        // Listen first, look then.
        let wanted = self.attached.0.wanted();
        let is_wanted = self.attached.0.is_wanted();
        let free = self.plan.overlap == Overlap::Concurrent || group.is_empty();
        if is_wanted && free && !group.is_stopping() {
            return None;
        }
        Some(async move {
            if is_wanted && !free {
                let _ = all_over(group).await;
            } else {
                wanted.await;
            }
        })
    }

    /// A tick has come, or somebody asks. `false`: it was the last.
    fn begin_run(&self, group: &Group, begins: Begins) -> Result<bool, Reason> {
        self.plan.tell(group);
        let skips = begins == Begins::Due && self.plan.overlap == Overlap::Skip;
        if skips && !group.is_empty() {
            return Ok(true);
        }
        let mut run = group.unnamed();
        if let Some(grace) = self.plan.grace {
            run = run.grace(grace);
        }
        if let Some(limit) = self.plan.timeout {
            run = run.timeout(limit);
        }
        let payload = Run {
            payload: self.payload.clone(),
            runs: self.attached.0.clone(),
            number: self.attached.0.begin(),
            interval: self.plan.interval,
        };
        match run.try_adopt(self.flavour, payload) {
            Ok(_) => Ok(true),
            Err(refused) if refused.is_stopping() => Ok(false),
            Err(refused) => Err(refused.into_parts().0),
        }
    }
}

/// Why a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// Its tick has come.
    Due,
    /// Somebody wants one now.
    Asked,
}

impl Plan {
    fn ticks(&self, group: &Group) -> Ticks {
        // The group's own stop, which comes also when a run has failed.
        let ticks = Ticks::new(self.interval, group.node().stop()).paced(self.pace);
        match self.first {
            Some(delay) => ticks.first_after(delay),
            None => ticks,
        }
    }

    /// Says which runs have failed, where the next ones go on. Otherwise the scope does.
    fn tell(&self, group: &Group) {
        if self.on_failure != OnFailure::Continue {
            return;
        }
        let failed = |end: MemberEnd| end.into_failures();
        for failure in group.node().take_any().into_iter().flatten().flat_map(failed) {
            log::error(format_args!("a run failed, and the next goes on: {failure}"));
        }
    }
}

/// Until no run is under way; takes no end, which are the scope's.
fn all_over(group: &Group) -> Join<'_, ()> {
    Join::all(group.node(), Box::new(|node| (node.alive() == 0).then_some(())))
}

/// The twin of `all_over` for threads. It stands in the wait-for graph, so that who would close a ring is told;
/// if that were this very wait, it waits all the same, since runs must not be left behind.
fn all_over_blocking(group: &Group) {
    if all_over(group).blocking().is_err() {
        let _room = Room::make();
        let _ = park::block_on(all_over(group), Deadline::never());
    }
}
