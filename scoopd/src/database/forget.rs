//! Deletes old samples, some at a time, so that whoever waits for a commit does not wait long.
//!
//! Only what is summed up: the sums by second stay, and nothing is missing in them. Samples are looked at in the order
//! they came, so this costs no more than what it deletes.

use rusqlite::{Connection, Error, TransactionBehavior};

/// How many samples are looked at in one transaction.
const SOME: usize = 4096;

const DELETE: &str = "
    DELETE FROM samples WHERE at < ?1 AND id IN (
        SELECT id FROM samples WHERE id <= (SELECT rolled_up FROM progress) ORDER BY id LIMIT ?2
    )
";

/// How many were deleted, and whether there may well be more.
pub(super) fn forget(connection: &mut Connection, before: i64) -> Result<(usize, bool), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let deleted = transaction.prepare(DELETE)?.execute((before, SOME as i64))?;
    transaction.commit()?;
    // A few that are newer may stand among them, of a clock that went back; most are, where the old ones end.
    Ok((deleted, deleted > SOME / 2))
}
