//! The services of a daemon as a table or as JSON, for `--list-services`.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use spumoni_core::ServiceList;

/// One line of the list.
#[derive(Debug)]
pub(super) struct Line {
    /// Its place in the order of the start, from 1, if it will start.
    pub(super) order: Option<usize>,
    pub(super) name: Arc<str>,
    /// Not known of one that cannot be made; nor is its set.
    pub(super) flavour: Option<String>,
    pub(super) set: Option<String>,
    pub(super) after: Vec<Arc<str>>,
    pub(super) flags: Vec<String>,
}

/// The services in the order of their start, then those that do not start.
pub(super) fn lines(
    services: &ServiceList,
    order: Option<&[Arc<str>]>,
    flags: impl Fn(&str) -> Vec<String>,
) -> Vec<Line> {
    let place = |name: &str| {
        order.and_then(|order| order.iter().position(|one| **one == *name)).map(|place| place + 1)
    };
    let mut lines: Vec<Line> = services
        .all()
        .iter()
        .map(|service| Line {
            order: place(service.name()),
            name: service.name().into(),
            flavour: Some(service.flavour().to_string()),
            set: service.set().map(str::to_owned),
            after: service.after().to_vec(),
            flags: flags(service.name()),
        })
        .collect();
    lines.sort_by_key(|line| line.order.unwrap_or(usize::MAX));
    lines
}

pub(super) fn text(lines: &[Line]) -> String {
    let rows = lines.iter().map(|line| {
        [
            line.order.map_or("-".to_owned(), |place| place.to_string()),
            line.name.to_string(),
            line.flavour.clone().unwrap_or_else(|| "?".to_owned()),
            line.set.clone().unwrap_or_default(),
            line.after.join(", "),
        ]
    });
    let head = ["ORDER", "SERVICE", "FLAVOUR", "SET", "AFTER"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1, 2, 3].map(|column| width(column).unwrap_or(0));
    let any_set = lines.iter().any(|line| line.set.is_some());
    let mut text = String::new();
    for [order, name, flavour, set, after] in &rows {
        let [a, b, c, d] = widths;
        let set = if any_set { format!("{set:d$}  ") } else { String::new() };
        let row = format!("{order:a$}  {name:b$}  {flavour:c$}  {set}{after}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text.pop();
    text
}

pub(super) fn json(lines: &[Line]) -> String {
    let all = lines.iter().map(|line| {
        json!({
            "order": line.order,
            "name": &*line.name,
            "flavour": line.flavour,
            "set": line.set,
            "after": line.after.iter().map(|name| &**name).collect::<Vec<_>>(),
            "flags": line.flags,
        })
    });
    format!("{:#}", Value::Array(all.collect()))
}
