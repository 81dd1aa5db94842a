//! One picture per route: a row of marks for each contestant, or a line over the number of tasks.
//!
//! Axes are logarithmic, since limits and peers can be two powers of ten apart; so marks, not bars.

use std::fmt::Write;

use crate::place::Place;
use crate::record::{Entry, Kind, Machine, RouteRecord};
use crate::table;

const WIDTH: f64 = 980.0;
/// Where the plot begins and ends.
const LEFT: f64 = 360.0;
const RIGHT: f64 = 900.0;
const ROW: f64 = 22.0;
const TOP: f64 = 62.0;
const LINES_HEIGHT: f64 = 320.0;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}\
.title{font-size:14px;font-weight:600}.small{font-size:10px;fill:#57606a}\
.grid{stroke:#d8dee4}.limit{color:#8c959f}.peer{color:#0969da}.pool{color:#54aeff}.spumoni{color:#cf222e}\
text.spumoni{fill:#cf222e;font-weight:600}\
.mark{stroke:currentColor;fill:currentColor}.open{stroke:currentColor;fill:#fff}\
.line{stroke:currentColor;fill:none;stroke-width:2}";

/// Draws the route.
pub(crate) fn draw(route: &RouteRecord, machine: &Machine) -> String {
    if route.entries.iter().any(|entry| entry.tasks.is_some()) {
        lines(route, machine)
    } else {
        rows(route, machine)
    }
}

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
    begins: f64,
    ends: f64,
}

impl Axis {
    /// An axis over the figures, on the screen from `begins` to `ends`.
    fn over(figures: impl Iterator<Item = f64> + Clone, begins: f64, ends: f64) -> Self {
        let low = figures.clone().fold(f64::INFINITY, f64::min).max(1e-3);
        let high = figures.fold(0.0, f64::max).max(low * 1.1);
        Axis { from: low / 1.15, to: high * 1.15, begins, ends }
    }

    fn at(&self, figure: f64) -> f64 {
        let share = (figure.max(self.from) / self.from).ln() / (self.to / self.from).ln();
        self.begins + share * (self.ends - self.begins)
    }

    /// 1, 2 and 5 times each power of ten.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (from, to) = (self.from, self.to);
        let powers = from.log10().floor() as i32..=to.log10().ceil() as i32;
        powers
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
            .filter(move |tick| (from..=to).contains(tick))
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Limit => "limit",
        Kind::Peer => "peer",
        Kind::Pool => "pool",
        Kind::Spumoni => "spumoni",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn tick_label(tick: f64) -> String {
    if tick >= 1_000_000.0 {
        format!("{} M", tick / 1_000_000.0)
    } else if tick >= 1_000.0 {
        format!("{} k", tick / 1_000.0)
    } else {
        format!("{}", (tick * 1000.0).round() / 1000.0)
    }
}

/// Everything around the plot.
fn framed(route: &RouteRecord, machine: &Machine, height: f64, legend: &str, plot: &str) -> String {
    let title = escaped(&route.title);
    let machine = escaped(&table::on(machine));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text class=\"title\" x=\"16\" y=\"24\">{name}: {title}</text>\n\
         <text class=\"small\" x=\"16\" y=\"42\">{unit}, logarithmic; {legend}</text>\n\
         {plot}<text class=\"small\" x=\"16\" y=\"{foot}\">{machine}</text>\n</svg>\n",
        name = route.name,
        unit = escaped(&route.unit),
        foot = height - 10.0,
    )
}

fn rows(route: &RouteRecord, machine: &Machine) -> String {
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
            label = tick_label(tick),
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
    let legend = "a mark is the median, its line the lowest and highest round; \
                  filled: threads not pinned, open: pinned";
    framed(route, machine, bottom + 44.0, legend, &plot)
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

/// The colours of lines that are not spumoni's, and of those that are.
const OTHERS: [&str; 4] = ["#0969da", "#54aeff", "#8250df", "#8c959f"];
const OURS: [&str; 3] = ["#cf222e", "#fa8f3e", "#bf8700"];

fn lines(route: &RouteRecord, machine: &Machine) -> String {
    let points = || route.entries.iter().filter(|entry| entry.tasks.is_some());
    let tasks = |entry: &Entry| entry.tasks.unwrap_or_default() as f64;
    let across = Axis::over(points().map(tasks), 70.0, 640.0);
    let bottom = TOP + LINES_HEIGHT;
    let ends = points().flat_map(|entry| [entry.low, entry.high]);
    let up = Axis::over(ends, bottom, TOP);
    let mut plot = String::new();
    for tick in across.ticks().filter(|tick| (tick.log10() % 1.0).abs() < 1e-9) {
        let x = across.at(tick);
        let _ = writeln!(
            plot,
            "<text class=\"small\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{} tasks</text>",
            bottom + 16.0,
            tick_label(tick),
        );
    }
    for tick in up.ticks() {
        let y = up.at(tick);
        let _ = writeln!(
            plot,
            "<line class=\"grid\" x1=\"70\" x2=\"640\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"small\" x=\"62\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            y + 4.0,
            tick_label(tick),
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
    framed(route, machine, bottom + 48.0, "medians", &plot)
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
