//! Sums of what was written since the start, by series; what `/metrics` shows.
//!
//! The number of series is bounded: names and tags come from anybody, and memory is not endless.
//! What comes for a new series beyond the bound is in the database all the same.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::statsd::{Kind, Record};

/// Most series that are kept.
const MAX_SERIES: usize = 20_000;

/// What makes records belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Series {
    /// As it was sent.
    pub(crate) name: String,
    /// What is done with the values.
    pub(crate) shape: Shape,
    /// In their canonical text.
    pub(crate) tags: String,
}

/// What is done with the values of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// They are added up.
    Counter,
    /// The last one counts.
    Gauge,
    /// They are counted and added up, as milliseconds.
    Times,
    /// They are counted and added up.
    Values,
}

/// What has come of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Total {
    /// How many there were, sample rates counted in.
    pub(crate) weight: f64,
    /// Their sum, sample rates counted in; of a gauge, the level.
    pub(crate) sum: f64,
}

/// Totals of all series, raised by the writer and read by whoever asks.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    series: HashMap<Series, Total>,
    left_out: u64,
}

impl Totals {
    /// Adds records that are committed.
    pub(crate) fn add<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        let mut state = self.lock();
        for record in records {
            state.add(record);
        }
    }

    /// A copy of everything, and how many records came for series beyond the bound.
    pub(crate) fn snapshot(&self) -> (Vec<(Series, Total)>, u64) {
        let state = self.lock();
        let series = state.series.iter().map(|(series, total)| (series.clone(), *total)).collect();
        (series, state.left_out)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, record: &Record) {
        let series = Series::of(record);
        if self.series.len() >= MAX_SERIES && !self.series.contains_key(&series) {
            self.left_out += 1;
            return;
        }
        self.series.entry(series).or_default().add(record);
    }
}

impl Series {
    fn of(record: &Record) -> Series {
        let shape = match record.kind {
            Kind::Counter => Shape::Counter,
            Kind::Gauge | Kind::GaugeDelta => Shape::Gauge,
            Kind::Timer => Shape::Times,
            Kind::Histogram | Kind::Distribution => Shape::Values,
        };
        Series { name: record.name.clone(), shape, tags: record.tags.clone() }
    }
}

impl Total {
    fn add(&mut self, record: &Record) {
        self.weight += 1.0 / record.rate;
        match record.kind {
            Kind::Gauge => self.sum = record.value,
            Kind::GaugeDelta => self.sum += record.value,
            Kind::Counter | Kind::Timer | Kind::Histogram | Kind::Distribution => {
                self.sum += record.value / record.rate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statsd::parse_body;

    fn total_of(body: &str) -> Vec<(Shape, f64, f64)> {
        let totals = Totals::default();
        totals.add(parse_body(body.as_bytes()).unwrap().iter());
        let (series, left_out) = totals.snapshot();
        assert_eq!(left_out, 0);
        series.into_iter().map(|(series, t)| (series.shape, t.weight, t.sum)).collect()
    }

    #[test]
    fn each_kind_is_summed_up_in_its_way() {
        assert_eq!(total_of("a:1|c\na:2|c|@0.5\na:-1|c"), [(Shape::Counter, 4.0, 4.0)]);
        assert_eq!(total_of("a:5|g\na:+3|g\na:-1|g"), [(Shape::Gauge, 3.0, 7.0)]);
        assert_eq!(total_of("a:5|ms\na:4|ms|@0.5"), [(Shape::Times, 3.0, 13.0)]);
        assert_eq!(total_of("a:5|h\na:4|d"), [(Shape::Values, 2.0, 9.0)]);
        assert_eq!(total_of("a:1|c|#x:1\na:1|c|#x:2\na:1|c|#x:1").len(), 2);
    }

    #[test]
    fn series_beyond_the_bound_are_counted_and_not_kept() {
        let totals = Totals::default();
        let body: String = (0..MAX_SERIES + 5).map(|i| format!("n{i}:1|c\n")).collect();
        let records = parse_body(body.as_bytes()).unwrap();
        totals.add(records.iter());
        totals.add(records[..1].iter());
        let (series, left_out) = totals.snapshot();
        assert_eq!((series.len(), left_out), (MAX_SERIES, 5));
    }
}
