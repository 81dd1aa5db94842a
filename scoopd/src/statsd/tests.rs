//! The parser under bytes that nobody thought of: it never panics, and what it takes it takes again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Kind, LineSplitter, Record, parse_body, parse_line};

/// What lines are made of, right and wrong.
const PARTS: [&str; 40] = [
    "coffee", "käse", "a b", "\u{0}", "\u{202e}", "\u{feff}", "日", ":", ":", ":", "|", "|", "|",
    "c", "g", "ms", "h", "d", "x", "@", "@0.1", "@1", "@1e-9", "@nan", "#", "#a:1,b", "#:x", ",",
    "1", "+3", "-0", "1e100", "5e-324", "0.1", "-inf", "1_0", "\r", " ", "\u{a0}", "\t",
];

fn text_of_parts() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PARTS[..]), 0..16).prop_map(|parts| parts.concat().into_bytes())
}

/// Lines that are right but for what their parts hold.
fn nearly_a_line() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![any::<f64>().prop_map(|value| value.to_string()), "[-+.0-9e]{1,8}"];
    let kind = select(&["c", "g", "ms", "h", "d"][..]);
    let rate = proptest::option::of(prop_oneof![0.0..1.1, 0.0..1e-8]);
    (".{1,8}", value, kind, rate, vec(".{0,6}", 0..5)).prop_map(
        |(name, value, kind, rate, tags)| {
            let rate = rate.map_or(String::new(), |rate| format!("|@{rate}"));
            format!("{name}:{value}|{kind}{rate}|#{}", tags.join(",")).into_bytes()
        },
    )
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..64), text_of_parts(), nearly_a_line()]
}

/// The record as a client would have sent it.
fn print(record: &Record) -> String {
    let Record { name, kind, value, rate, tags } = record;
    let (value, kind) = match kind {
        Kind::Counter => (value.to_string(), "c"),
        Kind::Gauge => (value.to_string(), "g"),
        Kind::GaugeDelta => (format!("{value:+}"), "g"),
        Kind::Timer => (value.to_string(), "ms"),
        Kind::Histogram => (value.to_string(), "h"),
        Kind::Distribution => (value.to_string(), "d"),
    };
    let tags = if tags.is_empty() { String::new() } else { format!("|#{tags}") };
    format!("{name}:{value}|{kind}|@{rate}{tags}")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_accepted_prints_and_parses_back_to_the_same(line in line()) {
        match parse_line(&line) {
            Ok(record) => {
                prop_assert!(record.value.is_finite() && (record.value / record.rate).is_finite());
                let printed = print(&record);
                prop_assert_eq!(parse_line(printed.as_bytes()), Ok(record), "{}", printed);
            }
            // Said on one line, whatever it is about.
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{}", error),
        }
    }

    #[test]
    fn a_stream_is_the_same_lines_wherever_it_is_cut(
        lines in vec(line(), 0..8),
        cuts in vec(any::<proptest::sample::Index>(), 0..8),
    ) {
        let stream = lines.join(&b'\n');
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let (mut splitter, mut found) = (LineSplitter::default(), Vec::new());
        for part in cuts.windows(2) {
            splitter.feed(&stream[part[0]..part[1]], |line| found.push(line.to_vec()));
        }
        splitter.finish(|line| found.push(line.to_vec()));
        let mut whole: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
        // What follows the last line break is a line only if there is something.
        whole.pop_if(|last| last.is_empty());
        prop_assert_eq!(found, whole);
    }

    #[test]
    fn a_body_is_all_of_its_lines_or_the_first_that_is_bad(lines in vec(line(), 0..6)) {
        let body = lines.join(&b'\n');
        let mut good = Vec::new();
        let mut bad = None;
        for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
            if bad.is_none() && !line.trim_ascii().is_empty() {
                match parse_line(line) {
                    Ok(record) => good.push(record),
                    Err(reason) => bad = Some(format!("line {}: {reason}", at + 1)),
                }
            }
        }
        match (parse_body(&body), bad) {
            (Ok(records), None) => prop_assert_eq!(records, good),
            (Err(error), Some(bad)) => prop_assert_eq!(error.to_string(), bad),
            (found, bad) => prop_assert!(false, "{found:?}, but {bad:?}"),
        }
    }
}
