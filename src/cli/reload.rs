//! Options that are given anew while the daemon runs: the configuration file, read again.

use std::any::TypeId;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::error::{CliError, Problem};
use crate::cli::file::File;
use crate::cli::form::{Form, Wrong};
use crate::cli::given::Given;
use crate::cli::section::{MakeShared, SharedOptions};
use crate::cli::value::Raw;

/// The options of one service, to be parsed again.
pub(super) struct Again {
    form: Form,
    type_id: TypeId,
    /// `None` where the service owns them.
    shared: Option<MakeShared>,
    /// Something was missing from the start on, which was no error: the service is left out.
    is_left_out: bool,
    /// What they were given last.
    last: Mutex<Vec<Option<Raw>>>,
}

impl Again {
    pub(super) fn new(
        form: Form,
        type_id: TypeId,
        shared: Option<MakeShared>,
        is_left_out: bool,
        given: Vec<Option<Raw>>,
    ) -> Self {
        Again { form, type_id, shared, is_left_out, last: Mutex::new(given) }
    }

    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// What is different now; nothing if nothing is.
    fn read(&self, file: &mut File) -> Result<Option<Change<'_>>, Vec<Problem>> {
        let given = self.form.given(file)?;
        if *self.last.lock().unwrap_or_else(PoisonError::into_inner) == given {
            return Ok(None);
        }
        let value = match self.shared {
            Some(make) => self.form.parse(&given, make).map(Some),
            None => self.form.parse(&given, |_| Ok(None)),
        };
        match value {
            Ok(value) => Ok(Some(Change { of: self, given, value })),
            Err(Wrong::Missing(_)) if self.is_left_out => Ok(None),
            Err(Wrong::Missing(problem)) => Err(vec![problem]),
            Err(Wrong::Bad(problems)) => Err(problems),
        }
    }
}

/// Options that are other than they were.
struct Change<'a> {
    of: &'a Again,
    given: Vec<Option<Raw>>,
    value: Option<SharedOptions>,
}

/// Reads the configuration file again.
pub(super) struct Reloader {
    daemon: String,
    path: PathBuf,
    /// The file has to be there.
    needed: bool,
    all: Vec<Again>,
    given: Arc<Given>,
}

impl Reloader {
    pub(super) fn new(
        daemon: String,
        path: PathBuf,
        needed: bool,
        all: Vec<Again>,
        given: Arc<Given>,
    ) -> Self {
        Reloader { daemon, path, needed, all, given }
    }

    /// Puts the new options in place, all of them, or none if anything is wrong. It is told on standard error too,
    /// for who asks by a signal sees no error.
    pub(super) fn read_again(&self) -> Result<(), CliError> {
        let changes = self.changes().map_err(CliError::new).inspect_err(|error| {
            self.say(&format!("the options stay as they were, for what is new is wrong:\n{error}"));
        })?;
        let mut kept = Vec::new();
        for Change { of, given, value } in changes {
            match value {
                Some(value) => self.given.replace(of.form.service.as_deref(), of.type_id, value),
                None => kept.push(of.form.whose()),
            }
            *of.last.lock().unwrap_or_else(PoisonError::into_inner) = given;
        }
        if !kept.is_empty() {
            let whose = kept.join(", ");
            self.say(&format!("options of {whose} have changed: they hold after the next start"));
        }
        Ok(())
    }

    fn changes(&self) -> Result<Vec<Change<'_>>, Vec<Problem>> {
        let mut file = File::read(&self.path, self.needed).map_err(|problem| vec![problem])?;
        let (mut changes, mut problems) = (Vec::new(), Vec::new());
        for one in &self.all {
            match one.read(&mut file) {
                Ok(change) => changes.extend(change),
                Err(wrong) => problems.extend(wrong),
            }
        }
        problems.extend(file.unused(self.all.iter().map(Again::form)));
        if problems.is_empty() { Ok(changes) } else { Err(problems) }
    }

    fn say(&self, text: &str) {
        // A closed standard error is no reason to panic.
        let _ = writeln!(io::stderr(), "{}: {text}", self.daemon);
    }
}
