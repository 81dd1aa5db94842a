//! A group inside its runner: its members, how they ended, its stop.
//!
//! A member counts at the runner's root like any other task, and beside that in its group and in all
//! groups above it. The group keeps a reference to each living member, so that it can cancel and give
//! up its own without asking every lane.
//!
//! # Invariants
//! 1. `state` is locked for one group at a time, and never while anybody is woken, told or cancelled.
//!    `family` is locked inside of it.
//! 2. The end of a member is in `ends` before the member is counted out: whoever sees nobody alive
//!    sees all ends.
//! 3. A member is in `living` from the moment it is let in to its end, or until it is given up. An end
//!    that finds nothing there comes late, and only the root's account hears of it.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use event_listener::Event as Bell;

use crate::error::Reason;
use crate::event::{Event, Graces, Stoppable};
use crate::failure::{Failure, GROUP, TaskLabel};
use crate::group::end::MemberEnd;
use crate::group::names;
use crate::group::policy::{MemberPolicy, OnExit, OnFailure, Policy};
use crate::group::root::RootGroup;
use crate::group::slots::Slots;
use crate::id::TaskId;
use crate::log;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::task::contract::{self, AnyTask, Header, Owner};
use crate::task::state::TaskState;
use crate::task::stop::StopNode;
use crate::time::Deadline;
use crate::unwind;

/// What a stop leaves to destructors at least, where the group's own time is not said.
const DESTRUCTORS: Duration = Duration::from_millis(1000);

/// See the module.
pub(crate) struct GroupCore {
    this: Weak<GroupCore>,
    label: TaskLabel,
    path: Arc<str>,
    parent: Option<Arc<GroupCore>>,
    root: Arc<RootGroup>,
    policy: Policy,
    slots: Option<Slots>,
    stop: Arc<StopNode>,
    stopping: AtomicBool,
    /// A member's failure or end has stopped the others.
    broken: AtomicBool,
    /// Held while members are counted, in this group and in all of the same top group, so that
    /// nobody sees a group empty and the one above not yet.
    family: Arc<Mutex<()>>,
    /// Members that live, here and below.
    alive: AtomicUsize,
    state: Mutex<State>,
    /// One member has ended.
    pub(crate) one_ended: Bell,
    /// Nobody is alive any more.
    pub(crate) all_ended: Bell,
    /// What one member did stops the others.
    pub(crate) broke: Bell,
}

#[derive(Default)]
struct State {
    /// Ordered maps give their room back as they shrink.
    living: BTreeMap<TaskId, Living>,
    /// The groups right below.
    groups: BTreeMap<TaskId, Weak<GroupCore>>,
    /// How members ended, until somebody joins.
    ends: VecDeque<MemberEnd>,
    /// When the stop was asked.
    asked: Option<Instant>,
    /// Nobody will join any more: failures go to the parent.
    released: bool,
    gave_up: bool,
    unnamed: bool,
}

struct Living {
    task: Arc<dyn AnyTask>,
    policy: MemberPolicy,
    failure: Option<Failure>,
    cancelled: bool,
    /// It has one of the group's places.
    slot: bool,
}

/// What a task says when it comes in.
#[derive(Clone)]
pub(crate) struct Membership {
    pub(crate) group: Arc<GroupCore>,
    pub(crate) policy: MemberPolicy,
    /// It brings one of the group's places along.
    pub(crate) slot: bool,
}

/// Where a new group comes to stand.
pub(crate) struct Position {
    pub(crate) parent: Option<Arc<GroupCore>>,
    path: Option<Arc<str>>,
    stop: Arc<StopNode>,
}

impl Position {
    /// Right below a group, or below the root.
    pub(crate) fn below(root: &RootGroup, parent: Option<Arc<GroupCore>>) -> Self {
        let path = parent.as_ref().map(|parent| Arc::clone(&parent.path));
        let stop = Arc::clone(parent.as_ref().map_or(root.stop(), |parent| &parent.stop));
        Position { parent, path, stop }
    }

    /// Below a task: its path and its stop are above, and the group that owns it counts the members.
    pub(crate) fn of_task(task: &Header) -> Self {
        let group = task.owner().as_group().and_then(|any| any.downcast_ref::<GroupCore>());
        Position {
            parent: group.and_then(|group| group.this.upgrade()),
            path: Some(task.label().path().into()),
            stop: Arc::clone(task.stop()),
        }
    }
}

impl GroupCore {
    pub(crate) fn open(
        root: &Arc<RootGroup>,
        position: Position,
        name: Arc<str>,
        policy: Policy,
        here: &'static Location<'static>,
    ) -> Result<Arc<Self>, Reason> {
        names::check(&name)?;
        if name.contains('/') {
            let why = "has a slash, which stands between the names of a path";
            return Err(Reason::BadName { name: name.to_string(), why });
        }
        if policy.limit == Some(0) {
            let why = "must be at least 1: a group with room for none runs nothing";
            return Err(Reason::BadSetting { setting: "limit", why });
        }
        let label = TaskLabel {
            id: TaskId::next(),
            name: Some(name),
            group: position.path,
            flavour: GROUP,
            spawned_at: here,
        };
        root.names().take(label.clone())?;
        let stop = StopNode::below(&position.stop);
        let parent = position.parent;
        let group = Arc::new_cyclic(|this| GroupCore {
            this: this.clone(),
            path: label.path().into(),
            label,
            root: Arc::clone(root),
            policy,
            slots: policy.limit.map(Slots::new),
            stop,
            stopping: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            family: parent.as_ref().map_or_else(Arc::default, |up| Arc::clone(&up.family)),
            parent,
            alive: AtomicUsize::new(0),
            state: Mutex::default(),
            one_ended: Bell::new(),
            all_ended: Bell::new(),
            broke: Bell::new(),
        });
        group.enrol();
        Ok(group)
    }

    /// Makes the group known above. One that comes while its parent stops, to help a cleanup, begins to
    /// stop at once.
    fn enrol(self: &Arc<Self>) {
        let id = self.label.id;
        let stops = match &self.parent {
            Some(parent) => {
                parent.state.lock().groups.insert(id, Arc::downgrade(self));
                parent.is_stopping()
            }
            None => {
                let weak: Weak<dyn Stoppable> = self.this.clone();
                self.root.add_group(id, weak);
                self.root.is_stopping()
            }
        };
        if stops {
            self.begin_stop();
        }
    }

    pub(crate) fn label(&self) -> &TaskLabel {
        &self.label
    }

    pub(crate) fn full_path(&self) -> &Arc<str> {
        &self.path
    }

    pub(crate) fn root(&self) -> &Arc<RootGroup> {
        &self.root
    }

    pub(crate) fn slots(&self) -> Option<&Slots> {
        self.slots.as_ref()
    }

    /// A member's time from being asked to being cancelled, if the group has one for it.
    pub(crate) fn grace(&self) -> Option<Duration> {
        self.policy.grace
    }

    /// What one member did stops the others.
    pub(crate) fn break_up(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.begin_stop();
        ring(&self.broke);
    }

    /// Whether what one member did has stopped the others.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Whether a failing member stops the others.
    pub(crate) fn stops_on_failure(&self) -> bool {
        self.policy.on_failure == OnFailure::Stop
    }

    /// How many members live, here and below.
    pub(crate) fn alive(&self) -> usize {
        let _family = self.family.lock();
        self.alive.load(Ordering::Relaxed)
    }

    /// Why nothing new is taken.
    pub(crate) fn refusal(&self) -> Reason {
        if self.stopping.load(Ordering::SeqCst) || !self.root.is_stopping() {
            Reason::GroupStopping { group: Arc::clone(&self.path) }
        } else {
            Reason::Stopping
        }
    }

    /// Whether the task belongs to this group or to one below it.
    pub(crate) fn owns(&self, task: &Header) -> bool {
        task.owner().stop().is_below(&self.stop)
    }

    /// Whether the task is a living member of this very group, with one of its places.
    pub(crate) fn holds(&self, task: &Header) -> bool {
        self.state.lock().living.get(&task.id).is_some_and(|member| member.slot)
    }

    /// Lets a task in, for which the root has counted already.
    pub(crate) fn enter(
        &self,
        task: &Arc<dyn AnyTask>,
        membership: &Membership,
        cleanup: bool,
    ) -> Result<(), Reason> {
        let mut state = self.state.lock();
        if state.gave_up || self.is_stopping() && !cleanup {
            drop(state);
            return Err(self.refusal());
        }
        self.count_in();
        let member = Living {
            task: Arc::clone(task),
            policy: membership.policy,
            failure: None,
            cancelled: false,
            slot: membership.slot,
        };
        state.living.insert(task.header().id, member);
        Ok(())
    }

    fn lineage(&self) -> impl Iterator<Item = &GroupCore> {
        std::iter::successors(Some(self), |group| group.parent.as_deref())
    }

    fn above(&self) -> &dyn Owner {
        match &self.parent {
            Some(parent) => &**parent,
            None => &*self.root,
        }
    }

    fn count_in(&self) {
        let _family = self.family.lock();
        for group in self.lineage() {
            group.alive.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many members have ended: tells all who wait for that.
    fn count_out(&self, members: usize) {
        {
            let _family = self.family.lock();
            for group in self.lineage() {
                group.alive.fetch_sub(members, Ordering::Relaxed);
            }
        }
        for group in self.lineage() {
            ring(&group.one_ended);
            if group.alive() == 0 {
                ring(&group.all_ended);
                group.free_name();
            }
        }
    }

    /// The name is free when nobody can reach the group and nobody is in it.
    fn free_name(&self) {
        let free = {
            let mut state = self.state.lock();
            let free = state.released && !state.unnamed && self.alive() == 0;
            state.unnamed |= free;
            free
        };
        if free {
            self.root.names().release(&self.path);
        }
    }

    /// Nobody joins any more. What failed and was not joined falls to the parent, as do later failures.
    pub(crate) fn release(&self) {
        let failures: Vec<Failure> = {
            let mut state = self.state.lock();
            state.released = true;
            let ends = std::mem::take(&mut state.ends);
            let ended = ends.into_iter().filter_map(|end| end.failure);
            let failing = state.living.values_mut().filter_map(|member| member.failure.take());
            ended.chain(failing).collect()
        };
        // One counts at the root meanwhile: no report is made between the first failure and the last.
        let counted = !failures.is_empty() && self.root.admit(true).is_ok();
        for failure in failures {
            self.above().failed(failure);
        }
        if counted {
            self.root.leave(1);
        }
        self.free_name();
    }

    /// Asks every living member to stop, and the groups below. The group itself stays open.
    pub(crate) fn stop_members(&self) {
        let (tasks, groups) = {
            let state = self.state.lock();
            let tasks: Vec<_> = state.living.values().map(|one| Arc::clone(&one.task)).collect();
            (tasks, state.groups())
        };
        for task in tasks {
            self.root.stop_task(task);
        }
        for group in groups {
            group.begin_stop();
        }
    }

    /// The living members, here and below.
    pub(crate) fn members(&self) -> Vec<TaskLabel> {
        let mut labels: Vec<_> = self.tasks().iter().map(|task| task.header().label()).collect();
        labels.sort_by_key(|label| label.id);
        labels
    }

    /// The living tasks, here and below.
    pub(crate) fn tasks(&self) -> Vec<Arc<dyn AnyTask>> {
        let (mut tasks, groups) = {
            let state = self.state.lock();
            let tasks: Vec<_> = state.living.values().map(|one| Arc::clone(&one.task)).collect();
            (tasks, state.groups())
        };
        for group in groups {
            tasks.extend(group.tasks());
        }
        tasks
    }

    /// Takes the end that came first; `None` while there is none but may be one.
    pub(crate) fn take_next(&self) -> Option<Option<MemberEnd>> {
        // Nobody alive is looked at before the ends (invariant 2).
        let over = self.alive() == 0;
        match self.state.lock().ends.pop_front() {
            Some(end) => Some(Some(end)),
            None => over.then_some(None),
        }
    }

    /// Takes the first `wanted` ends; fewer if nobody is alive any more. `None` while there are too few.
    pub(crate) fn take_first(&self, wanted: usize) -> Option<Vec<MemberEnd>> {
        let over = self.alive() == 0;
        let mut state = self.state.lock();
        if !over && state.ends.len() < wanted {
            return None;
        }
        let count = wanted.min(state.ends.len());
        Some(state.ends.drain(..count).collect())
    }

    /// Takes all ends there are, one at least, unless nobody is alive.
    pub(crate) fn take_any(&self) -> Option<Vec<MemberEnd>> {
        let over = self.alive() == 0;
        let mut state = self.state.lock();
        (over || !state.ends.is_empty()).then(|| state.ends.drain(..).collect())
    }

    /// Takes all ends when nobody is alive any more.
    pub(crate) fn take_all(&self) -> Option<Vec<MemberEnd>> {
        let over = self.alive() == 0;
        over.then(|| self.state.lock().ends.drain(..).collect())
    }

    /// The first deadline of the stop that was asked at `asked`, and the members that are due.
    fn due(&self, now: Instant, graces: Graces) -> (Deadline, Vec<Arc<dyn AnyTask>>) {
        let mut state = self.state.lock();
        let asked = *state.asked.get_or_insert(now);
        let task = self.policy.grace.unwrap_or(graces.task);
        let of = |member: &Living| member.task.header().grace().unwrap_or(task);
        let longest = state.living.values().map(of).max().unwrap_or(task);
        let usual = || graces.group.max(longest.saturating_add(DESTRUCTORS));
        let whole = self.policy.group_grace.unwrap_or_else(usual);
        // The rest is for destructors.
        let latest = whole / 10 * 8;
        self.stop.ask(asked, task, Deadline::from(asked, latest));
        let mut next = Deadline::from(asked, whole);
        let mut due = Vec::new();
        if next.is_over(now) {
            return (next, due);
        }
        for member in state.living.values_mut().filter(|member| !member.cancelled) {
            let grace = member.task.header().grace().unwrap_or(task).min(latest);
            let cancel = Deadline::from(asked, grace);
            if cancel.is_over(now) {
                member.cancelled = true;
                due.push(Arc::clone(&member.task));
            } else {
                next = next.min(cancel);
            }
        }
        (next, due)
    }
}

/// What became of a failure.
enum Noted {
    Kept,
    /// It falls to the parent.
    Above(Failure),
    /// Its task was given up before.
    Late(Failure),
}

/// Wakes all who wait. Their executors may be anybody's, so a panic of a waker ends nothing.
fn ring(bell: &Bell) {
    let _ = unwind::guard(|| bell.notify(usize::MAX));
}

impl State {
    fn groups(&self) -> Vec<Arc<GroupCore>> {
        self.groups.values().filter_map(Weak::upgrade).collect()
    }

    /// Keeps an end for whoever joins.
    fn keep(&mut self, end: MemberEnd, policy: &Policy) {
        let forgets = policy.forgets && end.failure.is_none() && !end.is_abandoned();
        if !self.released && !forgets {
            self.ends.push_back(end);
        }
    }

    /// Keeps a failure with the member's account, unless it is somebody else's; and says what it means for
    /// the others.
    fn note(&mut self, failure: Failure, usual: OnFailure) -> (Noted, OnFailure) {
        let id = failure.task.id;
        if let Some(member) = self.living.get_mut(&id) {
            let policy = member.policy.on_failure.unwrap_or(usual);
            if self.released {
                return (Noted::Above(failure), policy);
            }
            member.failure = Some(failure);
            return (Noted::Kept, policy);
        }
        if self.released && !self.gave_up {
            return (Noted::Above(failure), usual);
        }
        // A handle that was dropped unread after the end, a group below, or one that was given up.
        if let Some(end) = self.ends.iter_mut().rev().find(|end| end.task.id == id) {
            end.failure = Some(failure);
        } else if self.gave_up {
            return (Noted::Late(failure), usual);
        } else {
            let (task, age) = (failure.task.clone(), failure.age);
            let state = TaskState::Failed;
            self.ends.push_back(MemberEnd { task, state, failure: Some(failure), age });
        }
        (Noted::Kept, usual)
    }
}

impl Stoppable for GroupCore {
    fn begin_stop(&self) {
        let groups = {
            let state = self.state.lock();
            if self.stopping.swap(true, Ordering::SeqCst) {
                return;
            }
            state.groups()
        };
        if let Some(slots) = &self.slots {
            slots.close();
        }
        if let Some(this) = self.this.upgrade() {
            self.root.tell(Event::StopGroup(this));
        }
        for group in groups {
            group.begin_stop();
        }
    }

    fn proceed(&self, now: Instant, graces: Graces) -> Option<Deadline> {
        let (next, due) = self.due(now, graces);
        if next.is_over(now) {
            self.give_up();
            return None;
        }
        for task in due {
            contract::cancel(&task);
        }
        (self.alive() > 0).then_some(next)
    }

    fn give_up(&self) {
        let (members, groups) = {
            let mut state = self.state.lock();
            state.gave_up = true;
            (std::mem::take(&mut state.living), state.groups())
        };
        for group in groups {
            group.give_up();
        }
        if members.is_empty() {
            return;
        }
        // Counted before any of them can end late.
        self.root.gave_up(members.len() as u64);
        let age = self.root.age();
        for member in members.values() {
            contract::cancel(&member.task);
            let header = member.task.header();
            header.give_up();
            let (task, state) = (header.label(), header.life.state());
            if state == TaskState::Abandoned {
                log::error(format_args!("given up, it did not end in time: {task}"));
            }
            let end = MemberEnd { task, state, failure: member.failure.clone(), age };
            self.state.lock().keep(end, &self.policy);
        }
        for _ in members.values().filter(|member| member.slot) {
            self.slots.iter().for_each(Slots::release);
        }
        self.count_out(members.len());
    }
}

impl Owner for GroupCore {
    fn failed(&self, failure: Failure) {
        let (noted, policy) = self.state.lock().note(failure, self.policy.on_failure);
        match noted {
            Noted::Kept => {}
            Noted::Above(failure) => self.above().failed(failure),
            Noted::Late(failure) => log::error(format_args!("after it was given up: {failure}")),
        }
        ring(&self.one_ended);
        match policy {
            OnFailure::Stop => self.break_up(),
            OnFailure::Continue => {}
        }
    }

    fn contained(&self, failure: Failure) {
        self.root.contained(failure);
    }

    fn leave(&self, ended: u64) {
        self.root.leave(ended);
    }

    fn ended(&self, task: &Header) {
        let (label, state, age) = (task.label(), task.life.state(), self.root.age());
        let member = {
            let mut group = self.state.lock();
            group.living.remove(&task.id).map(|mut member| {
                let failure = member.failure.take();
                group.keep(MemberEnd { task: label, state, failure, age }, &self.policy);
                member
            })
        };
        let Some(member) = member else {
            self.root.ended_late();
            return;
        };
        if member.slot {
            self.slots.iter().for_each(Slots::release);
        }
        let over = matches!(state, TaskState::Completed | TaskState::Failed);
        if over
            && !task.is_asked()
            && member.policy.on_exit.unwrap_or(self.policy.on_exit) == OnExit::Stop
        {
            self.break_up();
        }
        self.count_out(1);
        self.root.leave(1);
    }

    fn withdrawn(&self, task: &Header) -> bool {
        // Its place goes back to who brought it.
        let gone = self.state.lock().living.remove(&task.id).is_some();
        if gone {
            self.count_out(1);
        } else if self.state.lock().gave_up {
            self.root.ended_late();
            return false;
        }
        true
    }

    fn as_group(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }

    fn path(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.path))
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst) || self.above().is_stopping()
    }

    fn stop(&self) -> &Arc<StopNode> {
        &self.stop
    }

    fn release_name(&self, name: &str) {
        self.root.names().release(&format!("{}/{name}", self.path));
    }

    fn stop_task(&self, task: Arc<dyn AnyTask>) {
        self.root.stop_task(task);
    }

    fn age(&self) -> Duration {
        self.root.age()
    }
}

impl Drop for GroupCore {
    fn drop(&mut self) {
        let id = self.label.id;
        match &self.parent {
            Some(parent) => {
                let gone = parent.state.lock().groups.remove(&id);
                drop(gone);
            }
            None => self.root.remove_group(id),
        }
        if !self.state.get_mut().unnamed {
            self.root.names().release(&self.path);
        }
    }
}
