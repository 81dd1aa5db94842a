//! A group as its members see it: their failures, their ends, what these mean for the others.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::event::Stoppable;
use crate::failure::Failure;
use crate::group::account::Noted;
use crate::group::census::ring;
use crate::group::end::MemberEnd;
use crate::group::node::GroupCore;
use crate::group::policy::{OnExit, OnFailure};
use crate::group::slots::Slots;
use crate::id::TaskId;
use crate::log;
use crate::sync::Ordering;
use crate::task::contract::{AnyTask, Header, Owner, StopperCall};
use crate::task::state::TaskState;
use crate::task::stop::StopNode;

impl GroupCore {
    /// What one member did stops the others.
    pub(crate) fn break_up(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.begin_stop();
        ring(&self.broke);
    }

    /// Stops the others for a member that has failed and lives on, since a child came below it meanwhile.
    pub(super) fn break_up_for(&self, task: &Header) {
        let mut account = self.account.lock();
        let member = account.living.get_mut(&task.id);
        let breaks_up = member.is_some_and(|member| std::mem::take(&mut member.breaks_up));
        drop(account);
        if breaks_up {
            self.break_up();
        }
    }

    /// Books the end of a member and counts it out. `false`: it was given up before.
    pub(super) fn settle(&self, task: &Header) -> bool {
        let (label, state) = (task.label(), task.life.state());
        let member = {
            let mut account = self.account.lock();
            account.come_back(task);
            account.let_out(task).map(|mut member| {
                // Under the lock: the times of the ends rise as the ends come.
                let age = self.root.age();
                let mut end = MemberEnd::new(label, state, member.failure.take(), age);
                end.stopper_failure = member.stopper_failure.take();
                account.book(end, &self.policy, &member);
                member
            })
        };
        let Some(member) = member else {
            self.root.ended_late();
            return false;
        };
        if member.slot {
            self.slots.iter().for_each(Slots::release);
        }
        let over = matches!(state, TaskState::Completed | TaskState::Failed);
        let exits = over
            && (!task.is_asked() || task.overrun().is_some())
            && member.policy.on_exit.unwrap_or(self.policy.on_exit) == OnExit::Stop;
        if exits || member.breaks_up {
            self.break_up();
        }
        self.count_out(&[member.keeps]);
        true
    }

    /// A failure of the member `of`, or of one of its children: the same rule holds for both.
    fn fail(&self, failure: Failure, of: TaskId) {
        let (noted, policy) = self.account.lock().note(failure, of, self.policy.on_failure);
        match noted {
            Noted::Kept => {}
            Noted::Above(failure) => self.fail_above(failure),
            Noted::Late(failure) => {
                log::error(format_args!("after it was given up: {failure}"));
                let _ = self.root.is_late(&failure);
            }
        }
        ring(&self.one_ended);
        match policy {
            OnFailure::Stop => self.break_up(),
            OnFailure::Continue => {}
        }
    }

    /// A failure falls to what is above: that of a child to the owner of its parent, as the parent's.
    pub(super) fn fail_above(&self, failure: Failure) {
        match &self.parent {
            Some(parent) if self.is_children() => parent.fail(failure, self.label.id),
            Some(_) | None => self.above().failed(failure),
        }
    }
}

impl Owner for GroupCore {
    fn failed(&self, failure: Failure) {
        let id = failure.task.id;
        self.fail(failure, id);
    }

    fn stopper_failed(&self, failure: Failure) {
        let (noted, policy) = self.account.lock().note_stopper(failure, self.policy.on_failure);
        match noted {
            Noted::Kept => {}
            Noted::Above(failure) if self.is_children() => self.fail_above(failure),
            Noted::Above(failure) | Noted::Late(failure) => self.above().stopper_failed(failure),
        }
        match policy {
            OnFailure::Stop => self.break_up(),
            OnFailure::Continue => {}
        }
    }

    fn call_stopper(&self, call: StopperCall) {
        self.root.call_stopper(call);
    }

    fn contained(&self, failure: Failure) {
        self.root.contained(failure);
    }

    fn leave(&self, ended: u64) {
        self.root.leave(ended);
    }

    fn ended(&self, task: &Header) {
        if self.settle(task) {
            self.tell_ends();
            self.root.let_out(task.life.is_transient());
        }
    }

    fn set_transient(&self, task: &Header, transient: bool) -> bool {
        self.change_member(task, transient)
    }

    fn withdrawn(&self, task: &Header) -> bool {
        // Its place goes back to who brought it.
        let gone = {
            let mut account = self.account.lock();
            account.come_back(task);
            let gone = account.let_out(task);
            if gone.as_ref().is_some_and(|member| member.forked) {
                account.results.withdraw(&task.label());
            }
            gone
        };
        let Some(member) = gone else {
            // Given up meanwhile, alone or with its group.
            self.root.ended_late();
            return false;
        };
        self.count_out(&[member.keeps]);
        self.tell_ends();
        true
    }

    fn as_group(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }

    fn path(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.path))
    }

    fn is_stopping(&self) -> bool {
        self.is_group_stopping() || self.is_below_stopping()
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

    fn give_up_task(&self, task: &Arc<dyn AnyTask>) {
        self.give_up_one(task.header());
    }

    fn age(&self) -> Duration {
        self.root.age()
    }
}
