//! What a child writes down while it plays a case, so that it outlives the child whatever becomes of it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use crate::Error;

static NOTEBOOK: OnceLock<File> = OnceLock::new();

/// Opens the notebook of this child.
pub(crate) fn open(file: &Path) -> Result<(), Error> {
    let file = OpenOptions::new().create(true).append(true).open(file)?;
    NOTEBOOK.set(file).map_err(|_| "the notebook is open already".into())
}

/// Notes that this has happened.
pub(crate) fn note(what: &str, more: &str) {
    if let Some(mut notebook) = NOTEBOOK.get() {
        let more = more.replace('\n', "\u{2028}");
        // One call for a line, so that lines of several threads do not mix.
        let _ = notebook.write_all(format!("{what}\t{more}\n").as_bytes());
    }
}

/// What the child had noted.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<(String, String)>);

impl Facts {
    pub(crate) fn read(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        Facts(lines.map(|(what, more)| (what.to_owned(), more.replace('\u{2028}', "\n"))).collect())
    }

    /// Whether it has happened at all.
    pub(crate) fn has(&self, what: &str) -> bool {
        self.0.iter().any(|(happened, _)| happened == what)
    }

    /// Whether it has happened with this in it.
    pub(crate) fn has_with(&self, what: &str, more: &str) -> bool {
        self.all(what).any(|happened| happened.contains(more))
    }

    /// Every time that it has happened.
    pub(crate) fn all(&self, what: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(happened, _)| happened == what).map(|(_, more)| more.as_str())
    }

    /// A number that goes with it.
    pub(crate) fn number(&self, what: &str) -> Option<u64> {
        self.all(what).next()?.parse().ok()
    }
}
