//! A body of several lines: all of them, or the number of the first bad one.

use std::{error, fmt};

use super::{error::LineError, line::parse_line, record::Record};

/// Which line of a body is bad, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct BodyError {
    line: usize,
    reason: LineError,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl error::Error for BodyError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.reason.source()
    }
}

/// Reads every line of `body`; blank lines are skipped, but counted.
///
/// # Errors
///
/// The first bad line, counted from 1. The good ones before it are not handed out.
pub(crate) fn parse_body(body: &[u8]) -> Result<Vec<Record>, BodyError> {
    body.split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(at, line)| parse_line(line).map_err(|reason| BodyError { line: at + 1, reason }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_both_line_ends_are_fine() {
        let records = parse_body(b"a:1|c\n\nb:2|g\r\n  \nc:3|ms").unwrap();
        let names: Vec<_> = records.iter().map(|record| record.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(parse_body(b"\n \r\n").unwrap(), []);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let error = parse_body(b"a:1|c\n\nb:x|g\nc").unwrap_err();
        assert_eq!(error.to_string(), "line 3: the value `x` is not a finite number");
    }
}
