//! How many live in a group and below it, and who.

use std::sync::Arc;

use event_listener::Event as Bell;

use crate::failure::TaskLabel;
use crate::group::node::GroupCore;
use crate::sync::Ordering;
use crate::task::contract::AnyTask;
use crate::unwind;

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

    pub(super) fn count_in(&self) {
        let _family = self.family.lock();
        for group in self.lineage() {
            group.alive.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many members have ended: tells all who wait for that.
    pub(super) fn count_out(&self, members: usize) {
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

/// Wakes all who wait. Their executors may be anybody's, so a panic of a waker ends nothing.
pub(super) fn ring(bell: &Bell) {
    let _ = unwind::guard(|| bell.notify(usize::MAX));
}
