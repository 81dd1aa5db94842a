//! Why a file cannot be the database, said to whoever chose it.

use std::{error, fmt, path::PathBuf};

use rusqlite::{Error, ErrorCode};

/// The database cannot be used.
#[derive(Debug)]
pub(crate) struct OpenError {
    path: PathBuf,
    reason: OpenReason,
}

/// What is in the way.
#[derive(Debug)]
pub(super) enum OpenReason {
    /// The folder is not there.
    NoFolder(PathBuf),
    /// The path names a folder.
    IsFolder,
    /// A SQLite file that another program made.
    Foreign,
    /// A file of a later scoopd.
    Newer(i32),
    /// SQLite refuses it.
    Sqlite(Error),
}

impl OpenError {
    pub(super) fn new(path: impl Into<PathBuf>, reason: OpenReason) -> OpenError {
        OpenError { path: path.into(), reason }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use `{}` as the database: {}", self.path.display(), self.reason)
    }
}

impl error::Error for OpenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.reason {
            OpenReason::Sqlite(error) => Some(error),
            OpenReason::NoFolder(_)
            | OpenReason::IsFolder
            | OpenReason::Foreign
            | OpenReason::Newer(_) => None,
        }
    }
}

impl fmt::Display for OpenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenReason::NoFolder(folder) => write!(f, "there is no folder `{}`", folder.display()),
            OpenReason::IsFolder => write!(f, "it is a folder, not a file"),
            OpenReason::Foreign => write!(f, "it is the database of another program"),
            OpenReason::Newer(version) => {
                write!(f, "a later scoopd made it (tables of version {version})")
            }
            OpenReason::Sqlite(error) => write!(f, "{}", in_plain_words(error)),
        }
    }
}

/// SQLite's reasons, as far as whoever chose the file can do something about them.
fn in_plain_words(error: &Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is not a SQLite database".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it is not writable".to_owned(),
        Some(ErrorCode::CannotOpen) => "it cannot be opened or made there".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked it".to_owned()
        }
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}
