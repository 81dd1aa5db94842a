//! Opens the file, and finds out at once whether it will do.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, Error, OpenFlags, TransactionBehavior};

use super::{
    error::{OpenError, OpenReason},
    schema,
};

/// How long to wait for another program that holds the file's lock, when it is opened.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for one attempt later; short, because whoever writes may be asked to stop meanwhile.
const ATTEMPT: Duration = Duration::from_millis(100);

/// Opens `path` for writing and makes its tables if it is new.
pub(super) fn for_writing(path: &Path) -> Result<Connection, OpenError> {
    look_at(path).map_err(|reason| OpenError::new(path, reason))?;
    // Without SQLITE_OPEN_URI, so that a path is a path even if it begins with `file:`.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    connect(path, flags).and_then(prepare).map_err(|reason| OpenError::new(path, reason))
}

/// Opens `path`, which [`for_writing`] has seen before, so that nothing can be changed through it.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|reason| OpenError::new(path, reason))
}

/// What SQLite would only call "unable to open".
fn look_at(path: &Path) -> Result<(), OpenReason> {
    if path.is_dir() {
        return Err(OpenReason::IsFolder);
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(OpenReason::NoFolder(folder.to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, OpenReason> {
    // No mutex inside SQLite: a `Connection` is not `Sync`, the borrow checker does it.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    // No files but those that are open from the start: descriptors may be short later.
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

fn prepare(mut connection: Connection) -> Result<Connection, OpenReason> {
    let known = is_known(&connection)?;
    // Readers and the writer do not wait for each other; a commit is on the disk when it returns.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !known {
        transaction.execute_batch(schema::CREATE)?;
    }
    // Written even if they stand there: a file that cannot be written is found out now.
    transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", schema::VERSION)?;
    transaction.commit()?;
    connection.busy_timeout(ATTEMPT)?;
    Ok(connection)
}

/// Whether the tables are there. A file of somebody else's is an error, an empty one is not.
fn is_known(connection: &Connection) -> Result<bool, OpenReason> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (schema::APPLICATION_ID, schema::VERSION) => Ok(true),
        (schema::APPLICATION_ID, newer) => Err(OpenReason::Newer(newer)),
        (0, 0) if tables == 0 => Ok(false),
        (_, _) => Err(OpenReason::Foreign),
    }
}

impl From<Error> for OpenReason {
    fn from(error: Error) -> OpenReason {
        OpenReason::Sqlite(error)
    }
}
