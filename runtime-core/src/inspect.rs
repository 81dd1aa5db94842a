//! The tree of a runner as it is now: who is there, where, since when.

use std::fmt;
use std::time::Duration;

use crate::failure::TaskLabel;
use crate::id::{FlavourId, TaskId};
use crate::task::contract::Header;
use crate::task::stamp::Busy;
use crate::task::state::TaskState;

/// The tree shows no more tasks of one lane, or below one task, than this.
pub(crate) const MOST_SHOWN: usize = 1000;

/// One living task.
#[derive(Clone, Debug)]
pub struct TaskView {
    pub(crate) label: TaskLabel,
    pub(crate) state: TaskState,
    pub(crate) age: Option<Duration>,
    pub(crate) polls: u32,
}

impl TaskView {
    /// A task as anybody may see it; how old it is only its lane can say.
    pub(crate) fn of(task: &Header) -> Self {
        let (label, state, polls) = (task.label(), task.life.state(), task.life.polls());
        TaskView { label, state, age: None, polls }
    }

    /// Which task.
    #[must_use]
    pub fn label(&self) -> &TaskLabel {
        &self.label
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// Since its lane saw it first; to the turn, not to the poll.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// How often it was polled and had work left.
    #[must_use]
    pub fn polls(&self) -> u32 {
        self.polls
    }
}

/// Which task has a thread, and for how long.
#[derive(Clone, Debug)]
pub struct BusyView {
    pub(crate) task: TaskLabel,
    pub(crate) held: Duration,
}

impl BusyView {
    pub(crate) fn new(busy: Busy, flavour: FlavourId, named: Option<TaskLabel>) -> Self {
        let task = named.unwrap_or(TaskLabel {
            id: busy.task,
            name: None,
            group: None,
            flavour,
            spawned_at: busy.spawned_at,
        });
        BusyView { task, held: busy.held }
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// For how long.
    #[must_use]
    pub fn held(&self) -> Duration {
        self.held
    }
}

/// One lane or pool.
#[derive(Clone, Debug)]
pub struct HomeView {
    pub(crate) flavour: FlavourId,
    pub(crate) waiting: usize,
    pub(crate) busy: Vec<BusyView>,
    pub(crate) tasks: Vec<TaskView>,
    pub(crate) answered: bool,
}

impl HomeView {
    /// The flavour.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.flavour
    }

    /// How many tasks wait to be taken up.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Which tasks have a thread right now.
    #[must_use]
    pub fn busy(&self) -> &[BusyView] {
        &self.busy
    }

    /// The tasks that have work left, a thousand at most; of a pool, none: see
    /// [`busy`](HomeView::busy).
    #[must_use]
    pub fn tasks(&self) -> &[TaskView] {
        &self.tasks
    }

    /// `false` for a lane that is held by one task and did not answer.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.answered
    }
}

/// One open or stopping group, with the groups below it; or one task that has children, with these.
#[derive(Clone, Debug)]
pub struct GroupView {
    pub(crate) label: TaskLabel,
    pub(crate) body: Option<TaskState>,
    pub(crate) children: Vec<TaskView>,
    pub(crate) stopping: bool,
    pub(crate) alive: usize,
    pub(crate) limit: Option<usize>,
    pub(crate) waiting: usize,
    pub(crate) ended: usize,
    pub(crate) groups: Vec<GroupView>,
}

impl GroupView {
    /// Its name, its path, and where it was opened, or handed over.
    #[must_use]
    pub fn label(&self) -> &TaskLabel {
        &self.label
    }

    /// Of a task that has children, the state of its body; `None` of a group.
    #[must_use]
    pub fn body(&self) -> Option<TaskState> {
        self.body
    }

    /// Of a task that has children, the living ones in the order of their making, a thousand at most; of a
    /// group none. Those that have children themselves stand among the [`groups`](GroupView::groups) too.
    #[must_use]
    pub fn children(&self) -> &[TaskView] {
        &self.children
    }

    /// Whether it takes nothing new any more: it, a group above it or the runner was asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// How many members live, in groups below too.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.alive
    }

    /// How many members may run at once, if there is a limit.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// How many calls wait for a place.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many members have ended that nobody has joined yet.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// The groups right below.
    #[must_use]
    pub fn groups(&self) -> &[GroupView] {
        &self.groups
    }

    fn find(&self, path: &str) -> Option<&GroupView> {
        if self.label.path() == path {
            return Some(self);
        }
        self.groups.iter().find_map(|group| group.find(path))
    }

    /// Writes it and those below, each line after `stem`.
    fn write(&self, f: &mut fmt::Formatter<'_>, stem: &str, last: bool) -> fmt::Result {
        let (branch, inner) = if last { ("└─", "   ") } else { ("├─", "│  ") };
        write!(f, "\n{stem}{branch} {}", self.label)?;
        match self.body {
            Some(state) => write!(f, ", {state}, {} below it", self.alive)?,
            None => {
                let plural = if self.alive == 1 { "" } else { "s" };
                let state = if self.stopping { "stopping" } else { "open" };
                write!(f, ", {state}, {} member{plural}", self.alive)?;
            }
        }
        if let Some(limit) = self.limit {
            write!(f, ", {limit} at once")?;
        }
        if self.waiting > 0 {
            write!(f, ", {} waiting", self.waiting)?;
        }
        if self.ended > 0 {
            write!(f, ", {} to be joined", self.ended)?;
        }
        let stem = format!("{stem}{inner}");
        // A child that has children is written with these.
        let parents = |id| self.groups.iter().any(|group| group.label.id == id);
        let leaves: Vec<_> = self.children.iter().filter(|task| !parents(task.label.id)).collect();
        for (index, task) in leaves.iter().enumerate() {
            let last = index + 1 == leaves.len() && self.groups.is_empty();
            let branch = if last { "└─" } else { "├─" };
            write!(f, "\n{stem}{branch} {}, {}", task.label, task.state)?;
        }
        write_groups(f, &self.groups, &stem)
    }
}

fn write_groups(f: &mut fmt::Formatter<'_>, groups: &[GroupView], stem: &str) -> fmt::Result {
    for (index, group) in groups.iter().enumerate() {
        group.write(f, stem, index + 1 == groups.len())?;
    }
    Ok(())
}

/// The tree of a runner. Prints as text, and serialises with the feature `serde`.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(crate) runner: String,
    pub(crate) age: Duration,
    pub(crate) stopping: bool,
    pub(crate) alive: u64,
    pub(crate) groups: Vec<GroupView>,
    pub(crate) homes: Vec<HomeView>,
}

impl Tree {
    /// The runner's name.
    #[must_use]
    pub fn runner(&self) -> &str {
        &self.runner
    }

    /// How long the runner has been there.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Whether a stop was asked.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// How many tasks have not ended.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.alive
    }

    /// The groups right below the runner, and the tasks there that have children.
    #[must_use]
    pub fn groups(&self) -> &[GroupView] {
        &self.groups
    }

    /// The group, or the task that has children, with this path, such as `fetch/mirrors`.
    #[must_use]
    pub fn group(&self, path: &str) -> Option<&GroupView> {
        self.groups.iter().find_map(|group| group.find(path))
    }

    /// The lanes and pools that have started.
    #[must_use]
    pub fn homes(&self) -> &[HomeView] {
        &self.homes
    }

    /// The living task with this id, if its home has shown it.
    #[must_use]
    pub fn find(&self, id: TaskId) -> Option<&TaskView> {
        self.homes.iter().flat_map(|home| &home.tasks).find(|task| task.label.id == id)
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.stopping { "stopping" } else { "running" };
        let plural = if self.alive == 1 { "" } else { "s" };
        write!(f, "{}: {state} for {:.1?}, {} task{plural}", self.runner, self.age, self.alive)?;
        if !self.groups.is_empty() {
            let (branch, stem) =
                if self.homes.is_empty() { ("└─", "   ") } else { ("├─", "│  ") };
            write!(f, "\n{branch} groups")?;
            write_groups(f, &self.groups, stem)?;
        }
        for (index, home) in self.homes.iter().enumerate() {
            let last = index + 1 == self.homes.len();
            let (branch, stem) = if last { ("└─", "  ") } else { ("├─", "│ ") };
            write!(f, "\n{branch} {}", home.flavour)?;
            if home.waiting > 0 {
                write!(f, ", {} waiting", home.waiting)?;
            }
            if !home.answered {
                write!(f, ", does not answer")?;
            }
            let lines = home.tasks.len() + home.busy.len();
            let mut line = 0;
            let mut branch = || {
                line += 1;
                if line == lines { "└─" } else { "├─" }
            };
            for busy in &home.busy {
                let branch = branch();
                write!(f, "\n{stem} {branch} {} has the thread for {:.1?}", busy.task, busy.held)?;
            }
            for task in &home.tasks {
                let branch = branch();
                write!(f, "\n{stem} {branch} {}, {}", task.label, task.state)?;
                if let Some(age) = task.age {
                    write!(f, " for {age:.1?}")?;
                }
                write!(f, ", {} polls", task.polls)?;
            }
        }
        Ok(())
    }
}
