//! Tables, and the two numbers in the file's header by which scoopd knows its own.

/// `scop`, read as a number: marks a file as scoopd's.
pub(super) const APPLICATION_ID: i32 = 0x7363_6f70;
/// Version of the tables below.
pub(super) const VERSION: i32 = 1;

/// Makes what a new file needs.
///
/// `samples.id` is never used twice, so that `progress.rolled_up` (the last id that is summed up)
/// stays right even after somebody has deleted samples.
pub(super) const CREATE: &str = "
    CREATE TABLE samples (
        id    INTEGER PRIMARY KEY AUTOINCREMENT,
        at    INTEGER NOT NULL,             -- milliseconds since 1970
        name  TEXT NOT NULL,
        kind  TEXT NOT NULL,                -- counter, gauge, gauge_delta, timer, histogram, distribution
        value REAL NOT NULL,
        rate  REAL NOT NULL,                -- the sample stands for 1/rate of its like
        tags  TEXT NOT NULL                 -- sorted, joined by commas
    ) STRICT;
    CREATE INDEX samples_by_name ON samples (name, id);
    CREATE TABLE rollups (
        second  INTEGER NOT NULL,           -- since 1970
        name    TEXT NOT NULL,
        kind    TEXT NOT NULL,
        tags    TEXT NOT NULL,
        samples INTEGER NOT NULL,
        weight  REAL NOT NULL,              -- how many they stand for
        sum     REAL NOT NULL,              -- of value/rate
        low     REAL NOT NULL,
        high    REAL NOT NULL,
        last    REAL NOT NULL,
        PRIMARY KEY (name, second, kind, tags)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE progress (rolled_up INTEGER NOT NULL) STRICT;
    INSERT INTO progress VALUES (0);
";
