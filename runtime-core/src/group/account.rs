//! The account of a group: who lives, and how the others ended.
//!
//! Plain data behind the group's lock; it wakes and tells nobody.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::failure::Failure;
use crate::group::end::MemberEnd;
use crate::group::policy::{MemberPolicy, OnFailure, Policy};
use crate::id::TaskId;
use crate::task::contract::AnyTask;
use crate::task::state::TaskState;

/// See the module.
#[derive(Default)]
pub(super) struct Account {
    /// Ordered maps give their room back as they shrink.
    pub(super) living: BTreeMap<TaskId, Living>,
    /// How members ended, until somebody joins.
    pub(super) ends: VecDeque<MemberEnd>,
    /// When the stop was asked.
    pub(super) asked: Option<Instant>,
    /// Nobody will join any more: failures go to the parent.
    pub(super) released: bool,
    pub(super) gave_up: bool,
    pub(super) unnamed: bool,
}

pub(super) struct Living {
    pub(super) task: Arc<dyn AnyTask>,
    pub(super) policy: MemberPolicy,
    pub(super) failure: Option<Failure>,
    pub(super) stopper_failure: Option<Failure>,
    pub(super) cancelled: bool,
    /// It has one of the group's places.
    pub(super) slot: bool,
}

/// What became of a failure.
pub(super) enum Noted {
    Kept,
    /// It falls to the parent.
    Above(Failure),
    /// Its task was given up before.
    Late(Failure),
}

impl Account {
    /// Keeps an end for whoever joins.
    pub(super) fn keep(&mut self, end: MemberEnd, policy: &Policy) {
        let forgets = policy.forgets && end.is_in_order();
        if !self.released && !forgets {
            self.ends.push_back(end);
        }
    }

    /// Keeps a failure with the member's account, unless it is somebody else's; and says what it means for
    /// the others.
    pub(super) fn note(&mut self, failure: Failure, usual: OnFailure) -> (Noted, OnFailure) {
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
            self.ends.push_back(MemberEnd::new(task, state, Some(failure), age));
        }
        (Noted::Kept, usual)
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
            None => {
                let end = self.ends.iter_mut().rev().find(|end| end.task.id == id);
                end.map(|end| &mut end.stopper_failure)
            }
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
