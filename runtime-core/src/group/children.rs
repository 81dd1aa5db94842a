//! The children of a task: a group that nobody opened, made with the first of them.
//!
//! It has the task's label and stands below the task's stop, as do the scopes that the task opens. Nobody
//! joins it: what fails in it falls to the owner of the task, as if the task had failed itself. The task's
//! owner hears of its end when it is finished, which is when its body is over and no child is left that
//! keeps it.
//!
//! # Invariants
//! 1. Whether the parent is finished is decided under the lock of the account, as is who comes in: nobody
//!    comes below a finished parent.
//! 2. The owner of the parent hears of its end once: from the home, if no child is left when the body is
//!    over, else from the last child.
//! 3. The group begins to stop when its parent has heard of a stop: not while that defers it, or is spared
//!    it as a transient task. Whatever may make a parent hear of one calls [`Children::stop`] afterwards.

use std::any::Any;
use std::sync::{Arc, Weak};

use crate::error::Reason;
use crate::event::{Event, Stoppable};
use crate::failure::TaskLabel;
use crate::group::census::ring;
use crate::group::node::{GroupCore, Position};
use crate::group::policy::{OnFailure, Policy};
use crate::group::root::RootGroup;
use crate::sync::Ordering;
use crate::task::contract::{AnyTask, Children, Header};
use crate::task::state::TaskState;

impl GroupCore {
    /// The children of a task, none as yet if they were not there.
    pub(crate) fn of_task(
        root: &Arc<RootGroup>,
        task: &Arc<dyn AnyTask>,
    ) -> Result<Arc<Self>, Reason> {
        let header = task.header();
        let children = header.children_or(|| {
            // What fails is judged where the parent is.
            let policy = Policy { on_failure: OnFailure::Continue, ..Policy::default() };
            Self::make(root, Position::right_below(task), header.label(), policy)
        });
        let group = children.and_then(|children| Self::of_children(Arc::clone(children)));
        group.ok_or_else(|| Reason::Finished { task: header.label().path().into() })
    }

    /// Whether it is no group that somebody opened, but the children of a task.
    pub(super) fn is_children(&self) -> bool {
        self.task.is_some()
    }

    fn parent_task(&self) -> Option<Arc<dyn AnyTask>> {
        self.task.as_ref().and_then(Weak::upgrade)
    }

    /// Whether the task that it is the children of, if it is, has heard of a stop, or is gone.
    pub(super) fn has_heard(&self) -> bool {
        self.parent_task().is_none_or(|task| task.header().is_asked())
    }

    /// Whether the nearest task above has heard of a stop, and so of all above it.
    pub(super) fn is_below_stopping(&self) -> bool {
        let children = self.lineage().find(|group| group.is_children());
        let task = children.and_then(GroupCore::parent_task);
        task.is_some_and(|task| task.header().is_asked())
    }

    /// Whether the task is their parent.
    pub(crate) fn are_of(&self, task: &Header) -> bool {
        self.is_children() && self.label.id == task.id
    }

    /// The state of their parent's body, if these are children.
    pub(super) fn parent_state(&self) -> Option<TaskState> {
        // The last reference to a task must not go under the lock.
        let finished = self.account.lock().parent.finished;
        finished.or_else(|| self.parent_task().map(|task| task.header().life.state()))
    }

    /// Whether the task whose children these are is finished.
    pub(crate) fn is_parent_finished(&self) -> bool {
        self.account.lock().parent.finished.is_some()
    }

    /// The group that they are.
    pub(crate) fn of_children(children: Arc<dyn Children>) -> Option<Arc<Self>> {
        children.into_group().downcast().ok()
    }

    /// The living children, in the order of their making.
    pub(crate) fn labels(&self) -> Vec<TaskLabel> {
        self.own_tasks().iter().map(|task| task.header().label()).collect()
    }

    /// No child is left that keeps the parent: gives it if its body is over, so that it is finished now.
    pub(super) fn finish_parent(&self) -> Option<Arc<dyn AnyTask>> {
        let (parent, holds_name) = {
            let mut account = self.account.lock();
            if self.kept() > 0 {
                return None;
            }
            let parent = account.parent.over.take()?;
            account.parent.finished = Some(parent.header().life.state());
            (parent, account.parent.holds_name)
        };
        if holds_name {
            parent.header().free_name();
        }
        Some(parent)
    }

    /// What were the children of a finished task stand in the tree as long as one lives.
    pub(super) fn leave_tree(&self) {
        if self.is_parent_finished() && self.alive() == 0 {
            self.unenrol();
        }
    }
}

impl Children for GroupCore {
    fn body_over(&self) -> bool {
        let parent = self.parent_task();
        let free = {
            let mut account = self.account.lock();
            if self.kept() > 0 {
                account.parent.over.clone_from(&parent);
                None
            } else {
                account.parent.finished = parent.as_ref().map(|task| task.header().life.state());
                Some(account.parent.holds_name)
            }
        };
        let Some(free) = free else {
            if let Some(header) = parent.as_ref().map(|task| task.header())
                && let Some(group) = GroupCore::of_owner(&**header.owner())
            {
                group.break_up_for(header);
            }
            return false;
        };
        if let Some(parent) = parent.filter(|_| free) {
            parent.header().free_name();
        }
        true
    }

    fn tell_finished(&self) {
        self.leave_tree();
        ring(&self.all_ended);
    }

    fn hold_name(&self) -> bool {
        let mut account = self.account.lock();
        account.parent.holds_name = self.kept() > 0;
        account.parent.holds_name
    }

    fn are_over(&self) -> bool {
        self.is_parent_finished()
    }

    fn keep_parent(&self) -> bool {
        self.kept.load(Ordering::SeqCst) > 0
    }

    fn stop(&self) {
        if !self.has_heard() {
            return;
        }
        if !self.is_stopped() {
            self.begin_stop();
        } else if let Some(this) = self.this.upgrade() {
            // Some may hear of it only now.
            self.root.tell(Event::StopGroup(this));
        }
    }

    fn stop_parent(&self) {
        if let Some(task) = self.parent_task() {
            task.header().owner().stop_task(Arc::clone(&task));
        }
    }

    fn into_group(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
