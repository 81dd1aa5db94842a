//! The writing side: batches of records, one transaction each.

use std::{
    error, fmt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Error, ErrorCode, TransactionBehavior, params};

use super::{error::OpenError, forget, open, read::Reader, rollup};
use crate::statsd::Record;

/// The database, open for writing; there is one.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
}

/// Nothing of a transaction was written.
#[derive(Debug)]
pub(crate) struct WriteError {
    path: PathBuf,
    cause: Error,
}

impl WriteError {
    /// Whether it was another program's lock, so that another try may do.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(
            self.cause.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write to the database `{}`", self.path.display())
    }
}

impl error::Error for WriteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl Database {
    /// Opens the database at `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the path or the file; nothing was changed then.
    pub(crate) fn open(path: &Path) -> Result<Database, OpenError> {
        Ok(Database { connection: open::for_writing(path)?, path: path.to_owned() })
    }

    /// Opens for queries what was opened for writing before.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the path or the file.
    pub(crate) fn reader(path: &Path) -> Result<Reader, OpenError> {
        Ok(Reader::new(open::for_reading(path)?))
    }

    /// Writes records with the time they came; all of them are on the disk when this returns.
    /// They are asked for once the file is locked, so nothing is taken that has to wait.
    ///
    /// # Errors
    ///
    /// None of them is written.
    pub(crate) fn insert<'a>(
        &mut self,
        records: impl Iterator<Item = (i64, &'a Record)>,
    ) -> Result<(), WriteError> {
        insert(&mut self.connection, records).map_err(|cause| self.error(cause))
    }

    /// Sums up the samples that came since the last time.
    ///
    /// # Errors
    ///
    /// They are summed up next time.
    pub(crate) fn roll_up(&mut self) -> Result<(), WriteError> {
        rollup::roll_up(&mut self.connection).map_err(|cause| self.error(cause))
    }

    /// Deletes some of the samples that came before this time, in milliseconds since 1970, and are summed up:
    /// how many, and whether there may be more.
    ///
    /// # Errors
    ///
    /// None of them is deleted.
    pub(crate) fn forget(&mut self, before: i64) -> Result<(usize, bool), WriteError> {
        forget::forget(&mut self.connection, before).map_err(|cause| self.error(cause))
    }

    fn error(&self, cause: Error) -> WriteError {
        WriteError { path: self.path.clone(), cause }
    }
}

fn insert<'a>(
    connection: &mut Connection,
    records: impl Iterator<Item = (i64, &'a Record)>,
) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare(
            "INSERT INTO samples (at, name, kind, value, rate, tags) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        for (at, r) in records {
            insert.execute(params![at, r.name, r.kind.word(), r.value, r.rate, r.tags])?;
        }
    }
    transaction.commit()
}
