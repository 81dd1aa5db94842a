//! Names of services: the rule they obey, and the one a service has by default.

use syn::ext::IdentExt;
use syn::{Error, Ident, LitStr, Result};

/// The longest name, in bytes.
const LONGEST: usize = 255;

/// Checks a name that the user has chosen.
pub(crate) fn check(name: &LitStr) -> Result<()> {
    let text = name.value();
    let problem = if text.trim().is_empty() {
        "the name of a service must not be empty; leave `name` out to get the default".to_owned()
    } else if text.chars().any(char::is_control) {
        "the name of a service must not contain control characters, such as line breaks".to_owned()
    } else if text.len() > LONGEST {
        format!("the name of a service has at most {LONGEST} bytes; this one has {}", text.len())
    } else {
        return Ok(());
    };
    Err(Error::new(name.span(), problem))
}

/// The default: the name of the type or function in kebab-case.
pub(crate) fn of(ident: &Ident) -> LitStr {
    LitStr::new(&kebab(&ident.unraw().to_string()), ident.span())
}

fn kebab(ident: &str) -> String {
    let chars: Vec<char> = ident.chars().collect();
    let mut kebab = String::new();
    for (i, c) in chars.iter().enumerate() {
        if *c == '_' {
            continue;
        }
        if i > 0 && starts_word(chars[i - 1], *c, chars.get(i + 1)) && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
    }
    // Nothing but underscores: better an odd name than none.
    if kebab.is_empty() { ident.to_owned() } else { kebab }
}

/// Whether `c` begins a word: after an underscore, at `aB`, and at the `C` of `ABCd`.
fn starts_word(before: char, c: char, after: Option<&char>) -> bool {
    let ends_acronym = before.is_uppercase() && after.is_some_and(|c| c.is_lowercase());
    before == '_' || (c.is_uppercase() && (!before.is_uppercase() || ends_acronym))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;
    use quote::format_ident;

    #[test]
    fn default_names_are_kebab_case() {
        for (ident, expected) in [
            (format_ident!("HttpApi"), "http-api"),
            (format_ident!("http_api"), "http-api"),
            (format_ident!("HTTPServer"), "http-server"),
            (format_ident!("Http2Api"), "http2-api"),
            (format_ident!("X"), "x"),
            (format_ident!("_Hidden__Type_"), "hidden-type"),
            (format_ident!("ÄrgerÖl"), "ärger-öl"),
            (format_ident!("__"), "__"),
            (Ident::new_raw("loop", Span::call_site()), "loop"),
        ] {
            assert_eq!(of(&ident).value(), expected);
        }
    }

    #[test]
    fn chosen_names_are_refused_when_empty_long_or_unprintable() {
        for (name, problem) in [
            ("api", None),
            ("Metrics, hourly", None),
            (&*"x".repeat(255), None),
            ("", Some("empty")),
            (" \t", Some("empty")),
            ("a\nb", Some("control")),
            (&*"é".repeat(128), Some("this one has 256")),
        ] {
            let result = check(&LitStr::new(name, Span::call_site()));
            match (result, problem) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{error}"),
                (result, _) => panic!("{name:?}: {result:?}"),
            }
        }
    }
}
