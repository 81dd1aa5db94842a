//! The goals, and whether they are met. They are the issue's, word by word; none depends on what is
//! measured.

use crate::daemon;
use crate::place::Place;
use crate::record::{Entry, Kind, RouteRecord, Sense, Verdict};

/// One goal: ours divided by theirs is at most so much, or at least.
struct Goal {
    what: &'static str,
    route: &'static str,
    ours: &'static str,
    theirs: Theirs,
    bound: f64,
    sense: Sense,
}

/// What ours is compared with.
#[derive(Clone, Copy)]
enum Theirs {
    /// The contestant of that name.
    One(&'static str),
    /// The fastest of those whose name begins like this.
    Fastest(&'static str),
    /// The best that does the same work.
    BestPeer,
    /// Nothing: it is the figure itself that counts.
    Itself,
}

const TOKIO: Theirs = Theirs::One("tokio current-thread Handle::spawn");
const TRACKED: Theirs = Theirs::One("tokio TaskTracker + CancellationToken");
const SPAWN_BLOCKING: Theirs = Theirs::One("tokio spawn_blocking");
const TOKIO_LANE: &str = "spumoni, tokio lane";
const SMOL_LANE: &str = "spumoni, smol lane";
const BUSY_LANE: &str = "spumoni, tokio lane, busy-wait 20 µs";
const POOL: &str = "spumoni, thread flavour";

const fn goal(
    what: &'static str,
    route: &'static str,
    ours: &'static str,
    theirs: Theirs,
    at_most: f64,
) -> Goal {
    Goal { what, route, ours, theirs, bound: at_most, sense: Sense::Less }
}

/// The same where more is better.
const fn at_least(goal: Goal) -> Goal {
    Goal { sense: Sense::More, ..goal }
}

#[rustfmt::skip]
const GOALS: &[Goal] = &[
    goal("execute, idle tokio lane, one call each 30 µs", "call-idle", TOKIO_LANE, TOKIO, 0.60),
    goal("execute, idle smol lane", "call-idle", SMOL_LANE, TOKIO, 0.55),
    goal("execute, hot, lane busy-wait on", "call-hot", BUSY_LANE, TOKIO, 0.10),
    goal("execute on the thread flavour from a plain thread", "thread-call-hot", POOL, SPAWN_BLOCKING, 0.05),
    goal("spawn + join, 64 outstanding", "outstanding", TOKIO_LANE, TOKIO, 0.20),
    goal("spawn + join, 64 outstanding", "outstanding", TOKIO_LANE, Theirs::Fastest("crossbeam-channel pair"), 1.5),
    goal("adopt, 1 producer, submit to end", "adopt-1", TOKIO_LANE, TOKIO, 0.20),
    goal("adopt, 1 producer, submit to end", "adopt-1", TOKIO_LANE, Theirs::BestPeer, 0.60),
    goal("adopt, 4 producers", "adopt-4", TOKIO_LANE, TOKIO, 0.20),
    goal("spawn on the thread flavour, 64 outstanding", "thread-outstanding", POOL, SPAWN_BLOCKING, 0.15),
    goal("spawn on the thread flavour, 64 outstanding", "thread-outstanding", POOL, Theirs::Fastest("crossbeam-channel, 1 thread"), 1.3),
    goal("tokio task awaits a smol task, idle", "hop-idle", "spumoni, tokio lane to smol lane", Theirs::One("LIMIT eventfd there, eventfd back"), 1.20),
    goal("tokio task awaits a smol task, idle", "hop-idle", "spumoni, tokio lane to smol lane", Theirs::One("tokio to tokio, Handle::spawn"), 1.0),
    goal("memory of a pending tracked task, empty future", "memory-0", TOKIO_LANE, TOKIO, 1.0),
    goal("memory of a pending tracked task, empty future", "memory-0", TOKIO_LANE, TRACKED, 0.55),
    goal("allocations per adopted task", "allocations", TOKIO_LANE, Theirs::Itself, 1.0),
    goal("stop with a million pending tasks", "stop-million", "spumoni, tokio lane, stop_now", TRACKED, 0.35),
    goal("start, one task on one lane, stop", "lifetime", TOKIO_LANE, Theirs::One("tokio current-thread runtime on a thread"), 2.0),
    // `--daemon`: the better of the two bare-tokio collectors.
    at_least(goal("scoopd, records/s", daemon::RATE, daemon::SCOOPD, Theirs::BestPeer, 1.0)),
    goal("scoopd, p99", daemon::P99, daemon::SCOOPD, Theirs::BestPeer, 1.0),
    at_least(goal("scoopd, one record a request, records/s", daemon::SINGLE_RATE, daemon::SCOOPD, Theirs::BestPeer, 1.0)),
    goal("scoopd, one record a request, p99", daemon::SINGLE_P99, daemon::SCOOPD, Theirs::BestPeer, 1.0),
];

/// A figure within so much of its goal is as good as it: allocations made for many tasks at once.
const GRAIN: f64 = 0.005;

impl Goal {
    fn judge(&self, routes: &[RouteRecord]) -> Verdict {
        let route = routes.iter().find(|route| route.name == self.route);
        let free = route.and_then(|route| self.ratio(route, Place::Free));
        let pinned = route.and_then(|route| self.ratio(route, Place::Pinned));
        let against = free.as_ref().or(pinned.as_ref());
        Verdict {
            goal: self.what.to_owned(),
            bound: self.bound,
            sense: self.sense,
            against: against
                .map_or_else(|| self.theirs.name().to_owned(), |(_, name)| name.clone()),
            free: free.map(|(ratio, _)| ratio),
            pinned: pinned.map(|(ratio, _)| ratio),
        }
    }

    fn ratio(&self, route: &RouteRecord, place: Place) -> Option<(f64, String)> {
        let ours = route.at(place).find(|entry| entry.name == self.ours)?;
        let theirs = match self.theirs {
            Theirs::One(name) => route.at(place).find(|entry| entry.name == name)?,
            Theirs::Fastest(begins) => fastest(route, place, begins)?,
            Theirs::BestPeer => route.best(Kind::Peer, place)?,
            Theirs::Itself => return Some((ours.median, "itself".to_owned())),
        };
        Some((ours.median / theirs.median, theirs.name.clone()))
    }
}

impl Theirs {
    fn name(self) -> &'static str {
        match self {
            Theirs::One(name) | Theirs::Fastest(name) => name,
            Theirs::BestPeer => "the best peer",
            Theirs::Itself => "itself",
        }
    }
}

fn fastest<'a>(route: &'a RouteRecord, place: Place, begins: &str) -> Option<&'a Entry> {
    route
        .at(place)
        .filter(|entry| entry.name.starts_with(begins))
        .min_by(|a, b| a.median.total_cmp(&b.median))
}

impl Verdict {
    /// Threads that are not pinned decide, if they were measured: that is what programs have.
    pub(crate) fn got(&self) -> Option<f64> {
        self.free.or(self.pinned)
    }

    /// Not measured is not missed.
    pub(crate) fn is_met(&self) -> bool {
        self.got().is_none_or(|got| match self.sense {
            Sense::Less => got <= self.bound + GRAIN,
            Sense::More => got >= self.bound - GRAIN,
        })
    }

    /// What the goal asks for, in words.
    fn asked(&self) -> String {
        let word = match self.sense {
            Sense::Less => "at most",
            Sense::More => "at least",
        };
        format!("{word} {}", self.bound)
    }
}

/// What can be said of every goal.
pub(crate) fn judge(routes: &[RouteRecord]) -> Vec<Verdict> {
    GOALS.iter().map(|goal| goal.judge(routes)).collect()
}

/// Prints a line for each.
pub(crate) fn print(verdicts: &[Verdict]) {
    println!();
    for verdict in verdicts {
        let (Verdict { goal, against, .. }, asked) = (verdict, verdict.asked());
        let Some(got) = verdict.got() else {
            println!("goal unmeasured {goal}: {asked} of {against}");
            continue;
        };
        let word = if verdict.is_met() { "ok" } else { "missed" };
        let pinned =
            verdict.pinned.map_or_else(String::new, |pinned| format!(", pinned {pinned:.2}"));
        println!("goal {word:<6} {goal}: {got:.2} of {against} ({asked}{pinned})");
    }
}

#[cfg(test)]
mod tests {
    use super::{GOALS, Verdict, judge};
    use crate::place::Place;
    use crate::record::{Entry, Kind, RouteRecord, Sense};
    use crate::routes;

    fn entry(name: &str, median: f64) -> Entry {
        Entry {
            name: name.to_owned(),
            kind: Kind::Peer,
            place: Place::Free,
            tasks: None,
            median,
            low: median,
            high: median,
            rounds: vec![median],
        }
    }

    fn call_idle(ours: f64) -> Vec<Verdict> {
        let tokio = entry("tokio current-thread Handle::spawn", 10.0);
        let record = RouteRecord {
            name: "call-idle".to_owned(),
            title: String::new(),
            unit: String::new(),
            sense: Sense::Less,
            entries: vec![tokio, entry("spumoni, tokio lane", ours)],
        };
        judge(&[record])
    }

    #[test]
    fn a_goal_is_met_up_to_its_ratio_and_missed_above() {
        assert!(call_idle(6.0)[0].is_met());
        assert!(!call_idle(6.2)[0].is_met());
    }

    #[test]
    fn a_goal_that_was_not_measured_is_not_missed() {
        let unmeasured = &call_idle(1.0)[1];
        assert!(unmeasured.got().is_none() && unmeasured.is_met());
    }

    #[test]
    fn where_more_is_better_a_goal_is_met_from_its_ratio_on() {
        let rate = |median, kind, name: &str| Entry { kind, ..entry(name, median) };
        let record = |ours| RouteRecord {
            name: "scoopd".to_owned(),
            title: String::new(),
            unit: String::new(),
            sense: Sense::More,
            entries: vec![
                rate(90.0, Kind::Peer, "slower"),
                rate(100.0, Kind::Peer, "faster"),
                rate(ours, Kind::Spumoni, "scoopd"),
            ],
        };
        let met = |ours| {
            let verdicts = judge(&[record(ours)]);
            verdicts.iter().find(|verdict| verdict.got().is_some()).map(Verdict::is_met)
        };
        assert_eq!((met(95.0), met(101.0)), (Some(false), Some(true)));
    }

    #[test]
    fn every_goal_but_those_of_the_daemon_names_a_route_that_is_measured() {
        let routes = routes::all();
        for goal in GOALS.iter().filter(|goal| !goal.route.starts_with("scoopd")) {
            assert!(routes.iter().any(|route| route.name == goal.route), "{}", goal.route);
        }
    }
}
