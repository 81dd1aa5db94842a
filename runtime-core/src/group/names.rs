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

/// The name of a function item, out of the name of its type.
pub(crate) fn of_function<P>() -> Result<Arc<str>, Reason> {
    let full = std::any::type_name::<P>();
    let name = without_generics(full).rsplit("::").next().unwrap_or_default();
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    // Boxed closures and pointers to functions have a type with a name, too, but not of no size.
    if is_word && size_of::<P>() == 0 {
        return Ok(name.into());
    }
    let why = "is no named function: start a closure by `task(\"name\")` and `fork`";
    Err(Reason::BadName { name: full.chars().take(80).collect(), why })
}

/// `a::b` of `a::b<c>`.
fn without_generics(path: &str) -> &str {
    if !path.ends_with('>') {
        return path;
    }
    let mut depth = 0_i32;
    for (index, letter) in path.char_indices().rev() {
        let arrow = letter == '>' && path[..index].ends_with('-');
        depth += match letter {
            '>' if !arrow => 1,
            '<' => -1,
            _ => 0,
        };
        if depth == 0 && !arrow {
            return &path[..index];
        }
    }
    path
}

/// The most alike of the names, if one is alike.
pub fn nearest(name: &str, names: impl Iterator<Item = Arc<str>>) -> Option<Arc<str>> {
    let most = name.chars().count().div_ceil(3);
    let near = names.map(|other| (distance(name, &other), other));
    near.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, other)| other)
}

/// How many characters are to be put in, left out or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, mine) in one.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], line + 1);
        for (column, theirs) in other.iter().enumerate() {
            let changed = corner + usize::from(mine != *theirs);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
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
        if cfg!(planted = "name-kept-for-ever") {
            return;
        }
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

    fn load_users() {}
    fn load<T>() {}
    trait Loads {
        fn all();
        fn some<T>();
    }
    impl Loads for Vec<u8> {
        fn all() {}
        fn some<T>() {}
    }

    fn name_of<F: Fn() + 'static>(_: F) -> Option<Arc<str>> {
        of_function::<F>().ok()
    }

    #[test]
    fn only_functions_have_a_name_of_their_own() {
        assert_eq!(name_of(load_users).as_deref(), Some("load_users"));
        assert_eq!(name_of(load::<Vec<String>>).as_deref(), Some("load"));
        assert_eq!(name_of(load::<fn() -> u8>).as_deref(), Some("load"));
        assert_eq!(name_of(<Vec<u8> as Loads>::all).as_deref(), Some("all"));
        assert_eq!(name_of(<Vec<u8> as Loads>::some::<u8>).as_deref(), Some("some"));
        assert_eq!(name_of(|| ()), None);
        assert_eq!(name_of(load_users as fn()), None);
        assert_eq!(name_of(Box::new(load_users)), None);
    }

    #[test]
    fn the_nearest_name_is_alike_or_none() {
        let names = || ["load_users", "load_orders", "x"].map(Arc::from).into_iter();
        assert_eq!(nearest("load_user", names()).as_deref(), Some("load_users"));
        assert_eq!(nearest("laod_orders", names()).as_deref(), Some("load_orders"));
        assert_eq!(nearest("completely", names()), None);
        assert_eq!(nearest("", names()), None);
    }

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
