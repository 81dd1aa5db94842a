//! One line from a source that gets no answer: taken, or counted as bad.

use crate::{
    counters::Counters,
    statsd::{Record, parse_line},
};

/// Puts the record of `line` behind the others. A blank line is none, and not a bad one either.
pub(super) fn take_line(line: &[u8], records: &mut Vec<Record>, counters: &Counters) {
    if line.trim_ascii().is_empty() {
        return;
    }
    match parse_line(line) {
        Ok(record) => records.push(record),
        Err(_) => counters.bad_lines(1),
    }
}
