//! What was measured, as it is kept, printed, drawn and written to a file.

use serde::{Deserialize, Serialize};

use crate::place::Place;

/// A whole session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) machine: Machine,
    pub(crate) routes: Vec<RouteRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) goals: Vec<Verdict>,
}

/// Where it was measured, and how quiet it was there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) compiler: String,
    /// Seconds since 1970.
    pub(crate) at: u64,
    pub(crate) quick: bool,
    /// How many cores' worth of work others did meanwhile.
    pub(crate) others: f64,
}

/// One route: everybody who was measured on it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RouteRecord {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) unit: String,
    /// Which way is better.
    #[serde(default)]
    pub(crate) sense: Sense,
    pub(crate) entries: Vec<Entry>,
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sense {
    /// The less the better: it is a cost.
    #[default]
    Less,
    /// The more the better: it is an amount of work.
    More,
}

/// One contestant in one place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    /// How many tasks there were, on a route that varies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tasks: Option<u64>,
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// What each round gave.
    pub(crate) rounds: Vec<f64>,
}

/// What a contestant is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// What the hardware and the kernel allow.
    Limit,
    /// Does the same work by other means.
    Peer,
    /// Does less: calls a closure where the others run a future.
    Pool,
    /// Through its public API.
    Spumoni,
}

/// Whether a goal is met.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) goal: String,
    /// The ratio that the goal asks for.
    #[serde(alias = "at_most")]
    pub(crate) bound: f64,
    /// Whether the ratio is to be below the bound or above.
    #[serde(default)]
    pub(crate) sense: Sense,
    /// With threads not pinned; `None` if it was not measured.
    pub(crate) free: Option<f64>,
    pub(crate) pinned: Option<f64>,
    pub(crate) against: String,
}

impl RouteRecord {
    /// The entries of one place, in the order in which they were listed.
    pub(crate) fn at(&self, place: Place) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.place == place)
    }

    /// The best median of a kind.
    pub(crate) fn best(&self, kind: Kind, place: Place) -> Option<&Entry> {
        self.best_of(self.at(place).filter(|entry| entry.kind == kind))
    }

    /// The one with the best median.
    pub(crate) fn best_of<'a>(
        &self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Option<&'a Entry> {
        entries.min_by(|a, b| match self.sense {
            Sense::Less => a.median.total_cmp(&b.median),
            Sense::More => b.median.total_cmp(&a.median),
        })
    }
}
