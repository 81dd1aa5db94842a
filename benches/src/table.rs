//! What was measured, for people: one table per route.

use crate::place::Place;
use crate::record::{Entry, Kind, Machine, Record, RouteRecord};

/// More than this of a core used by others, and the figures are worth little.
const NOISY: f64 = 0.1;

/// Prints all of it.
pub(crate) fn print(record: &Record) {
    println!("{}", on(&record.machine));
    for route in &record.routes {
        print_route(route);
    }
}

/// Where it was measured, in one line.
pub(crate) fn on(machine: &Machine) -> String {
    let Machine { processor, cores, kernel, compiler, others, .. } = machine;
    let mut text = format!("{processor}, {cores} cores, {kernel}, {compiler}");
    if machine.quick {
        text.push_str(", quick");
    }
    if *others > NOISY {
        text.push_str(&format!(", NOISY: others used {others:.2} cores meanwhile"));
    }
    text
}

fn print_route(route: &RouteRecord) {
    println!("\n{}: {} ({})", route.name, route.title, route.unit);
    let places: Vec<Place> = [Place::Free, Place::Pinned]
        .into_iter()
        .filter(|place| route.at(*place).next().is_some())
        .collect();
    print!("{:<52}", "");
    for place in &places {
        let place = match place {
            Place::Free => "threads not pinned",
            Place::Pinned => "pinned",
        };
        print!(" {place:>38} {:>7} {:>7}", "/limit", "/peer");
    }
    println!();
    let Some(first) = places.first() else { return };
    for entry in route.at(*first) {
        print!("{:<52}", label(entry));
        for place in &places {
            let same = |other: &&Entry| other.name == entry.name && other.tasks == entry.tasks;
            match route.at(*place).find(same) {
                Some(entry) => print_figures(route, entry),
                None => print!(" {:>54}", "-"),
            }
        }
        println!();
    }
}

fn label(entry: &Entry) -> String {
    let pool = if entry.kind == Kind::Pool { "pool: " } else { "" };
    let tasks = entry.tasks.map_or_else(String::new, |tasks| format!("{tasks:>9} × "));
    format!("{tasks}{pool}{}", entry.name)
}

fn print_figures(route: &RouteRecord, entry: &Entry) {
    let spread = format!("[{}–{}]", figure(entry.low), figure(entry.high));
    print!(" {:>12} {spread:>25}", figure(entry.median));
    for kind in [Kind::Limit, Kind::Peer] {
        let best = match entry.tasks {
            None => route.best(kind, entry.place).map(|best| best.median),
            Some(_) => best_of_size(route, kind, entry),
        };
        match best {
            Some(best) if best > 0.0 => print!(" {:>7.2}", entry.median / best),
            Some(_) | None => print!(" {:>7}", "-"),
        }
    }
}

fn best_of_size(route: &RouteRecord, kind: Kind, entry: &Entry) -> Option<f64> {
    let same = route.at(entry.place).filter(|other| other.kind == kind);
    let best = route.best_of(same.filter(|other| other.tasks == entry.tasks));
    best.map(|best| best.median)
}

/// Three digits or more, and no more digits than say something.
pub(crate) fn figure(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.2}")
    } else if figure < 100.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn a_figure_has_three_digits_or_more() {
        assert_eq!(figure(1.0), "1.00");
        assert_eq!(figure(38.04), "38.0");
        assert_eq!(figure(10_326.4), "10326");
    }
}
