//! A line for each contestant, over the number of tasks.

use std::fmt::Write;

use crate::picture::axis::{Axis, label};
use crate::picture::frame::{Heading, ROW, TOP, escaped};
use crate::record::{Entry, Kind, Machine, RouteRecord};

/// How high the plot is.
const HEIGHT: f64 = 320.0;
/// The colours of lines that are not spumoni's, and of those that are.
const OTHERS: [&str; 4] = ["#0969da", "#54aeff", "#8250df", "#8c959f"];
const OURS: [&str; 3] = ["#cf222e", "#fa8f3e", "#bf8700"];

/// Draws a route over the number of tasks.
pub(crate) fn draw(route: &RouteRecord, machine: &Machine) -> String {
    let points = || route.entries.iter().filter(|entry| entry.tasks.is_some());
    let tasks = |entry: &Entry| entry.tasks.unwrap_or_default() as f64;
    let across = Axis::over(points().map(tasks), 70.0, 640.0);
    let bottom = TOP + HEIGHT;
    let ends = points().flat_map(|entry| [entry.low, entry.high]);
    let up = Axis::over(ends, bottom, TOP);
    let mut plot = String::new();
    for tick in across.powers(&[1.0]) {
        let x = across.at(tick);
        let _ = writeln!(
            plot,
            "<text class=\"small\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 16.0,
            label(tick),
        );
    }
    for tick in up.ticks() {
        let y = up.at(tick);
        let _ = writeln!(
            plot,
            "<line class=\"grid\" x1=\"70\" x2=\"640\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"small\" x=\"62\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            y + 4.0,
            label(tick),
        );
    }
    let mut names: Vec<&str> = points().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let (mut others, mut ours) = (OTHERS.iter().cycle(), OURS.iter().cycle());
    for (row, name) in names.iter().enumerate() {
        let of_name: Vec<&Entry> = points().filter(|entry| entry.name == *name).collect();
        let is_ours = of_name.iter().any(|entry| entry.kind == Kind::Spumoni);
        let colour = if is_ours { ours.next() } else { others.next() };
        let colour = colour.copied().unwrap_or("#000");
        let places: Vec<(f64, f64)> =
            of_name.iter().map(|entry| (across.at(tasks(entry)), up.at(entry.median))).collect();
        line(&mut plot, &places, colour);
        let y = TOP + 20.0 + ROW * row as f64;
        let _ = writeln!(
            plot,
            "<g style=\"color:{colour}\"><circle class=\"mark\" cx=\"662\" cy=\"{:.1}\" r=\"4\"/></g>\
             <text x=\"674\" y=\"{y:.1}\">{}</text>",
            y - 4.0,
            escaped(name),
        );
    }
    let note = format!("{}, {}; medians, threads not pinned", route.unit, up.scale());
    let title = format!("{}: {}", route.name, route.title);
    Heading { title: &title, note: &note }.over(&plot, bottom + 48.0, machine)
}

fn line(plot: &mut String, places: &[(f64, f64)], colour: &str) {
    let mut points = String::new();
    for (x, y) in places {
        let _ = write!(points, "{x:.1},{y:.1} ");
    }
    let _ = writeln!(
        plot,
        "<g style=\"color:{colour}\"><polyline class=\"line\" points=\"{}\"/>",
        points.trim_end(),
    );
    for (x, y) in places {
        let _ = writeln!(plot, "<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
    }
    plot.push_str("</g>\n");
}
