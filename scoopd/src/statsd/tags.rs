//! Tags of a line: `#key:value,key`, brought into one canonical text.

use super::error::LineError;

/// Most tags a line may have.
pub(super) const MAX_TAGS: usize = 32;
/// Most bytes a tag may have, key and value together.
pub(super) const MAX_TAG: usize = 200;

/// Reads what stands after the `#` into `tags`; empty ones are skipped.
pub(super) fn read<'a>(part: &'a str, tags: &mut Vec<&'a str>) -> Result<(), LineError> {
    for tag in part.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        check(tag)?;
        if tags.len() == MAX_TAGS {
            return Err(LineError::TooManyTags { max: MAX_TAGS });
        }
        tags.push(tag);
    }
    Ok(())
}

/// Sorted, without doubles, joined by commas: equal sets of tags have equal texts.
pub(super) fn canonical(mut tags: Vec<&str>) -> String {
    tags.sort_unstable();
    tags.dedup();
    tags.join(",")
}

fn check(tag: &str) -> Result<(), LineError> {
    if tag.len() > MAX_TAG {
        return Err(LineError::TagTooLong { max: MAX_TAG });
    }
    if let Some(c) = tag.chars().find(|c| c.is_control()) {
        return Err(LineError::TagCharacter(c));
    }
    if tag.starts_with(':') {
        return Err(LineError::TagWithoutKey(tag.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(part: &str) -> Result<String, LineError> {
        let mut tags = Vec::new();
        read(part, &mut tags)?;
        Ok(canonical(tags))
    }

    #[test]
    fn tags_are_sorted_and_lose_their_doubles_and_gaps() {
        assert_eq!(canonical_of("b:2,a:1,,b:2, flag ").unwrap(), "a:1,b:2,flag");
        assert_eq!(canonical_of("").unwrap(), "");
        assert_eq!(canonical_of("url:http://x").unwrap(), "url:http://x");
    }

    #[test]
    fn tags_out_of_bounds_are_refused_with_the_bound() {
        let many = (0..=MAX_TAGS).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(canonical_of(&many), Err(LineError::TooManyTags { max: MAX_TAGS }));
        let long = "x".repeat(MAX_TAG + 1);
        assert_eq!(canonical_of(&long), Err(LineError::TagTooLong { max: MAX_TAG }));
        assert_eq!(canonical_of("a\u{7}"), Err(LineError::TagCharacter('\u{7}')));
        assert_eq!(canonical_of(":x"), Err(LineError::TagWithoutKey(":x".to_owned())));
    }
}
