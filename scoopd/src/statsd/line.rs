//! One line: `name:value|type[|@rate][|#tags]`, further parts skipped.

use super::{
    error::LineError,
    record::{Kind, Record},
    tags,
};

/// Most bytes a line may have.
pub(super) const MAX_LINE: usize = 8192;
/// Most bytes a name may have.
pub(super) const MAX_NAME: usize = 200;
/// Largest value, also after it is divided by its sample rate. 10²⁰⁰ of them can be added up
/// before a sum is no longer finite, so no sum in the program has to be guarded.
const MAX_VALUE: f64 = 1e100;
/// Smallest sample rate; what lies below it is a mistake, and its inverse might not be finite.
const MIN_RATE: f64 = 1e-9;

/// Reads one line; a line break at its end is no part of it.
///
/// # Errors
///
/// The first thing that is wrong with it. No input panics.
pub(crate) fn parse_line(line: &[u8]) -> Result<Record, LineError> {
    if line.len() > MAX_LINE {
        return Err(LineError::LineTooLong { max: MAX_LINE });
    }
    let line = str::from_utf8(line).map_err(|_| LineError::NotUtf8)?.trim();
    let (name, rest) = line.split_once(':').ok_or(LineError::NoColon)?;
    check_name(name)?;
    let mut parts = rest.split('|');
    let value = parts.next().unwrap_or_default();
    let kind = kind(parts.next().ok_or(LineError::NoType)?, value)?;
    let value = number(value)?;
    let (mut rate, mut found) = (1.0, Vec::new());
    for part in parts {
        if let Some(text) = part.strip_prefix('@') {
            rate = sample_rate(text)?;
        } else if let Some(text) = part.strip_prefix('#') {
            tags::read(text, &mut found)?;
        }
    }
    if matches!(kind, Kind::Gauge | Kind::GaugeDelta) {
        rate = 1.0; // A level is a level, however seldom it is told.
    }
    if (value / rate).abs() > MAX_VALUE {
        return Err(LineError::OutOfRange { max: MAX_VALUE });
    }
    Ok(Record { name: name.to_owned(), kind, value, rate, tags: tags::canonical(found) })
}

fn check_name(name: &str) -> Result<(), LineError> {
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    if name.len() > MAX_NAME {
        return Err(LineError::NameTooLong { max: MAX_NAME });
    }
    match name.chars().find(|c| c.is_control() || c.is_whitespace()) {
        Some(c) => Err(LineError::NameCharacter(c)),
        None => Ok(()),
    }
}

fn kind(text: &str, value: &str) -> Result<Kind, LineError> {
    match text {
        "c" => Ok(Kind::Counter),
        "g" if value.starts_with(['+', '-']) => Ok(Kind::GaugeDelta),
        "g" => Ok(Kind::Gauge),
        "ms" => Ok(Kind::Timer),
        "h" => Ok(Kind::Histogram),
        "d" => Ok(Kind::Distribution),
        "" => Err(LineError::NoType),
        other => Err(LineError::UnknownType(other.to_owned())),
    }
}

fn number(text: &str) -> Result<f64, LineError> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) | Err(_) => Err(LineError::NotANumber(text.to_owned())),
    }
}

fn sample_rate(text: &str) -> Result<f64, LineError> {
    match text.parse::<f64>() {
        Ok(rate) if (MIN_RATE..=1.0).contains(&rate) => Ok(rate),
        Ok(_) | Err(_) => Err(LineError::BadRate { text: text.to_owned(), min: MIN_RATE }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, kind: Kind, value: f64, rate: f64, tags: &str) -> Record {
        Record { name: name.to_owned(), kind, value, rate, tags: tags.to_owned() }
    }

    #[test]
    fn good_lines_become_records() {
        let table = [
            ("coffee:1|c", record("coffee", Kind::Counter, 1.0, 1.0, "")),
            ("coffee:-2|c|@0.1", record("coffee", Kind::Counter, -2.0, 0.1, "")),
            ("heat:12.5|g", record("heat", Kind::Gauge, 12.5, 1.0, "")),
            ("heat:+3|g", record("heat", Kind::GaugeDelta, 3.0, 1.0, "")),
            ("heat:-3|g|@0.5", record("heat", Kind::GaugeDelta, -3.0, 1.0, "")),
            ("t:3|ms|#b:2,a:1", record("t", Kind::Timer, 3.0, 1.0, "a:1,b:2")),
            ("t:3|ms|#a|@0.5|#b", record("t", Kind::Timer, 3.0, 0.5, "a,b")),
            ("h:1e3|h|c:abc|T16565", record("h", Kind::Histogram, 1000.0, 1.0, "")),
            ("d:.5|d|", record("d", Kind::Distribution, 0.5, 1.0, "")),
            ("käse.größe:1|c\r", record("käse.größe", Kind::Counter, 1.0, 1.0, "")),
        ];
        for (line, expected) in table {
            assert_eq!(parse_line(line.as_bytes()).as_ref(), Ok(&expected), "{line}");
        }
    }

    #[test]
    fn bad_lines_are_refused_with_the_reason() {
        let table = [
            ("", "no `:`"),
            ("coffee", "no `:`"),
            (":1|c", "no name"),
            ("a b:1|c", "the name holds a space"),
            ("a\u{0}b:1|c", "the name holds the character \\u{0}"),
            ("coffee:1", "no type"),
            ("coffee:1|", "no type"),
            ("coffee:1|x", "the type `x`"),
            ("coffee:|c", "the value ``"),
            ("coffee:abc|c", "the value `abc`"),
            ("coffee:nan|c", "not a finite number"),
            ("coffee:-inf|g", "not a finite number"),
            ("coffee:1e999|c", "not a finite number"),
            ("coffee:1e101|c", "out of range"),
            ("coffee:1e100|c|@0.1", "out of range"),
            ("coffee:1|c|@0", "the sample rate `0`"),
            ("coffee:1|c|@1.1", "the sample rate `1.1`"),
            ("coffee:0|c|@5e-324", "the sample rate"),
            ("coffee:1|c|@NaN", "the sample rate"),
            ("coffee:1|c|@", "the sample rate"),
            ("coffee:1|c|#:x", "has no key"),
        ];
        for (line, reason) in table {
            let error = parse_line(line.as_bytes()).expect_err(line).to_string();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }

    #[test]
    fn bounds_hold_to_the_byte() {
        let name = "n".repeat(MAX_NAME);
        assert!(parse_line(format!("{name}:1|c").as_bytes()).is_ok());
        let error = parse_line(format!("{name}n:1|c").as_bytes()).unwrap_err();
        assert_eq!(error, LineError::NameTooLong { max: MAX_NAME });
        let filler = "x".repeat(MAX_LINE - "a:1|c|".len());
        assert!(parse_line(format!("a:1|c|{filler}").as_bytes()).is_ok());
        let error = parse_line(format!("a:1|c|{filler}x").as_bytes()).unwrap_err();
        assert_eq!(error, LineError::LineTooLong { max: MAX_LINE });
    }

    #[test]
    fn no_bytes_make_the_parser_panic() {
        // Every short string over the characters that mean something, and bytes that are no text.
        let alphabet: [&[u8]; 9] = [b"a", b":", b"|", b"c", b"@", b"#", b"1", b",", &[0xff, 0xc3]];
        for mut number in 0..alphabet.len().pow(6) {
            let mut line = Vec::new();
            for _ in 0..6 {
                line.extend_from_slice(alphabet[number % alphabet.len()]);
                number /= alphabet.len();
            }
            if let Ok(record) = parse_line(&line) {
                assert!(record.value.is_finite() && record.rate > 0.0 && !record.name.is_empty());
            }
        }
    }
}
