//! The way of a payload into the runner: admission, cell, inbox. One path for all verbs.

use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing::Span;

use crate::error::{Reason, Refused};
use crate::event::Event;
use crate::failure::TaskLabel;
use crate::flavour::Flavour;
use crate::group::entry::Membership;
use crate::group::root::RootGroup;
use crate::homes::{HomeKind, Homes, Place};
use crate::id::TaskId;
use crate::pool::contract::Job;
use crate::pool::home::PoolHome;
use crate::task::cell::{self, TaskCell};
use crate::task::contract::{self, AnyTask, Details, Header, Home, Host, Owner};
use crate::task::lifecycle::Lifecycle;
use crate::task::limit::Limit;
use crate::task::payload::{Mode, Payload, Route};
use crate::task::stop::StopNode;
use crate::task::stopper::Stopper;
use crate::time::Deadline;

/// What may be said about a task beside its payload. Boxed, so that a task about which nothing is said
/// carries one word and not all of it on its way.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) grace: Option<Duration>,
    /// How long it may take, from being handed over.
    pub(crate) timeout: Option<Duration>,
    pub(crate) stopper: Option<Stopper>,
    /// It keeps nothing alive.
    pub(crate) transient: bool,
    pub(crate) owner: Option<Arc<dyn Owner>>,
    /// The group that it joins, instead of `owner`.
    pub(crate) member: Option<Membership>,
    /// On a blocking flavour: a thread of its own.
    pub(crate) dedicated: bool,
    /// It was let in, and has its name, already.
    pub(crate) admitted: bool,
}

/// The caller's span, where anybody listens to spans at all.
fn span() -> Option<Span> {
    if !tracing::dispatcher::has_been_set() {
        return None;
    }
    Some(Span::current()).filter(|span| !span.is_none())
}

pub(crate) type CellOf<F, P, R> = TaskCell<<F as Flavour>::Mode, P, R>;
pub(crate) type Taken<F, P, R> = TakenIn<<F as Flavour>::Mode, P, R>;
type TakenIn<M, P, R> = Result<Arc<TaskCell<M, P, R>>, Refused<P>>;
/// A task that was let in, and the home that is to run it.
type Admitted<'a, F, P, R> = (Arc<CellOf<F, P, R>>, &'a HomeKind);

/// Hands a payload to its flavour, for good.
pub(crate) fn adopt<F, P, R>(
    homes: &Homes,
    flavour: F,
    payload: P,
    options: Option<Box<Options>>,
    here: &'static Location<'static>,
) -> Result<TaskId, Refused<P>>
where
    F: Flavour,
    P: Payload<F::Mode>,
    R: Route<P::Output>,
{
    let dedicated = options.as_ref().is_some_and(|options| options.dedicated);
    let is_limited = options.as_ref().is_some_and(|options| options.timeout.is_some());
    let (task, kind) = admit::<F, P, R>(homes, flavour, payload, options, false, here)?;
    let id = task.header().id;
    let limited: Option<Arc<dyn AnyTask>> = is_limited.then(|| task.clone() as _);
    match deliver(kind, task, dedicated) {
        Ok(()) => {
            limited.into_iter().for_each(|task| keep_limit(homes, task));
            Ok(id)
        }
        Err((reason, task)) => {
            drop(limited);
            Err(give_back::<F::Mode, P, R>(homes.root(), cell::downcast(task), true, reason))
        }
    }
}

/// As `adopt`, and keeps a reference for whoever stops the task. It has no limit.
pub(crate) fn adopt_known<F, P, R>(
    homes: &Homes,
    flavour: F,
    payload: P,
    options: Box<Options>,
    here: &'static Location<'static>,
) -> Result<Arc<dyn AnyTask>, Refused<P>>
where
    F: Flavour,
    P: Payload<F::Mode>,
    R: Route<P::Output>,
{
    let dedicated = options.dedicated;
    let (task, kind) = admit::<F, P, R>(homes, flavour, payload, Some(options), false, here)?;
    match deliver(kind, task.clone(), dedicated) {
        Ok(()) => Ok(task),
        Err((reason, back)) => {
            drop(back);
            Err(give_back::<F::Mode, P, R>(homes.root(), Some(task), true, reason))
        }
    }
}

/// Hands a payload to its flavour, and keeps a reference for whoever wants the outcome.
pub(crate) fn spawn<F, P, R>(
    homes: &Homes,
    flavour: F,
    payload: P,
    options: Option<Box<Options>>,
    here: &'static Location<'static>,
) -> Taken<F, P, R>
where
    F: Flavour,
    P: Payload<F::Mode>,
    R: Route<P::Output>,
{
    match homes.get(flavour) {
        Ok(place) => spawn_on::<F::Mode, P, R>(homes, place, payload, options, here),
        Err(reason) => Err(Refused::new(reason, payload)),
    }
}

/// The same for a lane or pool that is there already.
pub(crate) fn spawn_on<M, P, R>(
    homes: &Homes,
    place: &Place,
    payload: P,
    options: Option<Box<Options>>,
    here: &'static Location<'static>,
) -> TakenIn<M, P, R>
where
    M: Mode,
    P: Payload<M>,
    R: Route<P::Output>,
{
    let is_limited = options.as_ref().is_some_and(|options| options.timeout.is_some());
    let task = admit_to::<M, P, R>(homes.root(), place, payload, options, true, here)?;
    match deliver(&place.kind, task.clone(), false) {
        Ok(()) => {
            if is_limited {
                keep_limit(homes, task.clone());
            }
            Ok(task)
        }
        Err((reason, back)) => {
            drop(back);
            Err(give_back::<M, P, R>(homes.root(), Some(task), true, reason))
        }
    }
}

/// Lets the controller keep the limit of a task that its home has taken. Not before: a task that comes back
/// is to have no other reference.
fn keep_limit(homes: &Homes, task: Arc<dyn AnyTask>) {
    let never = task.header().limit().is_none_or(|limit| limit.deadline() == Deadline::never());
    if !never {
        homes.root().tell(Event::Limit(task));
    }
}

/// Brings a new task to its home.
fn deliver(
    kind: &HomeKind,
    task: Arc<dyn AnyTask>,
    dedicated: bool,
) -> Result<(), (Reason, Arc<dyn AnyTask>)> {
    match kind {
        HomeKind::Lane(lane) => lane.push(task).map_err(|task| (Reason::Stopped, task)),
        HomeKind::Pool(pool) if dedicated => dedicate(pool, task),
        HomeKind::Pool(pool) => pool.push(task).map_err(|task| (Reason::Stopped, task)),
    }
}

/// Runs a blocking payload on the calling thread, to its end.
pub(crate) fn run_here<F, P, R>(
    homes: &Homes,
    flavour: F,
    payload: P,
    options: Option<Box<Options>>,
    here: &'static Location<'static>,
) -> Taken<F, P, R>
where
    F: Flavour,
    P: Payload<F::Mode>,
    R: Route<P::Output>,
{
    let is_limited = options.as_ref().is_some_and(|options| options.timeout.is_some());
    let (task, _) = admit::<F, P, R>(homes, flavour, payload, options, true, here)?;
    if is_limited {
        keep_limit(homes, task.clone());
    }
    Arc::clone(&task).run(&Here(homes.root()));
    Ok(task)
}

/// Lets the payload in and makes its cell.
fn admit<'a, F, P, R>(
    homes: &'a Homes,
    flavour: F,
    payload: P,
    options: Option<Box<Options>>,
    handle: bool,
    here: &'static Location<'static>,
) -> Result<Admitted<'a, F, P, R>, Refused<P>>
where
    F: Flavour,
    P: Payload<F::Mode>,
    R: Route<P::Output>,
{
    let place = match homes.get(flavour) {
        Ok(place) => place,
        Err(reason) => return Err(Refused::new(reason, payload)),
    };
    let task = admit_to::<F::Mode, P, R>(homes.root(), place, payload, options, handle, here)?;
    Ok((task, &place.kind))
}

/// The same for a home that is there already.
fn admit_to<M, P, R>(
    root: &Arc<RootGroup>,
    place: &Place,
    payload: P,
    options: Option<Box<Options>>,
    handle: bool,
    here: &'static Location<'static>,
) -> TakenIn<M, P, R>
where
    M: Mode,
    P: Payload<M>,
    R: Route<P::Output>,
{
    // While stopping, what a task needs for its cleanup is taken still.
    let cleanup = root.is_stopping() && is_of(root);
    let id = TaskId::next();
    let terms = match options {
        None => root.admit(cleanup, false).map(|()| Terms { cleanup, ..Terms::default() }),
        Some(options) => {
            let label = TaskLabel {
                id,
                name: None,
                group: None,
                flavour: place.kind.flavour(),
                spawned_at: here,
            };
            agree(root, *options, label, cleanup)
        }
    };
    let Terms { mut details, member, cleanup, keeps_not } = match terms {
        Ok(terms) => terms,
        Err(reason) => return Err(Refused::new(reason, payload)),
    };
    if let Some(span) = span() {
        details.get_or_insert_default().span = Some(span);
    }
    if let HomeKind::Lane(lane) = &place.kind {
        lane.returned.reclaim();
    }
    let life = Lifecycle::queued(handle, cleanup, keeps_not);
    let task = TaskCell::new(id, payload, Arc::clone(&place.shared), here, details, life);
    if let Some(member) = &member {
        let any: Arc<dyn AnyTask> = task.clone();
        if let Err(reason) = member.group.enter(&any, member, cleanup) {
            drop(any);
            return Err(give_back::<M, P, R>(root, Some(task), false, reason));
        }
    }
    Ok(task)
}

/// On what terms a task was let in.
#[derive(Default)]
struct Terms {
    details: Option<Details>,
    member: Option<Membership>,
    cleanup: bool,
    /// It is, or stands below, what keeps the runner not alive.
    keeps_not: bool,
}

/// Lets a task in about which something is said.
fn agree(
    root: &RootGroup,
    options: Options,
    label: TaskLabel,
    cleanup: bool,
) -> Result<Terms, Reason> {
    let member = options.member;
    let named = options.name.as_ref().map(|name| TaskLabel {
        name: Some(Arc::clone(name)),
        group: match (&member, &options.owner) {
            (Some(member), _) => Some(Arc::clone(member.group.full_path())),
            (None, owner) => owner.as_ref().and_then(|owner| owner.path()),
        },
        ..label
    });
    let transient = options.transient;
    let keeps_not = match &member {
        Some(member) => !member.group.keeps_runner(transient),
        None => transient,
    };
    if !options.admitted {
        let_in(root, named, cleanup, keeps_not)?;
    } else if let Some(label) = named {
        root.names().put(label);
    }
    let of_group = || member.as_ref().and_then(|member| member.group.grace());
    let grace = options.grace.or_else(of_group);
    if let Some(grace) = grace {
        root.note_grace(grace);
    }
    let cleanup = cleanup || member.as_ref().is_some_and(is_cleanup_of);
    let owner = match &member {
        Some(member) => Some(Arc::clone(&member.group) as Arc<dyn Owner>),
        None => options.owner,
    };
    let (name, stopper) = (options.name, options.stopper);
    let limit = options.timeout.map(Limit::of);
    let stop = OnceLock::new();
    if transient {
        let above = owner.as_ref().map_or(root.stop(), |owner| owner.stop());
        let _ = stop.set(StopNode::transient_below(above));
    }
    let details = Details { name, grace, limit, stopper, owner, stop, ..Details::default() };
    Ok(Terms { details: Some(details), member, cleanup, keeps_not })
}

/// Whether the calling thread runs a member of the stopping group, one that is not being dropped: it may
/// start what its cleanup needs.
fn is_cleanup_of(member: &Membership) -> bool {
    member.group.is_stopping()
        && cell::current().is_some_and(|task| {
            let own = member.group.owns(task.header()) || member.group.are_of(task.header());
            own && !task.header().life.is_cancelled()
        })
}

/// Counts one in and takes its name, or does neither.
pub(crate) fn let_in(
    root: &RootGroup,
    named: Option<TaskLabel>,
    cleanup: bool,
    keeps_not: bool,
) -> Result<(), Reason> {
    root.admit(cleanup, keeps_not)?;
    if let Some(label) = named
        && let Err(reason) = root.names().take(label)
    {
        root.let_out(keeps_not);
        return Err(reason);
    }
    Ok(())
}

/// Whether the calling thread runs a task of this runner, one that is not being dropped.
fn is_of(root: &Arc<RootGroup>) -> bool {
    cell::current().is_some_and(|task| {
        let theirs: *const () = Arc::as_ptr(task.header().home().root()).cast();
        theirs == Arc::as_ptr(root).cast() && !task.header().life.is_cancelled()
    })
}

fn dedicate(pool: &PoolHome, task: Arc<dyn AnyTask>) -> Result<(), (Reason, Arc<dyn AnyTask>)> {
    let flavour = pool.flavour();
    // With the group that it is in: two queues may both have a worker `1`.
    let name = task.header().label().path();
    let Some(open) = pool.pool() else {
        return Err((Reason::Stopped, task));
    };
    open.dedicate(Job::new(task), &name).map_err(|(error, job)| {
        (Reason::NoThread { flavour, error: Arc::new(error) }, job.into_task())
    })
}

/// The home took nothing, or the group before it: undoes the admission. One that has not `entered` its group
/// cannot have been given up with it.
fn give_back<M, P, R>(
    root: &RootGroup,
    task: Option<Arc<TaskCell<M, P, R>>>,
    entered: bool,
    reason: Reason,
) -> Refused<P>
where
    M: Mode,
    P: Payload<M>,
    R: Route<P::Output>,
{
    if let Some(header) = task.as_ref().map(|task| task.header()) {
        let owner = header.owner();
        if let Some(name) = header.details().and_then(|details| details.name.as_deref()) {
            owner.release_name(name);
        }
        if !entered || owner.withdrawn(header) {
            root.let_out(header.life.is_transient());
        }
    }
    // Its group may have shown it to somebody, who sees it as stopped from now on.
    match task.and_then(|task| task.reclaim()) {
        Some(payload) => Refused::new(reason, payload),
        None => unreachable!("a task that no home took has its payload"),
    }
}

/// The calling thread, for one task.
struct Here<'a>(&'a RootGroup);

impl Host for Here<'_> {
    fn stamp(&self, _task: &Header) {}

    fn unstamp(&self) {}

    fn is_stopping(&self) -> bool {
        self.0.is_stopping()
    }

    fn keep(&self, _task: Arc<dyn AnyTask>) {}

    fn forget(&self, _task: &Header) {}

    fn requeue(&self, task: Arc<dyn AnyTask>) {
        contract::push(task);
    }

    fn ended(&self, task: &Header) {
        task.owner().ended(task);
    }
}
