//! Many durations in three figures.

use std::fmt;
use std::time::Duration;

/// The middle one, the one that a hundredth exceeds, and the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        let max = *all.last()?;
        let at = |percent: usize| all[(all.len() * percent / 100).min(all.len() - 1)];
        Some(Spread { count: all.len(), p50: at(50), p99: at(99), max })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let Spread { p50, p99, max, .. } = *self;
        write!(f, "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", ms(p50), ms(p99), ms(max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_taken_at_the_ranks_and_of_nothing_there_is_none() {
        let all = (0..1_000).rev().map(Duration::from_micros).collect();
        let spread = Spread::of(all).expect("a thousand");
        assert_eq!(
            (spread.p50, spread.p99),
            (Duration::from_micros(500), Duration::from_micros(990))
        );
        assert_eq!(spread.to_string(), "p50 0.50 ms, p99 0.99 ms, max 1.00 ms");
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
