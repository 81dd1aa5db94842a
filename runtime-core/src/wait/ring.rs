//! A ring of waits that could never end, as it is told.

use std::fmt;

/// A ring of waits that could never end: each member waits for something that the next one has to run,
/// and the last one for the first.
#[derive(Clone, PartialEq, Eq)]
pub struct Ring {
    members: Vec<Member>,
}

/// One member of a [`Ring`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub(super) task: String,
    pub(super) waits_for: String,
}

impl Member {
    /// The task that blocks its lane or thread.
    #[must_use]
    pub fn task(&self) -> &str {
        &self.task
    }

    /// What it waits for.
    #[must_use]
    pub fn waits_for(&self) -> &str {
        &self.waits_for
    }
}

impl Ring {
    pub(super) fn of(members: Vec<Member>) -> Self {
        Ring { members }
    }

    /// A task that waits for itself.
    pub(crate) fn of_one(task: String) -> Self {
        Ring { members: vec![Member { waits_for: task.clone(), task }] }
    }

    /// A task that waits for the group it is in.
    pub(crate) fn of_member(task: String, group: String) -> Self {
        let waits = Member { task: task.clone(), waits_for: group.clone() };
        Ring { members: vec![waits, Member { task: group, waits_for: task }] }
    }

    /// The members, the refused wait first.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Member { task, waits_for }) in self.members.iter().enumerate() {
            let link = if index == 0 { "" } else { "; " };
            write!(f, "{link}{task} waits for {waits_for}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.members).finish()
    }
}
