//! The account of a group: who lives, and how the others ended.
//!
//! Plain data behind the group's lock; it wakes and tells nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::failure::Failure;
use crate::group::end::MemberEnd;
use crate::group::ends::Ends;
use crate::group::kept::Results;
use crate::group::policy::{MemberPolicy, OnFailure, Policy};
use crate::id::TaskId;
use crate::task::contract::{AnyTask, Header};
use crate::task::state::TaskState;
use crate::time::Deadline;

/// See the module.
#[derive(Default)]
pub(super) struct Account {
    /// Ordered maps give their room back as they shrink.
    pub(super) living: BTreeMap<TaskId, Living>,
    /// Those of them that have a name.
    named: BTreeMap<Arc<str>, TaskId>,
    /// Those that are transient, or about to be, and were not asked to stop because they are.
    spared: BTreeSet<TaskId>,
    /// How members ended, until somebody joins.
    pub(super) ends: Ends,
    /// What members leave, until somebody takes it.
    pub(super) results: Results,
    /// When the stop was asked.
    pub(super) asked: Option<Instant>,
    /// When the runner's stop has everybody cancelled and given up, if it has begun.
    pub(super) hurry: Option<(Deadline, Deadline)>,
    /// Nobody will join any more: failures go to the parent.
    pub(super) released: bool,
    pub(super) gave_up: bool,
    /// The members that were given up with the group and run still.
    left_behind: BTreeSet<TaskId>,
    /// Of the children of a task: how far that one is.
    pub(super) parent: Parent,
    pub(super) unnamed: bool,
}

/// How far the parent of children is.
#[derive(Default)]
pub(super) struct Parent {
    /// Its body is over; kept until it is finished.
    pub(super) over: Option<Arc<dyn AnyTask>>,
    /// How it ended, when it is finished. Nothing can come below it any more.
    pub(super) finished: Option<TaskState>,
    /// Its name is to be freed when it is finished.
    pub(super) holds_name: bool,
}

pub(super) struct Living {
    pub(super) task: Arc<dyn AnyTask>,
    pub(super) policy: MemberPolicy,
    pub(super) failure: Option<Failure>,
    pub(super) stopper_failure: Option<Failure>,
    /// It has failed, and the others are to be stopped when its end is booked: theirs are to come after it.
    pub(super) breaks_up: bool,
    pub(super) cancelled: bool,
    /// It has one of the group's places.
    pub(super) slot: bool,
    /// It leaves its result with the group.
    pub(super) forked: bool,
    /// How many groups it keeps alive: its own, the one above that, and so on.
    pub(super) keeps: usize,
}

/// What became of a failure.
pub(super) enum Noted {
    Kept,
    /// It falls to the parent.
    Above(Failure),
    /// Its task was given up with the group, and its end was taken.
    Late(Failure),
}

impl Account {
    pub(super) fn let_in(&mut self, member: Living) {
        let header = member.task.header();
        if let Some(name) = header.name() {
            self.named.insert(Arc::clone(name), header.id);
        }
        if header.is_transient() {
            self.spared.insert(header.id);
        }
        self.living.insert(header.id, member);
    }

    /// A member is about to be transient.
    pub(super) fn spare(&mut self, id: TaskId) {
        self.spared.insert(id);
    }

    /// The transient members, each once: they are to be asked, since nobody else is left.
    pub(super) fn take_spared(&mut self) -> Vec<Arc<dyn AnyTask>> {
        let (living, mut tasks) = (&self.living, Vec::new());
        self.spared.retain(|id| match living.get(id) {
            Some(member) if member.task.header().is_transient() => {
                tasks.push(Arc::clone(&member.task));
                false
            }
            member => member.is_some(),
        });
        tasks
    }

    pub(super) fn let_out(&mut self, task: &Header) -> Option<Living> {
        let gone = self.living.remove(&task.id)?;
        self.spared.remove(&task.id);
        // The name is free before the end: a newcomer may have it by now.
        if let Some(name) = task.name()
            && self.named.get(name) == Some(&task.id)
        {
            self.named.remove(name);
        }
        Some(gone)
    }

    /// Lets out all who are left, since the group is given up. Nobody comes in any more.
    pub(super) fn give_up_all(&mut self) -> BTreeMap<TaskId, Living> {
        self.gave_up = true;
        self.named.clear();
        self.spared.clear();
        self.left_behind.extend(self.living.keys());
        std::mem::take(&mut self.living)
    }

    /// One has ended that may have been given up before.
    pub(super) fn come_back(&mut self, task: &Header) {
        self.left_behind.remove(&task.id);
    }

    pub(super) fn living_named(&self, name: &str) -> Option<&Living> {
        self.living.get(self.named.get(name)?)
    }

    /// Keeps the end of a member for whoever joins, and what it leaves for whoever asks.
    pub(super) fn book(&mut self, end: MemberEnd, policy: &Policy, member: &Living) {
        if member.forked {
            self.results.settle(&end.task, end.state, end.failure.as_ref());
        }
        let has_stopper = member.task.header().has_stopper();
        let forgets = policy.forgets && end.is_in_order();
        if !self.released && !forgets {
            let unsettled = match end.state {
                // Its handle may be dropped unread; or it runs still, given up.
                TaskState::Failed => end.failure.is_none() || has_stopper,
                TaskState::Abandoned => true,
                _ => has_stopper,
            };
            self.ends.push(end, unsettled);
        }
    }

    /// Keeps a failure of the member `of`, or of one of its children, with the member's account, unless it
    /// is somebody else's; and says what it means for the others now.
    pub(super) fn note(
        &mut self,
        failure: Failure,
        of: TaskId,
        usual: OnFailure,
    ) -> (Noted, OnFailure) {
        let id = failure.task.id;
        if let Some(member) = self.living.get_mut(&of) {
            let policy = member.policy.on_failure.unwrap_or(usual);
            if self.released {
                return (Noted::Above(failure), policy);
            }
            // Its own stands for it, else that of the first child.
            let other = match &member.failure {
                Some(_) if id != of => Some(failure),
                Some(_) | None => member.failure.replace(failure),
            };
            // One with children may live long after its failure.
            let ends_now = id == of
                && !member.task.header().life.has_children()
                && !cfg!(planted = "stopped-before-booked");
            member.breaks_up |= ends_now && policy == OnFailure::Stop;
            if let Some(other) = other {
                self.push_failed(other);
            }
            return (Noted::Kept, if ends_now { OnFailure::Continue } else { policy });
        }
        // A handle that was dropped unread after the end, a group below, or one that was given up.
        if let Some(end) = self.ends.unsettled(id) {
            end.failure = Some(failure);
        } else if self.left_behind.contains(&of) {
            return (Noted::Late(failure), usual);
        } else if self.released {
            return (Noted::Above(failure), usual);
        } else {
            self.push_failed(failure);
        }
        (Noted::Kept, usual)
    }

    /// Keeps the failure of a task that is no living member here as an end of its own.
    fn push_failed(&mut self, failure: Failure) {
        let (task, age) = (failure.task.clone(), failure.age);
        self.ends.push(MemberEnd::new(task, TaskState::Failed, Some(failure), age), false);
    }

    /// Keeps the failure of a stopper with the account of its member, whose own it does not replace. One
    /// that comes when the end was taken already falls to the parent.
    pub(super) fn note_stopper(
        &mut self,
        failure: Failure,
        usual: OnFailure,
    ) -> (Noted, OnFailure) {
        let id = failure.task.id;
        let member = self.living.get_mut(&id);
        let policy = member.as_ref().and_then(|member| member.policy.on_failure).unwrap_or(usual);
        let place = match member {
            Some(_) if self.released => None,
            Some(member) => Some(&mut member.stopper_failure),
            None => self.ends.unsettled(id).map(|end| &mut end.stopper_failure),
        };
        match place {
            Some(place) => {
                *place = Some(failure);
                (Noted::Kept, policy)
            }
            None => (Noted::Above(failure), policy),
        }
    }
}
