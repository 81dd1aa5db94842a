//! One picture per route: a row of marks for each contestant, or a line over the number of tasks. And
//! one of the goals.

mod axis;
mod frame;
mod rows;
mod lines;
mod verdicts;

pub(crate) use self::verdicts::draw as draw_goals;

use crate::record::{Machine, RouteRecord};

/// Draws the route.
pub(crate) fn draw(route: &RouteRecord, machine: &Machine) -> String {
    if route.entries.iter().any(|entry| entry.tasks.is_some()) {
        lines::draw(route, machine)
    } else {
        rows::draw(route, machine)
    }
}
