//! What scoopd reads: lines, bodies and streams, as the bytes are.

#[path = "../../scoopd/src/statsd/mod.rs"]
#[allow(unused_imports, dead_code, reason = "the daemon uses all of it")]
mod statsd;

use statsd::{LineSplitter, parse_body, parse_line};

/// No line makes the parser panic, a bad one is told in one line, and a stream has the same lines wherever it is cut.
pub(crate) fn lines(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let mut first_bad = None;
    for (at, line) in lines.iter().enumerate() {
        match parse_line(line) {
            Ok(record) => assert!((record.value / record.rate).is_finite(), "{record:?}"),
            Err(error) => {
                assert!(!error.to_string().contains(char::is_control), "{error}");
                if !line.trim_ascii().is_empty() {
                    first_bad.get_or_insert(format!("line {}: {error}", at + 1));
                }
            }
        }
    }
    assert_eq!(parse_body(bytes).err().map(|error| error.to_string()), first_bad);
    // The first byte says where it is cut.
    let cut = bytes.first().map_or(0, |first| usize::from(*first) % (bytes.len() + 1));
    let (mut splitter, mut found) = (LineSplitter::default(), Vec::new());
    for part in [&bytes[..cut], &bytes[cut..]] {
        splitter.feed(part, |line| found.push(parse_line(line).ok()));
    }
    splitter.finish(|line| found.push(parse_line(line).ok()));
    let mut whole: Vec<_> = lines.iter().map(|line| parse_line(line).ok()).collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        whole.pop();
    }
    assert_eq!(found, whole);
}
