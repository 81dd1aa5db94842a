//! A group inside its runner: where it stands, and what the files beside this one work on.
//!
//! A member counts at the runner's root like any other task, and beside that in its group and in all
//! groups above it. The group keeps a reference to each living member, so that it can cancel and give
//! up its own without asking every lane.
//!
//! # Invariants
//! 1. `account` is locked for one group at a time, and never while anybody is woken, told or cancelled.
//!    `family` is locked inside of it.
//! 2. The end of a member is in `ends` before the member is counted out: whoever sees nobody alive
//!    sees all ends.
//! 3. A member is in `living` from the moment it is let in to its end, or until it is given up. An end
//!    that finds nothing there comes late, and only the root's account hears of it.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event as Bell;

use crate::error::Reason;
use crate::event::Stoppable;
use crate::failure::{GROUP, TaskLabel};
use crate::group::account::Account;
use crate::group::names;
use crate::group::policy::{OnFailure, Policy};
use crate::group::root::RootGroup;
use crate::group::slots::Slots;
use crate::id::TaskId;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::task::contract::{AnyTask, Owner};
use crate::task::stop::StopNode;
use crate::wait::graph::Target;

/// See the module.
pub(crate) struct GroupCore {
    pub(super) this: Weak<GroupCore>,
    pub(super) label: TaskLabel,
    pub(super) path: Arc<str>,
    pub(super) parent: Option<Arc<GroupCore>>,
    /// The task right above: it is not a group that somebody opened, but the children of that task.
    pub(super) task: Option<Weak<dyn AnyTask>>,
    pub(super) root: Arc<RootGroup>,
    pub(super) policy: Policy,
    pub(super) slots: Option<Slots>,
    pub(super) stop: Arc<StopNode>,
    pub(super) stopping: AtomicBool,
    /// A member's failure or end has stopped the others.
    pub(super) broken: AtomicBool,
    /// Held while members are counted, in this group and in all of the same top group, so that
    /// nobody sees a group empty and the one above not yet.
    pub(super) family: Arc<Mutex<()>>,
    /// Members that live, here and below.
    pub(super) alive: AtomicUsize,
    /// Those of them that keep the group alive: a transient one does not, nor does who stands below it.
    pub(super) kept: AtomicUsize,
    pub(super) account: Mutex<Account>,
    /// The groups right below.
    below: Mutex<BTreeMap<TaskId, Weak<GroupCore>>>,
    /// One member has ended.
    pub(crate) one_ended: Bell,
    /// Nobody is alive any more who keeps the group alive.
    pub(crate) all_ended: Bell,
    /// What one member did stops the others.
    pub(crate) broke: Bell,
}

/// Where a new group comes to stand.
pub(crate) struct Position {
    pub(crate) parent: Option<Arc<GroupCore>>,
    /// The task whose children it is to be, if it is.
    task: Option<Weak<dyn AnyTask>>,
    path: Option<Arc<str>>,
    stop: Arc<StopNode>,
}

impl Position {
    /// Right below a group, or below the root.
    pub(crate) fn below(root: &RootGroup, parent: Option<Arc<GroupCore>>) -> Self {
        let path = parent.as_ref().map(|parent| Arc::clone(&parent.path));
        let stop = Arc::clone(parent.as_ref().map_or(root.stop(), |parent| &parent.stop));
        Position { parent, task: None, path, stop }
    }

    /// As the children of a task: its path and its stop are above, and the group that owns it counts them.
    pub(super) fn right_below(task: &Arc<dyn AnyTask>) -> Self {
        let header = task.header();
        let group = GroupCore::of_owner(&**header.owner());
        Position {
            parent: group.and_then(|group| group.this.upgrade()),
            task: Some(Arc::downgrade(task)),
            path: Some(header.label().path().into()),
            stop: Arc::clone(header.stop()),
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
            group: position.path.clone(),
            flavour: GROUP,
            spawned_at: here,
        };
        root.names().take(label.clone())?;
        Ok(Self::make(root, position, label, policy))
    }

    /// Makes a group whose name is taken already, or the children of a task.
    pub(super) fn make(
        root: &Arc<RootGroup>,
        position: Position,
        label: TaskLabel,
        policy: Policy,
    ) -> Arc<Self> {
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
            task: position.task,
            alive: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
            account: Mutex::default(),
            below: Mutex::default(),
            one_ended: Bell::new(),
            all_ended: Bell::new(),
            broke: Bell::new(),
        });
        if group.is_children() {
            let mut account = group.account.lock();
            // Their name is that of their parent, and nobody joins them.
            account.unnamed = true;
            account.released = true;
        }
        group.enrol();
        group
    }

    /// Makes the group known above. One that comes while its parent stops, to help a cleanup, begins to
    /// stop at once.
    fn enrol(self: &Arc<Self>) {
        let id = self.label.id;
        let stops = match &self.parent {
            Some(parent) => {
                parent.below.lock().insert(id, Arc::downgrade(self));
                // Of children, only if their parent has heard of it.
                if parent.is_children() { parent.has_heard() } else { parent.is_stopping() }
            }
            None => {
                let weak: Weak<dyn Stoppable> = self.this.clone();
                self.root.add_group(id, weak);
                self.root.is_stopping()
            }
        };
        if stops {
            self.pass_stop();
        }
    }

    /// The owner of a task, if that is a group.
    pub(super) fn of_owner(owner: &dyn Owner) -> Option<&Self> {
        owner.as_group().and_then(|any| any.downcast_ref())
    }

    /// It is known above no longer.
    pub(super) fn unenrol(&self) {
        let id = self.label.id;
        match &self.parent {
            Some(parent) => {
                let gone = parent.below.lock().remove(&id);
                drop(gone);
            }
            None => self.root.remove_group(id),
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

    /// Whether what one member did has stopped the others.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Whether a failing member stops the others.
    pub(crate) fn stops_on_failure(&self) -> bool {
        self.policy.on_failure == OnFailure::Stop
    }

    pub(super) fn lineage(&self) -> impl Iterator<Item = &GroupCore> {
        std::iter::successors(Some(self), |group| group.parent.as_deref())
    }

    /// As something to block on.
    pub(crate) fn as_target(&self) -> Option<Arc<dyn Target>> {
        self.this.upgrade().map(|this| this as Arc<dyn Target>)
    }

    /// The groups right below.
    pub(super) fn below(&self) -> Vec<Arc<GroupCore>> {
        self.below.lock().values().filter_map(Weak::upgrade).collect()
    }

    pub(super) fn above(&self) -> &dyn Owner {
        match &self.parent {
            Some(parent) => &**parent,
            None => &*self.root,
        }
    }
}

impl Drop for GroupCore {
    fn drop(&mut self) {
        self.unenrol();
        if !self.account.get_mut().unnamed {
            self.root.names().release(&self.path);
        }
    }
}
