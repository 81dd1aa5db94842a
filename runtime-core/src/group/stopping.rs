//! A group as the controller has it: its stop, which goes from step to step (ask, cancel, give up), and its
//! part of the tree.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{Event, Graces, Stoppable};
use crate::failure::TaskLabel;
use crate::group::account::Living;
use crate::group::end::MemberEnd;
use crate::group::node::GroupCore;
use crate::group::policy::OnFailure;
use crate::group::slots::Slots;
use crate::inspect::{GroupView, MOST_SHOWN, TaskView};
use crate::log;
use crate::sync::Ordering;
use crate::task::contract::{self, AnyTask, Header, Owner};
use crate::task::state::TaskState;
use crate::time::Deadline;

/// What a stop leaves to destructors at least, where the group's own time is not said.
const DESTRUCTORS: Duration = Duration::from_millis(1000);

impl GroupCore {
    /// Asks every living member to stop, and the groups below. The group itself stays open.
    pub(crate) fn stop_members(&self) {
        for task in self.own_tasks() {
            self.root.stop_task(task);
        }
        for group in self.below() {
            group.pass_stop();
        }
    }

    /// Gives up one member; the group and the others go on.
    pub(super) fn give_up_one(&self, task: &Header) {
        let member = {
            let mut account = self.account.lock();
            let member = account.let_out(task);
            // Under the lock: whoever does not find it there any more takes it off this count.
            self.root.leave_behind(u64::from(member.is_some()));
            member
        };
        if let Some(member) = member {
            self.root.let_out(task.life.is_transient());
            let late = self.abandon(&member);
            let policy = member.policy.on_failure.unwrap_or(self.policy.on_failure);
            if late && policy == OnFailure::Stop || member.breaks_up {
                self.break_up();
            }
            self.count_out(&[member.keeps]);
            self.tell_ends();
        }
    }

    /// Lets go whoever waits for a member that has left the account of the living. `true`: that it was
    /// given up is a failure of its own, since its limit is over.
    fn abandon(&self, member: &Living) -> bool {
        contract::cancel(&member.task);
        let header = member.task.header();
        header.give_up();
        let (task, state) = (header.label(), header.life.state());
        if state == TaskState::Abandoned {
            log::error(format_args!("given up, it did not end in time: {task}"));
        }
        let late = header.unheard_timeout();
        let failure = member.failure.clone().or_else(|| late.clone());
        if self.is_children() && state == TaskState::Abandoned {
            self.name_above(&task);
        }
        let released = {
            let mut account = self.account.lock();
            let mut end = MemberEnd::new(task, state, failure, self.root.age());
            end.stopper_failure.clone_from(&member.stopper_failure);
            account.book(end, &self.policy, member);
            account.released
        };
        if member.slot {
            self.slots.iter().for_each(Slots::release);
        }
        let is_late = late.is_some();
        if let Some(failure) = late.filter(|_| released) {
            self.fail_above(failure);
        }
        is_late
    }

    /// Names a child that was given up among the ends of the group that its parent is in.
    fn name_above(&self, child: &TaskLabel) {
        if let Some(group) = self.lineage().find(|group| !group.is_children()) {
            let mut account = group.account.lock();
            if !account.released {
                let (state, age) = (TaskState::Abandoned, self.root.age());
                account.ends.push(MemberEnd::new(child.clone(), state, None, age), true);
            }
        }
    }

    /// Gives up those children that keep their parent, which the transient ones outlive.
    fn give_up_kept(&self) {
        for group in self.below().into_iter().filter(|group| !group.is_below_transient()) {
            group.give_up();
        }
        for task in self.own_tasks().into_iter().filter(|task| !task.header().is_transient()) {
            self.give_up_one(task.header());
        }
    }

    /// Whether the group itself was asked to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether it, a group above or the runner was asked to stop.
    pub(super) fn is_group_stopping(&self) -> bool {
        self.lineage().any(GroupCore::is_stopped) || self.root.is_stopping()
    }

    /// Asks once more: members that defer the first stop hear of it now.
    pub(crate) fn press(&self) {
        self.stop.press(Instant::now());
        if let Some(this) = self.this.upgrade() {
            self.root.tell(Event::StopGroup(this));
        }
    }

    /// Asks the transient members to stop, here and below, each once: nobody else is left.
    pub(super) fn stop_transient(&self) {
        let tasks = self.account.lock().take_spared();
        for task in tasks {
            self.root.stop_task(task);
        }
        for group in self.below() {
            group.stop_transient();
        }
    }

    /// The first deadline of the stop that was asked at `asked`, and the members that are due.
    fn due(&self, now: Instant, graces: Graces) -> (Deadline, Vec<Arc<dyn AnyTask>>) {
        let mut account = self.account.lock();
        let asked = *account.asked.get_or_insert(now);
        let task = self.policy.grace.unwrap_or(graces.task);
        let of = |member: &Living| member.task.header().grace().unwrap_or(task);
        let longest = account.living.values().map(of).max().unwrap_or(task);
        let usual = || graces.group.max(longest.saturating_add(DESTRUCTORS));
        let whole = self.policy.group_grace.unwrap_or_else(usual);
        // The rest is for destructors.
        let never = (Deadline::never(), Deadline::never());
        let (hurried_cancel, hurried_end) = account.hurry.unwrap_or(never);
        let latest = Deadline::from(asked, whole / 10 * 8).min(hurried_cancel);
        self.stop.ask(asked, task, latest);
        let mut next = Deadline::from(asked, whole).min(hurried_end);
        let mut due = Vec::new();
        if next.is_over(now) {
            return (next, due);
        }
        for member in account.living.values_mut().filter(|member| !member.cancelled) {
            let heard = member.task.header().cancelled_at();
            if heard.is_none() && self.is_children() && member.task.header().is_transient() {
                // It outlives its parent.
                continue;
            }
            // Any other that has not heard of it yet is transient, or defers it.
            let cancel = heard.unwrap_or(latest).min(latest);
            if cancel.is_over(now) {
                member.cancelled = true;
                due.push(Arc::clone(&member.task));
            } else {
                next = next.min(cancel);
            }
        }
        (next, due)
    }

    /// Whether nobody is left whose grace is not over, those aside that keep the group not alive.
    fn is_cancelled(&self) -> bool {
        let in_time = |member: &Living| !member.cancelled && !member.task.header().is_transient();
        let waits = || self.account.lock().living.values().any(in_time);
        let ready = |group: &Arc<GroupCore>| group.is_below_transient() || group.is_cancelled();
        self.kept() == 0 || !waits() && self.below().iter().all(ready)
    }
}

impl Stoppable for GroupCore {
    fn begin_stop(&self) {
        if self.stopping.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(slots) = &self.slots {
            slots.close();
        }
        if let Some(this) = self.this.upgrade() {
            self.root.tell(Event::StopGroup(this));
        }
        // Those below a task hear of it when the task does.
        for group in self.below().into_iter().filter(|group| !group.is_children()) {
            group.begin_stop();
        }
    }

    fn hurry(&self, cancel: Deadline, give_up: Deadline) {
        self.stop.hurry(cancel);
        {
            let mut account = self.account.lock();
            let (before, end) = account.hurry.unwrap_or((cancel, give_up));
            account.hurry = Some((before.min(cancel), end.min(give_up)));
        }
        if let Some(this) = self.this.upgrade() {
            self.root.tell(Event::StopGroup(this));
        }
        for group in self.below() {
            group.hurry(cancel, give_up);
        }
    }

    fn pass_stop(&self) {
        if self.has_heard() {
            self.begin_stop();
        }
    }

    fn proceed(&self, now: Instant, graces: Graces) -> Option<Deadline> {
        if !self.has_heard() {
            // Their parent is spared as yet, or defers the stop; not beyond the end of the runner's.
            let cancel = self.account.lock().hurry.map(|(cancel, _)| cancel)?;
            if !cancel.is_over(now) {
                return Some(cancel);
            }
        }
        let (next, due) = self.due(now, graces);
        for group in self.below() {
            group.pass_stop();
        }
        if next.is_over(now) {
            if self.is_children() {
                self.give_up_kept()
            } else {
                self.give_up()
            }
            return None;
        }
        for task in due {
            contract::cancel(&task);
        }
        if self.is_children() {
            return (self.kept() > 0).then_some(next);
        }
        if self.is_cancelled() {
            self.stop_transient();
        }
        (self.alive() > 0).then_some(next)
    }

    fn give_up(&self) {
        let members = {
            let mut account = self.account.lock();
            let members = account.give_up_all();
            // Under the lock: whoever does not find itself there any more takes itself off this count.
            self.root.leave_behind(members.len() as u64);
            members
        };
        for member in members.values() {
            self.root.let_out(member.task.header().life.is_transient());
        }
        for group in self.below() {
            group.give_up();
        }
        if members.is_empty() {
            return;
        }
        for member in members.values() {
            self.abandon(member);
        }
        let keeps: Vec<usize> = members.values().map(|member| member.keeps).collect();
        self.count_out(&keeps);
        self.tell_ends();
    }

    fn view(&self) -> GroupView {
        let mut groups: Vec<_> = self.below().iter().map(|group| group.view()).collect();
        groups.sort_by_key(|group| group.label.id);
        let body = self.parent_state();
        let shown = if self.is_children() { self.own_tasks() } else { Vec::new() };
        let children = shown.iter().take(MOST_SHOWN).map(|task| TaskView::of(task.header()));
        GroupView {
            label: self.label.clone(),
            body,
            children: children.collect(),
            stopping: self.is_stopping(),
            alive: self.alive(),
            limit: self.slots.as_ref().map(Slots::limit),
            waiting: self.slots.as_ref().map_or(0, Slots::waiting),
            ended: self.account.lock().ends.len(),
            groups,
        }
    }
}
