//! Collects the mistakes of one use, so that all are told at once, and words hints for them.

use syn::{Error, Result};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Keeps the error and passes the value on.
    pub(crate) fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// All that was found, as one error; `value` if that is nothing.
    pub(crate) fn or<T>(self, value: T) -> Result<T> {
        self.all().map_or(Ok(value), Err)
    }

    /// All that was found, as one error.
    pub(crate) fn all(self) -> Option<Error> {
        self.0
    }
}

/// The one of `known` that `given` was probably meant to be.
pub(crate) fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let given = given.to_lowercase().replace('_', "-");
    known
        .iter()
        .map(|word| (distance(&given, word), *word))
        .filter(|(distance, word)| *distance <= word.chars().count().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// "unknown …", the hint if one is near, and all that would be right.
pub(crate) fn unknown(what: &str, given: &str, known: &[&str]) -> String {
    let hint = match nearest(given, known) {
        Some(word) => format!("; did you mean `{word}`?"),
        None => String::new(),
    };
    let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    format!("unknown {what} `{given}`{hint}\nknown {what}s: {}", known.join(", "))
}

/// How many characters must be put in, taken out or replaced to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    #[test]
    fn nearest_finds_slips_and_leaves_other_words_alone() {
        let known = ["tokio", "smol", "async-std", "thread"];
        for (given, expected) in [
            ("tokyo", Some("tokio")),
            ("Tokio", Some("tokio")),
            ("async_std", Some("async-std")),
            ("AsyncStd", Some("async-std")),
            ("threads", Some("thread")),
            ("small", Some("smol")),
            ("rayon", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &known), expected, "{given}");
        }
    }

    #[test]
    fn unknown_lists_what_is_known_and_hints_only_when_near() {
        assert_eq!(
            unknown("argument", "nam", &["flavour", "name"]),
            "unknown argument `nam`; did you mean `name`?\nknown arguments: `flavour`, `name`"
        );
        assert_eq!(
            unknown("argument", "after", &["flavour", "name"]),
            "unknown argument `after`\nknown arguments: `flavour`, `name`"
        );
    }

    #[test]
    fn errors_tells_all_or_gives_the_value() {
        let span = Span::call_site();
        let mut errors = Errors::default();
        assert_eq!(errors.keep(Ok(1)), Some(1));
        assert_eq!(errors.keep::<()>(Err(Error::new(span, "one"))), None);
        errors.push(Error::new(span, "two"));
        let told: Vec<String> =
            errors.or(()).unwrap_err().into_iter().map(|e| e.to_string()).collect();
        assert_eq!(told, ["one", "two"]);
        assert_eq!(Errors::default().or(7).unwrap(), 7);
    }
}
