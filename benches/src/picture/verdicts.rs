//! The goals: how far each is from what it asks for.

use std::fmt::Write;

use crate::picture::axis::{Axis, label};
use crate::picture::frame::{Heading, ROW, TOP, escaped};
use crate::record::{Machine, Sense, Verdict};
use crate::table;

/// Where the plot begins and ends.
const LEFT: f64 = 660.0;
const RIGHT: f64 = 880.0;

/// Draws every goal that was measured.
pub(crate) fn draw(verdicts: &[Verdict], machine: &Machine) -> String {
    let measured: Vec<(&Verdict, f64)> =
        verdicts.iter().filter_map(|verdict| Some((verdict, verdict.got()?))).collect();
    let shares = measured.iter().map(|(verdict, got)| share(verdict, *got));
    let axis = Axis::over(shares.chain([1.0]), LEFT, RIGHT);
    let bottom = TOP + ROW * measured.len() as f64;
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
    let goal = axis.at(1.0);
    let _ = writeln!(
        plot,
        "<g class=\"met\"><line class=\"mark\" x1=\"{goal:.1}\" x2=\"{goal:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/></g>",
    );
    for (row, (verdict, got)) in measured.iter().enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        let class = if verdict.is_met() { "met" } else { "missed" };
        let _ = writeln!(
            plot,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <g class=\"{class}\"><circle class=\"mark\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"/></g>\
             <text class=\"small {class}\" x=\"{}\" y=\"{:.1}\">{} of {}</text>",
            LEFT - 12.0,
            y + 4.0,
            escaped(&format!("{} / {}", verdict.goal, verdict.against)),
            axis.at(share(verdict, *got)),
            RIGHT + 14.0,
            y + 4.0,
            table::figure(*got),
            verdict.bound,
        );
    }
    let note = format!(
        "measured ratio divided by the ratio that the goal allows (the other way round where more is better), {}: left of the line it is met",
        axis.scale(),
    );
    Heading { title: "the goals", note: &note }.over(&plot, bottom + 44.0, machine)
}

/// How much of what the goal allows; above one it is missed.
fn share(verdict: &Verdict, got: f64) -> f64 {
    match verdict.sense {
        Sense::Less => got / verdict.bound,
        Sense::More => verdict.bound / got,
    }
}
