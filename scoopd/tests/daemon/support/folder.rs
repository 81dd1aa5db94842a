//! A folder of one test's own.

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use rusqlite::Connection;

/// Gone, with all that is in it, when dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("scoopd-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the test");
        Folder(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The database of this folder's daemon, as somebody else opens it.
    pub(crate) fn open_db(&self) -> Connection {
        let connection = Connection::open(self.db()).expect("the daemon's database");
        connection.busy_timeout(super::DEADLINE).expect("a timeout");
        connection
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.file("scoopd.db")
    }

    /// Answers a question that has one number as its answer.
    pub(crate) fn count(&self, sql: &str) -> u64 {
        let count = self.open_db().query_row(sql, [], |row| row.get::<_, i64>(0));
        count.expect(sql).unsigned_abs()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
