//! Who comes into a group, and who is in it.

use std::sync::Arc;

use crate::error::Reason;
use crate::group::account::Living;
use crate::group::kept::Keep;
use crate::group::node::GroupCore;
use crate::group::policy::MemberPolicy;
use crate::id::TaskId;
use crate::task::contract::{AnyTask, Children, Header, Owner};

/// What a task says when it comes in.
#[derive(Clone)]
pub(crate) struct Membership {
    pub(crate) group: Arc<GroupCore>,
    pub(crate) policy: MemberPolicy,
    /// It brings one of the group's places along.
    pub(crate) slot: bool,
    /// The result that it is to leave.
    pub(crate) keep: Option<Keep>,
    /// It keeps the group not alive.
    pub(crate) transient: bool,
}

impl GroupCore {
    /// Why nothing new is taken.
    pub(crate) fn refusal(&self) -> Reason {
        if self.root.is_stopping() && !self.is_stopped() {
            Reason::Stopping
        } else if self.is_children() {
            Reason::ParentStopping { task: Arc::clone(&self.path) }
        } else {
            Reason::GroupStopping { group: Arc::clone(&self.path) }
        }
    }

    /// Whether the task belongs to this group or to one below it.
    pub(crate) fn owns(&self, task: &Header) -> bool {
        task.owner().stop().is_below(&self.stop)
    }

    /// The living member of this very group with this name.
    pub(crate) fn task_named(&self, name: &str) -> Option<Arc<dyn AnyTask>> {
        self.account.lock().living_named(name).map(|member| Arc::clone(&member.task))
    }

    /// Whether the living member of this name is this one.
    pub(crate) fn holds_named(&self, id: TaskId, name: &str) -> bool {
        self.task_named(name).is_some_and(|task| task.header().id == id)
    }

    /// Whether a place is taken that no living member has: its next one is about to come in, or its last
    /// one to give it back.
    pub(crate) fn is_place_changing_hands(&self) -> bool {
        let account = self.account.lock();
        let held = account.living.values().filter(|member| member.slot).count();
        self.slots.as_ref().is_some_and(|slots| slots.held() > held)
    }

    /// Whether the task is a living member of this very group, with one of its places.
    pub(crate) fn holds(&self, task: &Header) -> bool {
        self.account.lock().living.get(&task.id).is_some_and(|member| member.slot)
    }

    /// Lets a task in, for which the root has counted already.
    pub(crate) fn enter(
        &self,
        task: &Arc<dyn AnyTask>,
        membership: &Membership,
        cleanup: bool,
    ) -> Result<(), Reason> {
        let keeps = self.keeps(membership.transient);
        let is_below_stopping = self.is_below_stopping();
        let mut account = self.account.lock();
        if account.parent.finished.is_some() {
            return Err(Reason::Finished { task: Arc::clone(&self.path) });
        }
        // Under the lock: a stop that begins now finds the newcomer.
        let is_stopping = is_below_stopping || self.is_group_stopping();
        if account.gave_up || is_stopping && !cleanup {
            drop(account);
            return Err(self.refusal());
        }
        self.count_in(keeps);
        let member = Living {
            task: Arc::clone(task),
            policy: membership.policy,
            failure: None,
            stopper_failure: None,
            breaks_up: false,
            cancelled: false,
            slot: membership.slot,
            forked: membership.keep.is_some(),
            keeps,
        };
        account.let_in(member);
        let old = membership
            .keep
            .clone()
            .and_then(|keep| account.results.expect(task.header().label(), keep));
        drop(account);
        self.drop_results(old);
        if self.is_children() && self.is_below_stopping() {
            // The deadlines of that stop are the newcomer's too.
            Children::stop(self);
        }
        Ok(())
    }

    /// A member keeps its group alive from now on, or not any more. `false`: it is over, or too late.
    pub(super) fn change_member(&self, task: &Header, transient: bool) -> bool {
        let keeps = self.keeps(transient);
        let keeps_runner = self.keeps_runner(transient);
        if task.life.is_transient() == keeps_runner && !self.root.set_transient(task, !keeps_runner)
        {
            return false;
        }
        {
            let mut account = self.account.lock();
            let Some(member) = account.living.get_mut(&task.id) else { return false };
            let before = std::mem::replace(&mut member.keeps, keeps);
            self.count_again(before, keeps);
            if transient {
                account.spare(task.id);
            }
        }
        self.tell_ends();
        true
    }
}
