//! A row for each contestant: a mark at the median, a line from the lowest to the highest round.

use std::fmt::Write;

use crate::picture::axis::{Axis, label};
use crate::picture::frame::{Heading, ROW, TOP, class, escaped};
use crate::place::Place;
use crate::record::{Entry, Machine, RouteRecord};
use crate::table;

/// Where the plot begins and ends.
const LEFT: f64 = 360.0;
const RIGHT: f64 = 900.0;

/// Draws a route whose contestants stand below each other.
pub(crate) fn draw(route: &RouteRecord, machine: &Machine) -> String {
    let names: Vec<&Entry> = route.at(Place::Free).collect();
    let names = if names.is_empty() { route.at(Place::Pinned).collect() } else { names };
    let ends = route.entries.iter().flat_map(|entry| [entry.low, entry.high]);
    let axis = Axis::over(ends, LEFT, RIGHT);
    let bottom = TOP + ROW * names.len() as f64;
    let mut plot = String::new();
    for tick in axis.ticks() {
        let x = axis.at(tick);
        let _ = writeln!(
            plot,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>",
            y = bottom + 14.0,
            label = label(tick),
        );
    }
    for (row, entry) in names.iter().enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        let _ = writeln!(
            plot,
            "<text class=\"{}\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            class(entry.kind),
            LEFT - 12.0,
            y + 4.0,
            escaped(&entry.name),
        );
        for same in route.entries.iter().filter(|other| other.name == entry.name) {
            mark(&mut plot, &axis, same, y);
        }
    }
    let note = format!(
        "{}, {}; a mark is the median, its line the lowest and highest round; \
         filled: threads not pinned, open: pinned",
        route.unit,
        axis.scale(),
    );
    let title = format!("{}: {}", route.name, route.title);
    Heading { title: &title, note: &note }.over(&plot, bottom + 44.0, machine)
}

/// A whisker with a circle on it, and the figure beside it if threads are not pinned.
fn mark(plot: &mut String, axis: &Axis, entry: &Entry, y: f64) {
    let pinned = entry.place == Place::Pinned;
    let y = if pinned { y + 4.0 } else { y - 2.0 };
    let (low, high) = (axis.at(entry.low), axis.at(entry.high));
    let _ = writeln!(
        plot,
        "<g class=\"{}\"><line class=\"mark\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
         <circle class=\"{}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"{}\"/></g>",
        class(entry.kind),
        if pinned { "open" } else { "mark" },
        axis.at(entry.median),
        if pinned { 2.5 } else { 4.0 },
    );
    if !pinned {
        let _ = writeln!(
            plot,
            "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            RIGHT + 14.0,
            y + 5.0,
            table::figure(entry.median),
        );
    }
}
