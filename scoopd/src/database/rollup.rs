//! Sums up samples by second, name, kind and tags.
//!
//! How far it got stands in the file and moves in the same transaction, so a crash sums up nothing
//! twice and leaves nothing out.

use rusqlite::{Connection, Error, TransactionBehavior};

const SUM_UP: &str = "
    INSERT INTO rollups (second, name, kind, tags, samples, weight, sum, low, high, last)
    SELECT g.second, g.name, g.kind, g.tags, g.samples, g.weight, g.sum, g.low, g.high, s.value
    FROM (
        SELECT at / 1000 AS second, name, kind, tags, count(*) AS samples, sum(1 / rate) AS weight,
               sum(value / rate) AS sum, min(value) AS low, max(value) AS high, max(id) AS last_id
        FROM samples WHERE id > ?1 AND id <= ?2
        GROUP BY at / 1000, name, kind, tags
    ) AS g JOIN samples AS s ON s.id = g.last_id
    WHERE true
    ON CONFLICT (name, second, kind, tags) DO UPDATE SET
        samples = samples + excluded.samples,
        weight = weight + excluded.weight,
        sum = sum + excluded.sum,
        low = min(low, excluded.low),
        high = max(high, excluded.high),
        last = excluded.last
";

pub(super) fn roll_up(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: i64 =
        transaction.query_row("SELECT rolled_up FROM progress", [], |row| row.get(0))?;
    let last: i64 =
        transaction.query_row("SELECT coalesce(max(id), 0) FROM samples", [], |row| row.get(0))?;
    if last <= done {
        return Ok(());
    }
    transaction.prepare(SUM_UP)?.execute([done, last])?;
    transaction.execute("UPDATE progress SET rolled_up = ?", [last])?;
    transaction.commit()
}
