//! The states of a task and the one table that changes them.
//!
//! ```text
//! Initialized ──Start──▶ Running ──Complete──▶ Completed
//!      │                    ├──────Fail──────▶ Failed
//!      ├────────Stop────────┼──────Stop──────▶ Stopped
//!      └───────GiveUp───────┴─────GiveUp─────▶ Abandoned
//! ```

use std::fmt;

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// Taken, its payload not yet called.
    Initialized,
    /// Its payload was called.
    Running,
    /// Its body ended and gave its value.
    Completed,
    /// Its body ended in an error or a panic.
    Failed,
    /// It was stopped: dropped at an await point, or never begun.
    Stopped,
    /// It did not end in time. The runner has given it up; its thread may still be busy with it.
    Abandoned,
}

/// What can happen to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskEvent {
    Start,
    Complete,
    Fail,
    Stop,
    GiveUp,
}

impl TaskState {
    /// The whole transition table. `None` means that the event came too late to matter, or too early.
    #[must_use]
    pub(crate) fn on(self, event: TaskEvent) -> Option<TaskState> {
        use {TaskEvent as E, TaskState as S};
        match (self, event) {
            (S::Initialized, E::Start) => Some(S::Running),
            (S::Running, E::Complete) => Some(S::Completed),
            // A payload whose call panics has failed before it ran.
            (S::Initialized | S::Running, E::Fail) => Some(S::Failed),
            (S::Initialized | S::Running, E::Stop) => Some(S::Stopped),
            (S::Initialized | S::Running, E::GiveUp) => Some(S::Abandoned),
            // Spelled out instead of `_`, so that a new state stops the build here.
            (S::Running, E::Start) | (S::Initialized, E::Complete) => None,
            (S::Completed | S::Failed | S::Stopped | S::Abandoned, _) => None,
        }
    }

    /// Whether nothing can change this state any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            TaskState::Initialized | TaskState::Running => false,
            TaskState::Completed
            | TaskState::Failed
            | TaskState::Stopped
            | TaskState::Abandoned => true,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TaskState::Initialized => "initialized",
            TaskState::Running => "running",
            TaskState::Completed => "completed",
            TaskState::Failed => "failed",
            TaskState::Stopped => "stopped",
            TaskState::Abandoned => "abandoned",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{TaskEvent as E, TaskState as S};

    #[test]
    fn final_states_are_set_once() {
        for state in [S::Completed, S::Failed, S::Stopped, S::Abandoned] {
            for event in [E::Start, E::Complete, E::Fail, E::Stop, E::GiveUp] {
                assert_eq!(state.on(event), None, "{state:?} on {event:?}");
            }
        }
    }

    #[test]
    fn a_task_that_never_began_can_be_stopped_but_not_completed() {
        assert_eq!(S::Initialized.on(E::Stop), Some(S::Stopped));
        assert_eq!(S::Initialized.on(E::Complete), None);
    }
}
