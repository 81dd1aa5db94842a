//! Names of the living, by their path: each is there once among its siblings.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Reason;
use crate::failure::TaskLabel;
use crate::id::TaskId;
use crate::sync::Mutex;

const LONGEST: usize = 255;

/// See the module. A tree and not a table, since a table keeps the room for the most that it ever had.
#[derive(Default)]
pub(crate) struct Names(Mutex<BTreeMap<Arc<str>, TaskLabel>>);

/// What is wrong with a name, if anything is.
pub(crate) fn check(name: &str) -> Result<(), Reason> {
    let why = if name.is_empty() {
        "is empty"
    } else if name.len() > LONGEST {
        "is longer than 255 bytes"
    } else if name.chars().any(char::is_control) {
        "has control characters"
    } else {
        return Ok(());
    };
    let short: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    Err(Reason::BadName { name: short, why })
}

/// The path of a name; at the root, the name itself.
fn path(group: Option<&str>, name: Arc<str>) -> Arc<str> {
    match group {
        Some(group) => format!("{group}/{name}").into(),
        None => name,
    }
}

impl Names {
    /// Takes the label's name for its task, unless a living one has it.
    pub(crate) fn take(&self, label: TaskLabel) -> Result<(), Reason> {
        let Some(name) = label.name.clone() else { return Ok(()) };
        check(&name)?;
        let path = path(label.group.as_deref(), name);
        let mut names = self.0.lock();
        if let Some(there) = names.get(&path) {
            let (there, here) = (there.spawned_at, label.spawned_at);
            return Err(Reason::DuplicateName { name: path, there, here });
        }
        names.insert(path, label);
        Ok(())
    }

    /// Says whose name it is that was taken.
    pub(crate) fn put(&self, label: TaskLabel) {
        if let Some(name) = label.name.clone() {
            let path = path(label.group.as_deref(), name);
            self.0.lock().insert(path, label);
        }
    }

    pub(crate) fn release(&self, path: &str) {
        let gone = self.0.lock().remove(path);
        drop(gone);
    }

    /// The living task with this path.
    pub(crate) fn get(&self, path: &str) -> Option<TaskLabel> {
        self.0.lock().get(path).cloned()
    }

    /// The living task with this id, if it has a name.
    pub(crate) fn find(&self, id: TaskId) -> Option<TaskLabel> {
        self.0.lock().values().find(|label| label.id == id).cloned()
    }

    /// Every living task with a name.
    pub(crate) fn all(&self) -> Vec<TaskLabel> {
        let mut all: Vec<_> = self.0.lock().values().cloned().collect();
        all.sort_by_key(|label| label.id);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_before_they_reach_a_thread_or_a_log() {
        for good in ["a", "http-api", "naïve name", "日本"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "a\0b", "line\nbreak", &"x".repeat(256)] {
            assert!(matches!(check(bad), Err(Reason::BadName { .. })), "{bad:?}");
        }
    }
}
