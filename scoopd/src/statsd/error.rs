//! What can be wrong with a line, said so that its sender can mend it.

use std::{error, fmt};

/// Why a line is no measurement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LineError {
    /// Some bytes are no text.
    NotUtf8,
    /// More bytes than a line may have.
    LineTooLong { max: usize },
    /// Name and value are not told apart.
    NoColon,
    /// Nothing stands before the colon.
    NoName,
    /// More bytes than a name may have.
    NameTooLong { max: usize },
    /// A blank or a control character in the name.
    NameCharacter(char),
    /// The `|` with the type is missing.
    NoType,
    /// A type this collector does not know.
    UnknownType(String),
    /// The value is not a finite decimal number.
    NotANumber(String),
    /// The value, or the value over its sample rate, is too large to be added up.
    OutOfRange { max: f64 },
    /// The sample rate is no part of the whole.
    BadRate { text: String, min: f64 },
    /// More tags than a line may have.
    TooManyTags { max: usize },
    /// More bytes than a tag may have.
    TagTooLong { max: usize },
    /// A tag with a value but no key.
    TagWithoutKey(String),
    /// A control character in a tag.
    TagCharacter(char),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::NotUtf8 => write!(f, "the line is not UTF-8 text"),
            LineError::LineTooLong { max } => write!(f, "the line is longer than {max} bytes"),
            LineError::NoColon => {
                write!(f, "no `:` between name and value (expected `name:value|type`)")
            }
            LineError::NoName => write!(f, "there is no name before the `:`"),
            LineError::NameTooLong { max } => write!(f, "the name is longer than {max} bytes"),
            LineError::NameCharacter(c) => write!(f, "the name holds {}", character(*c)),
            LineError::NoType => {
                write!(f, "no type after the value (expected `|c`, `|g` or `|ms`)")
            }
            LineError::UnknownType(t) => {
                write!(f, "the type `{}` is none of c, g, ms, h, d", excerpt(t))
            }
            LineError::NotANumber(v) => {
                write!(f, "the value `{}` is not a finite number", excerpt(v))
            }
            LineError::OutOfRange { max } => write!(f, "the value is out of range (±{max:e})"),
            LineError::BadRate { text, min } => {
                write!(f, "the sample rate `{}` is not from {min:e} to 1", excerpt(text))
            }
            LineError::TooManyTags { max } => write!(f, "there are more than {max} tags"),
            LineError::TagTooLong { max } => write!(f, "a tag is longer than {max} bytes"),
            LineError::TagWithoutKey(t) => write!(f, "the tag `{}` has no key", excerpt(t)),
            LineError::TagCharacter(c) => write!(f, "a tag holds {}", character(*c)),
        }
    }
}

impl error::Error for LineError {}

/// The beginning of what was sent, fit to be shown on one line of a terminal.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

fn character(c: char) -> String {
    if c == ' ' { "a space".to_owned() } else { format!("the character {}", c.escape_unicode()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_holds_no_control_character() {
        let shown = excerpt(&"\u{1b}[31m\n".repeat(1000));
        assert!(shown.chars().count() < 400);
        assert!(!shown.chars().any(char::is_control));
    }
}
