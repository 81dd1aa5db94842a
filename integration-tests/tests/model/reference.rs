//! The reference: what the runner has to know after each step, in plain data.
//!
//! What happens in one *wave* happens at the same time: nothing is said of its order. A failure and what follows
//! from it are two waves.

use std::collections::BTreeSet;

use crate::step::{Ends, On, Plan, Verb, Waits};

/// What became of a payload. Each has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Value,
    Error,
    Panic,
    /// Dropped at an await point.
    Stopped,
    NeverBegun,
    GivenUp,
    CameBack,
}

impl From<Ends> for Fate {
    fn from(ends: Ends) -> Self {
        match ends {
            Ends::Value => Fate::Value,
            Ends::Error => Fate::Error,
            Ends::Panic => Fate::Panic,
        }
    }
}

/// Who owns an outcome now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Handle,
    /// The group, or the runner: it was adopted, or its handle dropped unread.
    Above,
    /// Whoever has taken it.
    Nobody,
}

/// A payload.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    verb: Verb,
    pub(crate) group: Option<usize>,
    pub(crate) plan: Plan,
    pub(crate) name: String,
    pub(crate) owner: Owner,
    /// `None`: it runs.
    pub(crate) fate: Option<Fate>,
}

impl Task {
    pub(crate) fn is_adopted(&self) -> bool {
        self.verb == Verb::Adopt
    }
}

/// An end that nobody has taken from its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    wave: usize,
    pub(crate) number: usize,
    /// Its failure is the group's.
    pub(crate) failed: bool,
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) below: Option<usize>,
    goes_on: bool,
    pub(crate) hasty: bool,
    pub(crate) stopping: bool,
    pub(crate) ends: Vec<End>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) tasks: Vec<Task>,
    pub(crate) groups: Vec<Group>,
    /// `Some(true)`: it stops since a task failed; `Some(false)`: since it was asked.
    pub(crate) stop: Option<bool>,
    /// Failures of the runner, each with its wave.
    failures: Vec<(usize, usize)>,
    /// Failures that came when the report was made.
    pub(crate) late: BTreeSet<usize>,
    /// Panics of destructors.
    pub(crate) contained: BTreeSet<usize>,
    wave: usize,
}

impl Model {
    /// The numbers of those that run, as they were handed over.
    pub(crate) fn running(&self) -> impl Iterator<Item = usize> {
        (0..self.tasks.len()).filter(|number| self.tasks[*number].fate.is_none())
    }

    /// The numbers of those whose handle is held.
    pub(crate) fn held(&self) -> impl Iterator<Item = usize> {
        (0..self.tasks.len()).filter(|number| self.tasks[*number].owner == Owner::Handle)
    }

    /// Those that run in a group, or in one below it.
    pub(crate) fn members(&self, group: usize) -> impl Iterator<Item = usize> {
        self.running().filter(move |number| self.is_in(self.tasks[*number].group, group))
    }

    fn is_in(&self, mut place: Option<usize>, group: usize) -> bool {
        while let Some(here) = place {
            if here == group {
                return true;
            }
            place = self.groups[here].below;
        }
        false
    }

    /// Whether nothing is taken there.
    pub(crate) fn is_shut(&self, group: Option<usize>) -> bool {
        self.stop.is_some() || group.is_some_and(|group| self.groups[group].stopping)
    }

    /// Whether a living sibling has the name.
    pub(crate) fn is_taken(&self, group: Option<usize>, name: &str) -> bool {
        self.running().any(|one| self.tasks[one].group == group && self.tasks[one].name == name)
    }

    /// A payload that was taken, or came back.
    pub(crate) fn submit(
        &mut self,
        verb: Verb,
        group: Option<usize>,
        plan: Plan,
        name: String,
        taken: bool,
    ) {
        let owner = match verb {
            _ if !taken => Owner::Nobody,
            Verb::Adopt => Owner::Above,
            Verb::Spawn => Owner::Handle,
        };
        let fate = (!taken).then_some(Fate::CameBack);
        self.wave += 1;
        self.tasks.push(Task { verb, group, plan, name, owner, fate });
        if taken && plan.waits == Waits::No {
            self.end(self.tasks.len() - 1, plan.ends.into());
        }
    }

    /// A payload of which the caller knows the end.
    pub(crate) fn executed(&mut self, plan: Plan, fate: Fate) {
        let (verb, owner, fate) = (Verb::Spawn, Owner::Nobody, Some(fate));
        self.tasks.push(Task { verb, group: None, plan, name: String::new(), owner, fate });
    }

    /// A payload that was queued, with its handle held.
    pub(crate) fn queued(&mut self, plan: Plan, fate: Fate) {
        let (verb, owner, fate) = (Verb::Spawn, Owner::Handle, Some(fate));
        self.tasks.push(Task { verb, group: None, plan, name: String::new(), owner, fate });
    }

    pub(crate) fn open_group(&mut self, below: Option<usize>, goes_on: bool, hasty: bool) {
        let stopping = self.is_shut(below);
        self.groups.push(Group { below, goes_on, hasty, stopping, ends: Vec::new() });
    }

    /// A gate is opened.
    pub(crate) fn open(&mut self, number: usize) {
        self.wave += 1;
        let ends = self.tasks[number].plan.ends;
        self.end(number, ends.into());
    }

    /// One task is asked to stop, by its handle.
    pub(crate) fn stop_task(&mut self, number: usize) {
        self.wave += 1;
        let fate = self.fate_of_stop(number, false);
        self.end(number, fate);
    }

    /// Its handle is dropped unread.
    pub(crate) fn drop_handle(&mut self, number: usize) {
        self.tasks[number].owner = Owner::Above;
        if self.tasks[number].fate != Some(Fate::Panic) {
            return;
        }
        self.wave += 1;
        let Some(group) = self.tasks[number].group else {
            if self.stop.is_some() {
                self.late.insert(number);
            } else {
                self.fail(number);
            }
            return;
        };
        // It comes to the end that waits there; if that was taken, it is one more.
        let ends = &mut self.groups[group].ends;
        match ends.iter_mut().find(|end| end.number == number) {
            Some(end) => end.failed = true,
            None => ends.push(End { wave: self.wave, number, failed: true }),
        }
        self.break_up(group);
    }

    pub(crate) fn stop_runner(&mut self, failed: bool) {
        if self.stop.is_some() {
            return;
        }
        self.stop = Some(failed);
        self.wave += 1;
        for group in 0..self.groups.len() {
            self.groups[group].stopping = true;
        }
        self.stop_all(self.running().collect());
    }

    pub(crate) fn stop_group(&mut self, group: usize) {
        self.wave += 1;
        for below in 0..self.groups.len() {
            if self.is_in(Some(below), group) {
                self.groups[below].stopping = true;
            }
        }
        self.stop_all(self.members(group).collect());
    }

    fn stop_all(&mut self, numbers: Vec<usize>) {
        for number in numbers {
            if self.tasks[number].fate.is_some() {
                continue;
            }
            let fate = self.fate_of_stop(number, true);
            self.end(number, fate);
        }
    }

    /// What becomes of a running payload that is asked to stop. A thread at its gate is let go then.
    fn fate_of_stop(&self, number: usize, with_group: bool) -> Fate {
        let Task { plan, group, .. } = &self.tasks[number];
        let hasty = group.is_some_and(|group| self.groups[group].hasty);
        match plan.waits {
            _ if with_group && hasty => Fate::GivenUp,
            Waits::Gate | Waits::Ever if plan.on != On::Thread => Fate::Stopped,
            Waits::No | Waits::Gate | Waits::Asked | Waits::Ever => plan.ends.into(),
        }
    }

    /// The one place where a payload gets its fate.
    fn end(&mut self, number: usize, fate: Fate) {
        let task = &mut self.tasks[number];
        assert_eq!(task.fate, None, "the model ends {number} twice");
        task.fate = Some(fate);
        let (owner, group, plan) = (task.owner, task.group, task.plan);
        let is_adopted = task.is_adopted();
        if plan.bomb && matches!(fate, Fate::Stopped | Fate::NeverBegun) {
            self.contained.insert(number);
        }
        let failed = match fate {
            Fate::Panic => owner == Owner::Above,
            // That of a handle is a value.
            Fate::Error => is_adopted,
            Fate::Value | Fate::Stopped | Fate::NeverBegun | Fate::GivenUp | Fate::CameBack => {
                false
            }
        };
        match group {
            Some(group) => {
                self.groups[group].ends.push(End { wave: self.wave, number, failed });
                if failed {
                    self.break_up(group);
                }
            }
            None if failed => self.fail(number),
            None => {}
        }
    }

    /// A failure of the runner.
    fn fail(&mut self, number: usize) {
        self.failures.push((self.wave, number));
        self.stop_runner(true);
    }

    /// A member of the group failed.
    fn break_up(&mut self, group: usize) {
        if !self.groups[group].goes_on && !self.is_shut(Some(group)) {
            self.stop_group(group);
        }
    }

    /// The runner's failures, wave by wave.
    pub(crate) fn failures(&self) -> Vec<BTreeSet<usize>> {
        in_waves(self.failures.iter().copied())
    }

    /// Takes the ends of a group, wave by wave.
    pub(crate) fn take_ends(&mut self, group: usize) -> Vec<End> {
        std::mem::take(&mut self.groups[group].ends)
    }
}

/// The ends wave by wave.
pub(crate) fn waves_of(ends: &[End]) -> Vec<BTreeSet<usize>> {
    in_waves(ends.iter().map(|end| (end.wave, end.number)))
}

fn in_waves(all: impl Iterator<Item = (usize, usize)>) -> Vec<BTreeSet<usize>> {
    let mut waves: Vec<(usize, BTreeSet<usize>)> = Vec::new();
    for (wave, number) in all {
        match waves.last_mut() {
            Some((last, numbers)) if *last == wave => {
                numbers.insert(number);
            }
            _ => waves.push((wave, BTreeSet::from([number]))),
        }
    }
    waves.into_iter().map(|(_, numbers)| numbers).collect()
}
