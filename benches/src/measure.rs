//! How a route is measured: in rounds, in each of which every contestant has its turn.
//!
//! A turn is a whole life: on a thread of its own the contestant is started, warmed up, measured and
//! ended, so that none runs beside another. A turn during which other processes were busy is taken
//! again. Noise that comes and goes hits all of them alike; what is
//! kept is the median over the rounds, with the lowest and the highest.

use std::process;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::machine::Watch;
use crate::place::Place;
use crate::record::{Entry, Kind, RouteRecord, Sense};

/// A turn that takes longer than this hangs.
const HANGS: Duration = Duration::from_secs(120);

/// How often a turn is taken before its noise is put up with.
const TRIES: u32 = 3;
/// Others may use so much of a core; less cannot be told from the kernel's own accounting.
const QUIET: f64 = 0.25;

/// One who takes part in a route.
pub(crate) struct Contestant {
    name: &'static str,
    kind: Kind,
    tasks: Option<u64>,
    turn: Box<dyn Fn(&Effort) -> f64 + Send + Sync>,
}

/// What is measured of every contestant alike.
pub(crate) struct Route {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) pace: Pace,
    pub(crate) contestants: Vec<Contestant>,
}

/// How often a route is worth measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Turns are short, and it matters where threads run.
    Short,
    /// Turns take long.
    Long,
    /// It gives the same every time.
    Exact,
}

/// How much is put into one turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) place: Place,
    /// How long to measure, after a quarter of that for warming up.
    pub(crate) span: Duration,
}

/// How much is put into all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) place: Place,
    /// How long the route may take; a round that would not fit is not begun.
    pub(crate) allowed: Duration,
}

impl Contestant {
    /// A contestant whose turn gives a figure in the unit of the route.
    pub(crate) fn new(
        name: &'static str,
        kind: Kind,
        turn: impl Fn(&Effort) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Contestant { name, kind, tasks: None, turn: Box::new(turn) }
    }

    /// The same with so many tasks.
    pub(crate) fn of(mut self, tasks: u64) -> Self {
        self.tasks = Some(tasks);
        self
    }

    /// One turn, taken again if others used the machine meanwhile; the quietest counts.
    fn quiet_turn(&self, effort: &Effort, quick: bool) -> Option<f64> {
        let mut quietest: Option<(f64, f64)> = None;
        for _ in 0..if quick { 1 } else { TRIES } {
            let watch = Watch::begin();
            let figure = self.turn(effort)?;
            let others = watch.others();
            if quietest.is_none_or(|(_, before)| others < before) {
                quietest = Some((figure, others));
            }
            if others < QUIET {
                break;
            }
        }
        quietest.map(|(figure, _)| figure)
    }

    /// One turn, on a thread of its own. `None` if it panicked.
    fn turn(&self, effort: &Effort) -> Option<f64> {
        let (done, over) = channel::<()>();
        thread::scope(|scope| {
            let turn = scope.spawn(move || {
                let _done = done;
                effort.place.here();
                (self.turn)(effort)
            });
            if over.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{}: not over after {HANGS:?}", self.name);
                process::exit(3);
            }
            turn.join().ok()
        })
    }
}

impl Effort {
    /// Makes something where contestants are, and comes back to where callers are.
    pub(crate) fn start<T>(&self, make: impl FnOnce() -> T) -> T {
        self.place.there();
        let made = make();
        self.place.here();
        made
    }

    /// Takes the figure again and again, first to warm up; the median of the rest.
    pub(crate) fn median_of(&self, mut figure: impl FnMut() -> f64) -> f64 {
        let begun = Instant::now();
        while begun.elapsed() < self.span / 4 {
            figure();
        }
        let begun = Instant::now();
        let mut figures = Vec::with_capacity(1024);
        while figures.is_empty() || begun.elapsed() < self.span {
            figures.push(figure());
        }
        median(&mut figures)
    }

    /// As [`median_of`](Effort::median_of), inside a lane.
    pub(crate) async fn median_of_async(&self, mut figure: impl AsyncFnMut() -> f64) -> f64 {
        let begun = Instant::now();
        while begun.elapsed() < self.span / 4 {
            figure().await;
        }
        let begun = Instant::now();
        let mut figures = Vec::with_capacity(1024);
        while figures.is_empty() || begun.elapsed() < self.span {
            figures.push(figure().await);
        }
        median(&mut figures)
    }
}

impl Route {
    /// Leaves out every contestant whose name does not have this in it.
    pub(crate) fn keep(&mut self, text: &str) {
        self.contestants.retain(|contestant| contestant.name.contains(text));
    }

    /// Measures the route in one place.
    pub(crate) fn measure(&self, plan: &Plan) -> RouteRecord {
        let effort = Effort {
            place: plan.place,
            span: Duration::from_millis(if plan.quick { 12 } else { 60 }),
        };
        let begun = Instant::now();
        let mut figures = vec![Vec::new(); self.contestants.len()];
        for round in 0..self.pace.rounds(plan.quick) {
            // The next round takes about as long as those before.
            let next = begun.elapsed() / round.max(1);
            if round > 0 && begun.elapsed() + next > plan.allowed {
                break;
            }
            for (contestant, figures) in self.contestants.iter().zip(&mut figures) {
                figures.extend(contestant.quiet_turn(&effort, plan.quick));
            }
        }
        let entries = self.contestants.iter().zip(figures);
        RouteRecord {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            unit: self.unit.to_owned(),
            sense: Sense::Less,
            entries: entries
                .filter(|(_, rounds)| !rounds.is_empty())
                .map(|(contestant, rounds)| contestant.entry(plan.place, rounds))
                .collect(),
        }
    }
}

impl Contestant {
    fn entry(&self, place: Place, rounds: Vec<f64>) -> Entry {
        Entry { tasks: self.tasks, ..entry(self.name, self.kind, place, rounds) }
    }
}

/// What the rounds of one contestant come to.
pub(crate) fn entry(name: &str, kind: Kind, place: Place, rounds: Vec<f64>) -> Entry {
    let mut sorted = rounds.clone();
    Entry {
        name: name.to_owned(),
        kind,
        place,
        tasks: None,
        median: median(&mut sorted),
        low: sorted.first().copied().unwrap_or_default(),
        high: sorted.last().copied().unwrap_or_default(),
        rounds,
    }
}

impl Pace {
    fn rounds(self, quick: bool) -> u32 {
        match (self, quick) {
            (Pace::Short, false) => 9,
            (Pace::Short, true) => 5,
            (Pace::Long, false) => 5,
            (Pace::Long, true) => 3,
            (Pace::Exact, _) => 1,
        }
    }

    /// How much of a short session it gets.
    pub(crate) fn weight(self) -> u32 {
        match self {
            Pace::Short => 3,
            Pace::Long => 4,
            Pace::Exact => 1,
        }
    }
}

/// How long `act` takes, in nanoseconds.
pub(crate) fn timed(act: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    act();
    nanoseconds(begun)
}

/// Nanoseconds since then.
pub(crate) fn nanoseconds(since: Instant) -> f64 {
    since.elapsed().as_nanos() as f64
}

/// Lets time pass without giving up the core, as a caller does that has other work.
pub(crate) fn pause(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Sorts the figures; the middle one, or the mean of the two in the middle. Zero of none.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures {
        [] => 0.0,
        figures if figures.len() % 2 == 1 => figures[middle],
        figures => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_figure_or_the_mean_of_the_two_in_the_middle() {
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
