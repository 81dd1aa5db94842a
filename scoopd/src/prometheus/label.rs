//! Names and labels as Prometheus allows them, made of names and tags as statsd allows them.

use std::{collections::BTreeMap, fmt::Write as _};

/// `name` with every character that may not stand in a metric's name as `_`.
pub(super) fn metric_name(name: &str) -> String {
    allowed(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// `{key="value",…}` of canonical tags, keys sorted; nothing for no tags.
///
/// A tag without a value is `true`. Values of keys that fall together are joined by commas, as a
/// label may stand there only once.
pub(super) fn labels(tags: &str) -> String {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for tag in tags.split(',').filter(|tag| !tag.is_empty()) {
        let (key, value) = tag.split_once(':').unwrap_or((tag, "true"));
        let joined = labels.entry(label_name(key)).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(value);
    }
    let mut text = String::new();
    for (key, value) in labels {
        let comma = if text.is_empty() { '{' } else { ',' };
        let _ = write!(text, "{comma}{key}=\"{}\"", escaped(&value)); // A String takes everything.
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

fn label_name(key: &str) -> String {
    let name = allowed(key, |c| c.is_ascii_alphanumeric() || c == '_');
    // Names that begin with two underscores are Prometheus' own.
    if name.starts_with("__") { format!("tag{name}") } else { name }
}

fn allowed(text: &str, may_stand: impl Fn(char) -> bool) -> String {
    let mut name: String = text.chars().map(|c| if may_stand(c) { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_only_what_prometheus_allows() {
        assert_eq!(metric_name("web.requests-2xx"), "web_requests_2xx");
        assert_eq!(metric_name("5xx"), "_5xx");
        assert_eq!(metric_name("größe:x"), "gr__e:x");
    }

    #[test]
    fn labels_are_escaped_and_stand_there_once() {
        assert_eq!(labels(""), "");
        assert_eq!(labels("a:1,flag"), r#"{a="1",flag="true"}"#);
        assert_eq!(labels("a.b:1,a_b:2,a_b:3"), r#"{a_b="1,2,3"}"#);
        assert_eq!(labels(r#"q:say "hi" \o/"#), r#"{q="say \"hi\" \\o/"}"#);
        assert_eq!(labels("__name__:x"), r#"{tag__name__="x"}"#);
    }
}
