//! The handle: everything a runner can do, from anywhere.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{AddError, AdoptError, ExecuteError, Reason, Refused, SpawnError};
use crate::event::{Event, StopRequest};
use crate::flavour::Flavour;
use crate::homes::HomeKind;
use crate::id::TaskId;
use crate::inspect::{BusyView, HomeView, Tree};
use crate::lane::inbox;
use crate::lane::order::Order;
use crate::reason::StopReason;
use crate::report::StopReport;
use crate::runner::core::{Core, Inside, here};
use crate::runner::group::{Group, GroupBuilder};
use crate::runner::periodic::PeriodicBuilder;
use crate::runner::race::Race;
use crate::runner::scope::ScopeError;
use crate::service::launch::Service;
use crate::service::manager::could_not_start;
use crate::service::spec::Settings;
use crate::submit::{self, CellOf, Options};
use crate::task::cell;
use crate::task::contract::Owner;
use crate::task::handle::{TaskHandle, block_current};
use crate::task::payload::{Adoptable, Adopted, Payload, Spawned};
use crate::task::stop::Stopped;
use crate::wait::blocking::Blocked;
use crate::wait::graph::Target;

/// How long [`Handle::tree`] waits for a lane.
const PATIENCE: Duration = Duration::from_millis(50);

/// A handle to a runner: cheap to clone, `Send + Sync`, good from any thread and any flavour.
///
/// A handle does not keep the runner going; when the runner has stopped, everything is refused.
#[derive(Clone)]
pub struct Handle {
    core: Arc<Core>,
}

impl Handle {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Handle { core }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The handle to the runner whose payload the calling thread runs.
    ///
    /// # Panics
    ///
    /// On a thread that runs no payload: see [`try_current`](Handle::try_current).
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(handle) => handle,
            None => panic!(
                "`Handle::current` was called on a thread that runs no payload of a runner; take `runner.handle()` along instead"
            ),
        }
    }

    /// The handle to the runner whose payload the calling thread runs, if it runs one.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        here().map(Handle::new)
    }

    /// Runs `payload` in the background. Nobody waits for it: if it ends with `()` or `Ok(())` all is
    /// well, and an error or a panic stops the whole runner, whose report names the cause.
    ///
    /// # Errors
    ///
    /// [`AdoptError`] with the payload, if it is not taken.
    ///
    /// # Cancellation
    ///
    /// A stop asks the task; when its grace is over the payload is dropped at its next `.await`, with
    /// its destructors run on its own lane.
    #[track_caller]
    pub fn adopt<F, P>(&self, flavour: F, payload: P) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        self.adopt_with(flavour, payload, None, Location::caller())
    }

    /// Runs `payload` and gives a handle to its outcome, to be awaited from any flavour or joined by a
    /// plain thread.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the payload, if it is not taken.
    ///
    /// # Cancellation
    ///
    /// As for [`adopt`](Handle::adopt). Dropping the handle does not stop the task.
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
        self.spawn_with(flavour, payload, None, Location::caller())
    }

    /// Runs `payload`, blocks the calling thread until it is done, and gives its value. On a blocking
    /// flavour it runs on the calling thread itself.
    ///
    /// A failure is the caller's: the runner goes on. Works from any plain thread, from a thread of the
    /// pool, from inside another executor. Called from a payload of an async flavour it blocks that
    /// lane for the while; `spawn(…)` and `.await` do not.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::WouldDeadlock`], at once and with the ring, if the wait could never end: called
    /// on the payload's own lane, say. [`ExecuteError::Panicked`] if the payload panicked,
    /// [`ExecuteError::Stopped`] if the runner stopped before it was done. Where the payload never ran it
    /// comes back.
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Cancellation
    ///
    /// A stop of the runner ends the wait, by its deadline at the latest.
    #[track_caller]
    pub fn execute<F, P>(&self, flavour: F, payload: P) -> Result<P::Output, ExecuteError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.execute_with(flavour, payload, None, Location::caller())
    }

    /// A payload that is to be run at this interval, to which more can be said before it is handed over: see
    /// [`PeriodicBuilder::adopt`].
    #[track_caller]
    pub fn every(&self, interval: Duration) -> PeriodicBuilder<'_> {
        PeriodicBuilder::new(&self.core, interval, Location::caller())
    }

    /// A group with this name, to which more can be said before it is opened.
    pub fn group(&self, name: impl Into<Arc<str>>) -> GroupBuilder {
        GroupBuilder::new(Arc::clone(&self.core), None, name.into())
    }

    /// Runs `body` with a group of its own, and gives its value when every member has ended: nothing
    /// outlives the scope. Short for [`GroupBuilder::scope`] with the usual settings.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancellation
    ///
    /// As there.
    #[track_caller]
    pub fn scope<N, T, E, B>(
        &self,
        name: N,
        body: B,
    ) -> impl Future<Output = Result<T, ScopeError>> + use<N, T, E, B>
    where
        N: Into<Arc<str>>,
        B: AsyncFnOnce(&Group) -> Result<T, E>,
        E: Into<anyhow::Error>,
    {
        self.group(name).scope(body)
    }

    /// The twin of [`scope`](Handle::scope) for plain threads: short for
    /// [`GroupBuilder::scope_blocking`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn scope_blocking<T, E, B>(
        &self,
        name: impl Into<Arc<str>>,
        body: B,
    ) -> Result<T, ScopeError>
    where
        B: FnOnce(&Group) -> Result<T, E>,
        E: Into<anyhow::Error>,
    {
        self.group(name).scope_blocking(body)
    }

    /// Several payloads, of any flavours, of which the first that ends counts: the others are stopped and waited
    /// for. They run in a group with this name; payloads are added by [`Race::racer`]. Short for
    /// [`GroupBuilder::race`] with the usual settings.
    ///
    /// To wait for the first of tasks that go on, see [`select`](crate::select).
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let won = runner
    ///     .race("mirrors")
    ///     .racer(Plain, async || {
    ///         Context::current().stopped().await;
    ///         "far"
    ///     })
    ///     .racer(Plain, async || "near")
    ///     .first_blocking()?;
    /// assert_eq!(won.into_value(), "near");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn race<T: Send + 'static>(&self, name: impl Into<Arc<str>>) -> Race<T> {
        self.group(name).race()
    }

    /// What the program gave the runner of this type: see
    /// [`RunnerBuilder::provide`](crate::RunnerBuilder::provide).
    #[must_use]
    pub fn provided<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.core.provided.get(&TypeId::of::<T>())?;
        Arc::clone(value).downcast().ok()
    }

    /// Gives the runner a service. Before [`run`](crate::ServiceRunner::run) it is kept for that; while
    /// the runner runs it starts at once.
    ///
    /// # Errors
    ///
    /// [`AddError`] with the service, if it is not taken: the runner stops, or the name is taken.
    #[track_caller]
    pub fn add<S: Service>(&self, service: S) -> Result<(), AddError<S>> {
        let here = Location::caller();
        if let Err(reason) = self.check_open() {
            return Err(Refused::new(reason, service));
        }
        self.add_with(S::SPEC.settings(), service, here)
    }

    pub(crate) fn add_with<S: Service>(
        &self,
        settings: Settings,
        service: S,
        here: &'static Location<'static>,
    ) -> Result<(), AddError<S>> {
        let name = Arc::clone(&settings.name);
        let mut service = Some(service);
        let launch = || match service.take() {
            Some(service) => service.launch(),
            None => unreachable!("launched once"),
        };
        let added = self.core.services.add(settings, launch, here);
        match (added, service) {
            (Ok(()), _) => Ok(()),
            (Err(reason), Some(service)) => Err(Refused::new(reason, service)),
            (Err(reason), None) => {
                // It was launched and refused at the last moment; what is left is to say so.
                let failure =
                    could_not_start(&name, reason.to_string(), self.core.root().age(), here);
                self.core.root().failed(failure);
                Ok(())
            }
        }
    }

    /// Asks the runner to stop and returns at once. Asking again does nothing more.
    #[track_caller]
    pub fn stop(&self) {
        self.ask(None, false, Location::caller());
    }

    /// Asks the runner to stop, with the report made within `budget`, and returns at once. Of several
    /// budgets the one that ends first counts.
    #[track_caller]
    pub fn stop_within(&self, budget: Duration) {
        self.ask(Some(budget), false, Location::caller());
    }

    /// Asks the runner to stop with nobody's grace respected: everything is cancelled now.
    #[track_caller]
    pub fn stop_now(&self) {
        self.ask(None, true, Location::caller());
    }

    fn ask(&self, budget: Option<Duration>, force: bool, at: &'static Location<'static>) {
        let by = cell::current().map(|task| task.header().label().to_string().into());
        let reason = StopReason::Requested { at, by };
        // Told first: what fails because nothing new is taken is no reason to stop any more.
        self.core.root().tell(Event::Stop(StopRequest { reason, budget, force }));
        self.core.root().begin_stop();
    }

    /// Resolves as soon as the runner is asked to stop. Owned and `'static`: good for any API that takes
    /// a shutdown future.
    pub fn stopped(&self) -> Stopped {
        Stopped::of(Arc::clone(self.core.root().stop()))
    }

    /// Whether the runner is stopping or has stopped.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.core.root().is_stopping()
    }

    /// The report, if it is made.
    #[must_use]
    pub fn report(&self) -> Option<StopReport> {
        self.core.ending.report().cloned()
    }

    /// Waits for the report, wherever the stop comes from.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait does not stop the stop.
    pub async fn ended(&self) -> StopReport {
        self.core.ending.wait().await
    }

    /// The twin of [`ended`](Handle::ended) for plain threads.
    ///
    /// Not for payloads of the runner itself: one that calls this holds its lane or thread until the stop
    /// gives it up, and the report names it.
    pub fn ended_blocking(&self) -> StopReport {
        // Where there is no thread for a controller, whoever waits for the end may well be it.
        if cell::current().is_none()
            && self.core.start().is_err()
            && let Some(controller) = self.core.take_control()
        {
            controller.run();
        }
        self.core.ending.wait_blocking()
    }

    /// The tree as it is now. A lane is asked, and waited for 50 ms at most; one that is held by a task
    /// is shown as such.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let root = self.core.root();
        let homes = self.core.homes.all();
        let mut groups: Vec<_> = root.groups().iter().map(|group| group.view()).collect();
        groups.sort_by_key(|group| group.label.id);
        Tree {
            runner: self.core.name.clone(),
            age: root.age(),
            stopping: root.is_stopping(),
            alive: root.count(),
            groups,
            homes: homes.iter().map(|home| self.view(home)).collect(),
        }
    }

    pub(crate) fn view(&self, kind: &HomeKind) -> HomeView {
        let names = self.core.root().names();
        let flavour = kind.home().flavour();
        let busy =
            |busy: crate::task::stamp::Busy| BusyView::new(busy, flavour, names.find(busy.task));
        match kind {
            HomeKind::Lane(lane) => {
                let here = inbox::lane_here().filter(|here| Arc::ptr_eq(here, lane));
                let tasks = match here.and_then(|_| inbox::kept_here()) {
                    Some(kept) => Some(kept.views(lane.stamp.now())),
                    None => {
                        let (to, from) = crossbeam_channel::bounded(1);
                        lane.order(Order::View(to));
                        from.recv_timeout(PATIENCE).ok()
                    }
                };
                HomeView {
                    flavour,
                    waiting: lane.waiting(),
                    busy: lane.busy().into_iter().map(busy).collect(),
                    answered: tasks.is_some(),
                    tasks: tasks.unwrap_or_default(),
                }
            }
            HomeKind::Pool(pool) => HomeView {
                flavour,
                waiting: pool.pool().map_or(0, |pool| pool.waiting()),
                busy: pool.busy().into_iter().map(busy).collect(),
                answered: true,
                tasks: Vec::new(),
            },
        }
    }

    pub(crate) fn check_open(&self) -> Result<(), Reason> {
        if self.core.ending.report().is_some() {
            Err(Reason::Stopped)
        } else if self.is_stopping() {
            Err(Reason::Stopping)
        } else {
            Ok(())
        }
    }

    pub(crate) fn adopt_with<F, P>(
        &self,
        flavour: F,
        payload: P,
        options: Option<Box<Options>>,
        here: &'static Location<'static>,
    ) -> Result<TaskId, AdoptError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Adoptable,
    {
        let homes = &self.core.homes;
        submit::adopt::<F, P, Adopted>(homes, flavour, payload, options, here)
    }

    pub(crate) fn spawn_with<F, P>(
        &self,
        flavour: F,
        payload: P,
        options: Option<Box<Options>>,
        here: &'static Location<'static>,
    ) -> Result<TaskHandle<P::Output>, SpawnError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let homes = &self.core.homes;
        let task = submit::spawn::<F, P, Spawned>(homes, flavour, payload, options, here)?;
        Ok(TaskHandle::new(task))
    }

    pub(crate) fn execute_with<F, P>(
        &self,
        flavour: F,
        payload: P,
        options: Option<Box<Options>>,
        here: &'static Location<'static>,
    ) -> Result<P::Output, ExecuteError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let homes = &self.core.homes;
        let lane = match homes.get(flavour).map(|place| &place.kind) {
            Ok(HomeKind::Lane(lane)) => Arc::clone(lane),
            Ok(HomeKind::Pool(_)) => {
                let _inside = Inside::of(&self.core);
                let task: Arc<CellOf<F, P, Spawned>> =
                    submit::run_here::<F, P, Spawned>(homes, flavour, payload, options, here)
                        .map_err(ExecuteError::Refused)?;
                return TaskHandle::new(task).join().map_err(ExecuteError::from_join);
            }
            Err(reason) => return Err(ExecuteError::Refused(Refused::new(reason, payload))),
        };
        // Looked at before the payload is handed over, so that it can come back.
        let target: Arc<dyn Target> = lane;
        let blocked: Blocked = match block_current(&target) {
            Ok(blocked) => blocked,
            Err(ring) => {
                return Err(ExecuteError::WouldDeadlock { ring: Box::new(ring), payload });
            }
        };
        let task = submit::spawn::<F, P, Spawned>(homes, flavour, payload, options, here)
            .map_err(ExecuteError::Refused)?;
        TaskHandle::new(task).join_blocked(blocked).map_err(ExecuteError::from_join)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("runner", &self.core.name).finish_non_exhaustive()
    }
}
