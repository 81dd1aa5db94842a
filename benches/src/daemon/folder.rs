//! A folder of one turn's own, with the database in it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{env, fs, io, process};

use rusqlite::{Connection, OpenFlags};

/// Gone, with all that is in it, when dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// The records of one connection, as the client counts them or as the database has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) records: u64,
    /// Of the numbers that the records carry.
    pub(super) sum: u64,
}

impl Folder {
    pub(super) fn new() -> io::Result<Folder> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("spumoni-bench-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        Ok(Folder(folder))
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.join("records.db")
    }

    /// What the database has of a name.
    pub(super) fn stored(&self, name: &str) -> rusqlite::Result<Stored> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(self.database(), flags)?;
        let sql = "SELECT count(*), coalesce(sum(value), 0) FROM samples WHERE name = ?";
        database.query_row(sql, [name], |row| {
            let (records, sum): (i64, f64) = (row.get(0)?, row.get(1)?);
            Ok(Stored { records: records.unsigned_abs(), sum: sum as u64 })
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
