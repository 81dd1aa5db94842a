//! The reading side: what is known of one name.

use rusqlite::{Connection, Error, Row, params};
use serde::Serialize;

/// The database, open for queries only.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
}

/// What is known of one name, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    name: String,
    samples: Vec<Sample>,
    rollups: Vec<Rollup>,
}

/// One record as it was taken.
#[derive(Debug, Serialize)]
struct Sample {
    at_ms: i64,
    kind: String,
    value: f64,
    rate: f64,
    tags: Vec<String>,
}

/// One second's records of one kind with the same tags.
#[derive(Debug, Serialize)]
struct Rollup {
    second: i64,
    kind: String,
    tags: Vec<String>,
    samples: i64,
    weight: f64,
    sum: f64,
    low: f64,
    high: f64,
    last: f64,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Reader {
        Reader { connection }
    }

    /// The last `limit` samples and rollups of `name`; none is an answer too.
    pub(crate) fn query(&self, name: String, limit: u32) -> Result<Answer, Error> {
        let samples = self.rows(
            "SELECT at, kind, value, rate, tags FROM samples
             WHERE name = ? ORDER BY id DESC LIMIT ?",
            &name,
            limit,
            sample,
        )?;
        let rollups = self.rows(
            "SELECT second, kind, tags, samples, weight, sum, low, high, last FROM rollups
             WHERE name = ? ORDER BY second DESC, kind, tags LIMIT ?",
            &name,
            limit,
            rollup,
        )?;
        Ok(Answer { name, samples, rollups })
    }

    fn rows<T>(
        &self,
        sql: &str,
        name: &str,
        limit: u32,
        read: fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.connection.prepare(sql)?.query_map(params![name, limit], read)?.collect()
    }
}

fn sample(row: &Row<'_>) -> Result<Sample, Error> {
    Ok(Sample {
        at_ms: row.get(0)?,
        kind: row.get(1)?,
        value: row.get(2)?,
        rate: row.get(3)?,
        tags: tags(row, 4)?,
    })
}

fn rollup(row: &Row<'_>) -> Result<Rollup, Error> {
    Ok(Rollup {
        second: row.get(0)?,
        kind: row.get(1)?,
        tags: tags(row, 2)?,
        samples: row.get(3)?,
        weight: row.get(4)?,
        sum: row.get(5)?,
        low: row.get(6)?,
        high: row.get(7)?,
        last: row.get(8)?,
    })
}

fn tags(row: &Row<'_>, column: usize) -> Result<Vec<String>, Error> {
    let joined: String = row.get(column)?;
    Ok(joined.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
}
