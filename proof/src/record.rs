//! What was measured, as it is kept beside the page.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;

/// All of it: what is not measured anew stays as it was.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// By the figure's key.
    pub(crate) figures: BTreeMap<String, Entry>,
    pub(crate) peers: Option<Table>,
}

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) value: String,
    /// How often, or how long, it was tried.
    pub(crate) tried: String,
    pub(crate) stamp: Stamp,
}

/// When and where something was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Seconds since 1970.
    pub(crate) at: u64,
    pub(crate) machine: String,
    /// The commit, with a `+` if something was changed since.
    #[serde(default)]
    pub(crate) commit: Option<String>,
    pub(crate) quick: bool,
}

/// The contestants side by side.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) contestants: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) stamp: Stamp,
}

/// One case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) case: String,
    /// One for each contestant, in their order.
    pub(crate) cells: Vec<Cell>,
}

/// How one contestant took one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) grade: Grade,
    /// What is not as it should be; empty if all is.
    pub(crate) what: String,
}

/// How near it came to what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grade {
    /// There is no such thing there.
    Absent,
    /// As expected.
    Held,
    /// It goes on, but something that one would want to know or have is not there.
    Lacks,
    /// It hangs, aborts, panics, comes late, or loses a failure.
    Broke,
}

impl Record {
    /// What was measured before; nothing if there is no such file.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        match fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                format!("{}: {error}; remove it to begin anew", file.display()).into()
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Record::default()),
            Err(error) => Err(format!("{}: {error}", file.display()).into()),
        }
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()).into())
    }
}
