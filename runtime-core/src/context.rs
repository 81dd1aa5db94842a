//! What running code sees of its task.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::error::{AdoptError, SpawnError, ZeroInterval};
use crate::event::Happened;
use crate::failure::TaskLabel;
use crate::flavour::Flavour;
use crate::group::node::GroupCore;
use crate::id::TaskId;
use crate::lane::inbox;
use crate::log;
use crate::reload::Reloads;
use crate::runner::child::ChildBuilder;
use crate::runner::handle::Handle;
use crate::runner::local::LocalHandle;
use crate::runner::section::Section;
use crate::service::error::ServiceError;
use crate::service::unit::Unit;
use crate::task::cell;
use crate::task::contract::{AnyTask, Home};
use crate::task::handle::TaskHandle;
use crate::task::payload::{Adoptable, Payload};
use crate::task::stop::{self, Stopped, Stopping};
use crate::time::Deadline;
use crate::tools::ticks::Ticks;
use crate::tools::timeout::{self, Elapsed};
use crate::wait::park;

/// What running code sees of its task: is a stop asked, how long is left, who am I.
#[derive(Clone)]
pub struct Context {
    task: Arc<dyn AnyTask>,
    name: Arc<str>,
    handle: Handle,
}

impl Context {
    /// The context of the payload that the calling thread runs.
    ///
    /// # Panics
    ///
    /// On a thread that runs no payload, and in a task that the payload gave to its runtime by itself
    /// (`tokio::spawn`): take the context along into those. See [`try_current`](Context::try_current).
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(context) => context,
            None => panic!(
                "`Context::current` was called where no payload of a runner runs; take a context along from the payload instead"
            ),
        }
    }

    /// The context of the payload that the calling thread runs, if it runs one.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        let task = cell::current()?;
        let handle = Handle::try_current()?;
        let name = task.header().details().and_then(|details| details.name.clone());
        let name = name.unwrap_or_else(|| task.header().id.to_string().into());
        Some(Context { task, name, handle })
    }

    /// The task's name, or its id if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which task this is.
    #[must_use]
    pub fn label(&self) -> TaskLabel {
        self.task.header().label()
    }

    /// A handle to the runner.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

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
    /// As for [`Handle::adopt`].
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
    /// As for [`Handle::spawn`]. Dropping the handle does not stop the child; this task waits for it.
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

    /// Whether this task, or the whole runner, is asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.task.header().stop().is_asked()
    }

    /// Whether this task is transient: see [`set_transient`](Context::set_transient).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.task.header().is_transient()
    }

    /// Makes this task transient, or an ordinary one again, while it runs.
    ///
    /// A transient task keeps nothing alive: [`run`](crate::ServiceRunner::run) ends, and so does a wait for
    /// all members of its group, when only transient tasks are left. A stop does not ask them before
    /// everybody else has ended, or is cancelled. Then they are asked, once, and their cleanup is awaited
    /// within their grace. Usual examples are what serves others as long as there are others: the pruner of
    /// a connection pool, the refresher of a cache, something that flushes a log.
    ///
    /// What a transient task makes below it keeps nothing alive either; what is there when the task is
    /// changed stays as it was. A task that was asked to stop becomes no transient one any more. One that
    /// is not transient any more hears of a stop at once, if it was spared one.
    ///
    /// # Examples
    ///
    /// A refresher that is not to be cut while it writes:
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.task("refresher").transient().adopt(Plain, async || {
    ///     let cx = Context::current();
    ///     while cx.sleep(Duration::from_secs(60)).await.is_ok() {
    ///         cx.set_transient(false);
    ///         // … write the cache: the runner waits for this …
    ///         cx.set_transient(true);
    ///     }
    /// })?;
    /// // Nothing else is left, so this ends.
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_transient(&self, transient: bool) {
        self.task.header().set_transient(transient);
    }

    /// Says that this service is ready: those that depend on it start now. For services with
    /// [`notify`](crate::Spec::notify), of several workers each has to. Otherwise, and outside of a service's
    /// own body, it does nothing; saying it twice does nothing more.
    pub fn ready(&self) {
        if let Some(unit) = self.unit() {
            unit.tell(Happened::Ready(self.task.header().id));
        }
    }

    /// Says a standing warning of this service: something that people should know and that is no failure, such as a
    /// disk that is nearly full. It stands in the list of services, on the health page and in the report until
    /// [`clear_warning`](Context::clear_warning) or the next run of the service, and changes nothing else. The same key again
    /// changes the text. The log has it once, when it comes or changes.
    ///
    /// Outside of a service's own body it is only logged.
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, Launch, Service, ServiceRunner, Spec};
    ///
    /// struct Store;
    ///
    /// impl Service for Store {
    ///     const SPEC: Spec = Spec::new("store", file!(), line!());
    ///     fn launch(self) -> Launch {
    ///         Launch::repeat(Plain, async || {
    ///             let cx = Context::current();
    ///             cx.warn("disk", "the disk is 93 % full");
    ///             cx.warn("cache", "the cache is cold");
    ///             assert!(cx.clear_warning("cache"));
    ///         })
    ///     }
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// runner.add(Store)?;
    /// let report = runner.run();
    /// let store = report.services().get("store").expect("it was added");
    /// assert_eq!(store.warnings()[0].text(), "the disk is 93 % full");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warn(&self, key: &str, text: impl fmt::Display) {
        let text = text.to_string();
        let new = match self.unit() {
            Some(unit) => self.handle.core().services.warn(unit, Some(key), Some(&text)),
            None => true,
        };
        if new {
            log::warn(format_args!("{}: {text}", self.name));
        }
    }

    /// Takes a standing warning of this service back. Gives whether there was one of this key.
    pub fn clear_warning(&self, key: &str) -> bool {
        self.unit().is_some_and(|unit| self.handle.core().services.warn(unit, Some(key), None))
    }

    /// Takes all standing warnings of this service back. Gives whether there were any.
    pub fn clear_warnings(&self) -> bool {
        self.unit().is_some_and(|unit| self.handle.core().services.warn(unit, None, None))
    }

    /// What a service on which this one depends shares: its instance, if its `run` takes `&self`. It is
    /// there and ready, since a service begins when what it depends on is.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotDeclared`] if this is a service that does not name it in its `after`, so that it
    /// may not be there; [`ServiceError::NoInstance`] and [`ServiceError::Ambiguous`] if not exactly one
    /// service shares this type; [`ServiceError::NotReady`] if it is asked for by a task that depends on
    /// nothing, or the service was skipped.
    pub fn service<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, ServiceError> {
        self.handle.instance_for(None, self.unit())
    }

    /// As [`service`](Context::service), of several that share this type the one of this name.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn service_named<T: Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, ServiceError> {
        self.handle.instance_for(Some(name), self.unit())
    }

    /// The run of a service that this task belongs to.
    fn unit(&self) -> Option<&Unit> {
        self.task.header().owner().as_unit().and_then(|unit| unit.downcast_ref())
    }

    /// Hears of requests to load settings anew, until this task is asked to stop: see
    /// [`Handle::reloads`](crate::Handle::reloads).
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.adopt(Plain, async || {
    ///     let mut reloads = Context::current().reloads()?;
    ///     Context::current().handle().reload();
    ///     while reloads.next().await.is_ok() {
    ///         // … read the settings, and put them in place …
    ///         Context::current().handle().stop();
    ///     }
    ///     anyhow::Ok(())
    /// })?;
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reloads(&self) -> io::Result<Reloads> {
        self.handle.reloads_until(self.task.header().stop())
    }

    /// As `Handle::reloads_of_others`, until this task is asked to stop.
    #[doc(hidden)]
    #[must_use]
    pub fn reloads_of_others(&self) -> Reloads {
        Reloads::new(&self.handle.core().reloads, self.task.header().stop())
    }

    /// Resolves as soon as this task, or the whole runner, is asked to stop.
    pub fn stopped(&self) -> Stopped {
        Stopped::of(Arc::clone(self.task.header().stop()))
    }

    /// The twin of [`stopped`](Context::stopped) for plain threads.
    pub fn stopped_blocking(&self) {
        let _ = park::block_on(self.stopped(), Deadline::never());
    }

    /// How long is left until the task is cancelled; `None` while no stop is asked.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        stop::time_left(self.task.header().stop(), self.task.header().grace())
    }

    /// Runs `section` with a first stop put off: the task is not told of it, nor is it dropped, before the
    /// section is over. For what must not be cut in half: a transfer with two sides, a file that is written
    /// anew. Within it, [`is_stopping`](Context::is_stopping) says no, [`stopped`](Context::stopped) stays
    /// pending, sleeps go on; children of the task hear of nothing either. The task's grace begins when the
    /// section is over.
    ///
    /// A second stop is not put off: a second [`TaskHandle::stop`](crate::TaskHandle::stop), a second
    /// signal, [`Handle::stop_now`], or a stop of the task and one of what is above it. Nor are deadlines:
    /// that of the group, when four fifths of its grace are over, and that of the runner, half-way between
    /// the longest grace of a task and the end of the group grace (12.5 s after the stop was asked, if
    /// nothing else is said).
    ///
    /// Sections inside of one another, or beside one another in one task, count as one: a stop is heard of
    /// when the last is over.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, the section is over.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let task = runner.spawn(Plain, async || {
    ///     let cx = Context::current();
    ///     let both = cx.defer_stop(async {
    ///         cx.handle().stop();
    ///         cx.sleep(Duration::from_millis(1)).await.is_ok() && !cx.is_stopping()
    ///     });
    ///     let whole = both.await;
    ///     // Now it is heard of.
    ///     cx.stopped().await;
    ///     whole
    /// })?;
    /// runner.run();
    /// assert!(task.join()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn defer_stop<F: Future>(&self, section: F) -> F::Output {
        let _section = Section::begin(&self.task, self.handle.core().root());
        section.await
    }

    /// The twin of [`defer_stop`](Context::defer_stop) for plain threads. The section is over when it
    /// returns or panics.
    pub fn defer_stop_blocking<T>(&self, section: impl FnOnce() -> T) -> T {
        let _section = Section::begin(&self.task, self.handle.core().root());
        section()
    }

    /// Sleeps on the lane's own timer, or until a stop is asked. Zero does not sleep; `Duration::MAX`
    /// sleeps until the stop.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    ///
    /// # Panics
    ///
    /// Off the lanes: on a plain thread use [`sleep_blocking`](Context::sleep_blocking).
    ///
    /// # Cancellation
    ///
    /// Dropping it loses nothing.
    pub async fn sleep(&self, limit: Duration) -> Result<(), Stopping> {
        if self.is_stopping() {
            return Err(Stopping);
        }
        let deadline = Deadline::after(limit);
        let timer = inbox::lane_here().and_then(|lane| lane.timer(deadline));
        match timer {
            Some(timer) => self.run_until_stopped(timer).await,
            None => panic!(
                "`Context::sleep` was polled off the lanes of its runner; on a plain thread use `sleep_blocking`"
            ),
        }
    }

    /// The twin of [`sleep`](Context::sleep) for plain threads.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    pub fn sleep_blocking(&self, limit: Duration) -> Result<(), Stopping> {
        match park::block_on(self.stopped(), Deadline::after(limit)) {
            Some(()) => Err(Stopping),
            None => Ok(()),
        }
    }

    /// Ticks at this interval until a stop is asked, for work that this task does again and again. The first
    /// tick comes at once, the others are counted from start to start; [`Ticks`] says how else.
    ///
    /// `Duration::MAX` ticks once and then waits for the stop.
    ///
    /// # Errors
    ///
    /// [`ZeroInterval`] for an interval of zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use std::time::Duration;
    /// use spumoni_core::{Context, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// runner.adopt(Plain, async || {
    ///     let cx = Context::current();
    ///     let mut ticks = cx.every(Duration::from_millis(2))?;
    ///     let mut beats = 0;
    ///     while ticks.tick().await.is_ok() {
    ///         beats += 1;
    ///         if beats == 3 {
    ///             cx.handle().stop();
    ///         }
    ///     }
    ///     anyhow::ensure!(beats >= 3);
    ///     anyhow::Ok(())
    /// })?;
    /// assert!(runner.run().is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn every(&self, interval: Duration) -> Result<Ticks, ZeroInterval> {
        let zero = ZeroInterval { at: Location::caller() };
        Ticks::checked(interval, self.task.header().stop(), zero)
    }

    /// Runs `future` for `limit` at most, on the lane's own timer: see [`timeout`](crate::timeout).
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the limit is over; the future has been dropped then.
    ///
    /// # Panics
    ///
    /// Off the lanes: on a plain thread use [`timeout_blocking`](Context::timeout_blocking).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the future. A stop does not end it.
    pub async fn timeout<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        timeout::timeout(limit, future).await
    }

    /// The twin of [`timeout`](Context::timeout) for plain threads: polls `future` on the calling thread.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn timeout_blocking<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        timeout::timeout_blocking(limit, future)
    }

    /// Runs `future` until it is done or a stop is asked. When both are the case the value wins.
    ///
    /// # Errors
    ///
    /// [`Stopping`]; the future has been dropped then.
    ///
    /// # Cancellation
    ///
    /// As that of the future.
    pub async fn run_until_stopped<F: Future>(&self, future: F) -> Result<F::Output, Stopping> {
        let mut future = pin!(future);
        let mut stopped = self.stopped();
        std::future::poll_fn(move |cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            pin!(&mut stopped).poll(cx).map(|()| Err(Stopping))
        })
        .await
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("task", &self.label()).finish_non_exhaustive()
    }
}
