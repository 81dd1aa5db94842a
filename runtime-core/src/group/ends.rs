//! The ends that nobody has joined yet: in completion order, and found by name or by task.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::group::end::MemberEnd;
use crate::id::TaskId;

/// See the module.
#[derive(Default)]
pub(super) struct Ends {
    queue: VecDeque<MemberEnd>,
    /// The number of the first one in the queue; the others follow it.
    first: u64,
    /// The last one of each name.
    named: BTreeMap<Arc<str>, u64>,
    /// Those to which a failure may come still.
    unsettled: BTreeMap<TaskId, u64>,
}

impl Ends {
    /// Keeps an end; with `unsettled`, one to which a failure may come still.
    pub(super) fn push(&mut self, end: MemberEnd, unsettled: bool) {
        let number = self.first + self.queue.len() as u64;
        if let Some(name) = &end.task.name {
            self.named.insert(Arc::clone(name), number);
        }
        if unsettled {
            self.unsettled.insert(end.task.id, number);
        }
        self.queue.push_back(end);
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Takes the first ones, `count` at most.
    pub(super) fn take(&mut self, count: usize) -> Vec<MemberEnd> {
        let count = count.min(self.queue.len());
        let taken: Vec<_> = self.queue.drain(..count).collect();
        for end in &taken {
            if let Some(name) = &end.task.name
                && self.named.get(name) == Some(&self.first)
            {
                self.named.remove(name);
            }
            if !self.unsettled.is_empty() {
                self.unsettled.remove(&end.task.id);
            }
            self.first += 1;
        }
        taken
    }

    /// The end of this task, if a failure may come to it still.
    pub(super) fn unsettled(&mut self, id: TaskId) -> Option<&mut MemberEnd> {
        let number = *self.unsettled.get(&id)?;
        self.at(number).and_then(|index| self.queue.get_mut(index))
    }

    /// The last end of a member with this name.
    pub(super) fn named(&self, name: &str) -> Option<&MemberEnd> {
        let number = *self.named.get(name)?;
        self.at(number).and_then(|index| self.queue.get(index))
    }

    fn at(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::time::Duration;

    use super::*;
    use crate::failure::{GROUP, TaskLabel};
    use crate::task::state::TaskState;

    fn end(name: &'static str) -> MemberEnd {
        let task = TaskLabel {
            id: TaskId::next(),
            name: Some(name.into()),
            group: None,
            flavour: GROUP,
            spawned_at: Location::caller(),
        };
        MemberEnd::new(task, TaskState::Completed, None, Duration::ZERO)
    }

    #[test]
    fn ends_are_found_by_name_and_task_until_they_are_taken() {
        let mut ends = Ends::default();
        let (first, second, third) = (end("a"), end("b"), end("a"));
        let ids = [&first, &second, &third].map(|end| end.task.id);
        ends.push(first, true);
        ends.push(second, true);
        ends.push(third, false);
        assert_eq!(ends.named("a").map(|end| end.task.id), Some(ids[2]));
        assert_eq!(ends.take(1).len(), 1);
        assert!(ends.unsettled(ids[0]).is_none());
        assert_eq!(ends.unsettled(ids[1]).map(|end| end.task.id), Some(ids[1]));
        assert_eq!(ends.named("a").map(|end| end.task.id), Some(ids[2]));
        assert_eq!(ends.take(usize::MAX).len(), 2);
        assert!(ends.named("a").is_none() && ends.named("b").is_none());
        assert!(ends.unsettled(ids[1]).is_none());
        assert_eq!((ends.named.len(), ends.unsettled.len()), (0, 0));
    }
}
