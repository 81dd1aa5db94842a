//! How many live in a group and below it, and who.

use std::sync::{Arc, Weak};

use event_listener::Event as Bell;

use crate::failure::TaskLabel;
use crate::group::node::GroupCore;
use crate::sync::Ordering;
use crate::task::contract::{AnyTask, Children};
use crate::unwind;
use crate::wait::graph::{ExecutorId, Target};

/// It keeps all groups above it alive, and the runner.
const ALL: usize = usize::MAX;

impl GroupCore {
    /// How many members live, here and below.
    pub(crate) fn alive(&self) -> usize {
        let _family = self.family.lock();
        self.alive.load(Ordering::Relaxed)
    }

    /// The living members, here and below.
    pub(crate) fn members(&self) -> Vec<TaskLabel> {
        let mut labels: Vec<_> = self.tasks().iter().map(|task| task.header().label()).collect();
        labels.sort_by_key(|label| label.id);
        labels
    }

    /// The living tasks, here and below.
    pub(crate) fn tasks(&self) -> Vec<Arc<dyn AnyTask>> {
        let mut tasks = self.own_tasks();
        for group in self.below() {
            tasks.extend(group.tasks());
        }
        tasks
    }

    /// The living tasks of this very group.
    pub(super) fn own_tasks(&self) -> Vec<Arc<dyn AnyTask>> {
        self.account.lock().living.values().map(|one| Arc::clone(&one.task)).collect()
    }

    /// One of the living tasks, here or below, that has not ended.
    pub(crate) fn running_task(&self) -> Option<Arc<dyn AnyTask>> {
        self.tasks().into_iter().find(|task| !task.header().life.state().is_final())
    }

    /// One of those that keep the group alive, here or below, that has not ended.
    pub(crate) fn keeping_task(&self) -> Option<Arc<dyn AnyTask>> {
        let keeps = |task: &Arc<dyn AnyTask>| {
            !task.header().is_transient() && !task.header().life.state().is_final()
        };
        let below = || {
            let mut groups = self.below().into_iter().filter(|group| !group.is_below_transient());
            groups.find_map(|group| group.keeping_task())
        };
        self.own_tasks().into_iter().find(keeps).or_else(below)
    }

    /// How many members keep the group alive, here and below.
    pub(crate) fn kept(&self) -> usize {
        let _family = self.family.lock();
        self.kept.load(Ordering::Relaxed)
    }

    /// Whether a member keeps the runner alive too.
    pub(crate) fn keeps_runner(&self, transient: bool) -> bool {
        self.keeps(transient) == ALL
    }

    /// How many groups a member keeps alive: none if it is transient, else those up to the first that
    /// stands below a transient task.
    pub(super) fn keeps(&self, transient: bool) -> usize {
        if transient {
            return 0;
        }
        let first = self.lineage().position(GroupCore::is_below_transient);
        first.map_or(ALL, |height| height + 1)
    }

    /// Whether the group stands right below a transient task.
    pub(super) fn is_below_transient(&self) -> bool {
        let task = self.task.as_ref().and_then(Weak::upgrade);
        task.is_some_and(|task| task.header().is_transient())
    }

    /// Counts a new member, which keeps so many groups alive.
    pub(super) fn count_in(&self, keeps: usize) {
        let _family = self.family.lock();
        for (height, group) in self.lineage().enumerate() {
            group.alive.fetch_add(1, Ordering::Relaxed);
            group.kept.fetch_add(usize::from(height < keeps), Ordering::Relaxed);
        }
    }

    /// A living member keeps other groups alive than before.
    pub(super) fn count_again(&self, before: usize, now: usize) {
        let _family = self.family.lock();
        for (height, group) in self.lineage().enumerate() {
            group.kept.fetch_add(usize::from(height < now), Ordering::Relaxed);
            group.kept.fetch_sub(usize::from(height < before), Ordering::Relaxed);
        }
    }

    /// Members have ended, each of which has kept so many groups alive.
    pub(super) fn count_out(&self, members: &[usize]) {
        let _family = self.family.lock();
        for (height, group) in self.lineage().enumerate() {
            let kept = members.iter().filter(|keeps| height < **keeps).count();
            group.alive.fetch_sub(members.len(), Ordering::Relaxed);
            group.kept.fetch_sub(kept, Ordering::Relaxed);
        }
    }

    /// Tells all who wait for an end, here and above, that of a parent included that is finished now.
    pub(super) fn tell_ends(&self) {
        let mut finished = self.tell_lineage();
        // A loop and no recursion: the tree may be deep.
        while let Some((children, parent)) = finished.pop() {
            let header = parent.header();
            match GroupCore::of_owner(&**header.owner()) {
                Some(group) if group.settle(header) => {
                    finished.extend(group.tell_lineage());
                    group.root.let_out(header.life.is_transient());
                }
                Some(_) => {}
                None => header.owner().ended(header),
            }
            children.tell_finished();
        }
    }

    /// Tells all who wait for an end, here and above; gives the tasks that are finished now, with what were
    /// their children.
    fn tell_lineage(&self) -> Vec<(Arc<GroupCore>, Arc<dyn AnyTask>)> {
        let mut finished = Vec::new();
        for group in self.lineage() {
            ring(&group.one_ended);
            if group.kept() > 0 {
                continue;
            }
            ring(&group.all_ended);
            if group.is_children() {
                finished.extend(group.this.upgrade().zip(group.finish_parent()));
                group.leave_tree();
                continue;
            }
            if group.is_stopped() {
                group.stop_transient();
            }
            group.free_name();
        }
        finished
    }

    /// The name is free when nobody can reach the group and nobody is in it.
    pub(super) fn free_name(&self) {
        let free = {
            let mut account = self.account.lock();
            let free = account.released && !account.unnamed && self.alive() == 0;
            account.unnamed |= free;
            free
        };
        if free {
            self.root.names().release(&self.path);
        }
    }
}

/// What a wait for any of the members waits for.
impl Target for GroupCore {
    fn executor(&self) -> Option<ExecutorId> {
        None
    }

    fn label(&self) -> String {
        self.label.to_string()
    }

    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        if self.alive() == 0 {
            visit(None);
        }
        // Nothing is cloned: the last reference to a task must not go under the lock of the graph.
        for member in self.account.lock().living.values() {
            // Of one that is over it is the children that are waited for, in a group below.
            if !member.task.header().is_over_for_children() {
                visit(member.task.executor());
            }
        }
        for group in self.below() {
            if group.alive() > 0 {
                group.each_executor(visit);
            }
        }
    }
}

/// Wakes all who wait. Their executors may be anybody's, so a panic of a waker ends nothing.
pub(super) fn ring(bell: &Bell) {
    let _ = unwind::guard(|| bell.notify(usize::MAX));
}
