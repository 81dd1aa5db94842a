//! Cuts a stream of bytes into lines, keeping no more of an unfinished one than a line may have.
//!
//! # Invariants
//! 1. `rest` holds no line break and at most `MAX_LINE` + 1 bytes: the last one shows that the line
//!    is too long.
//! 2. While `rest` is that full, further bytes of its line are dropped: the line is bad anyway.

use super::line::MAX_LINE;

const KEPT: usize = MAX_LINE + 1;

/// The unfinished last line of a stream.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    rest: Vec<u8>,
}

impl LineSplitter {
    /// Hands every line that `bytes` completes to `line`, without its line break.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            if self.rest.is_empty() {
                line(&bytes[..end]);
            } else {
                self.keep(&bytes[..end]);
                line(&self.rest);
                self.rest.clear();
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// Hands out the line that the end of the stream completes, if there is one.
    pub(crate) fn finish(&mut self, line: impl FnOnce(&[u8])) {
        if !self.rest.is_empty() {
            line(&std::mem::take(&mut self.rest));
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT - self.rest.len();
        self.rest.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut take = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        let mut splitter = LineSplitter::default();
        for chunk in chunks {
            splitter.feed(chunk, &mut take);
        }
        splitter.finish(take);
        lines
    }

    #[test]
    fn lines_come_out_whole_wherever_the_stream_is_cut() {
        let text = b"a:1|c\nbb:2|g\n\nc:3|ms";
        let whole = ["a:1|c", "bb:2|g", "", "c:3|ms"];
        for first in 0..text.len() {
            for second in first..text.len() {
                let chunks = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(lines_of(&chunks), whole);
            }
        }
    }

    #[test]
    fn an_endless_line_takes_no_memory_and_the_next_one_is_whole() {
        let mut splitter = LineSplitter::default();
        let (mut bad, mut last) = (0, Vec::new());
        let chunk = [b'x'; 1000];
        for _ in 0..1000 {
            splitter.feed(&chunk, |_| unreachable!("no line has ended"));
            assert!(splitter.rest.len() <= KEPT);
        }
        splitter.feed(b"\na:1|c\n", |line| {
            bad += usize::from(super::super::parse_line(line).is_err());
            last = line.to_vec();
        });
        assert_eq!((bad, last.as_slice()), (1, b"a:1|c".as_slice()));
    }
}
