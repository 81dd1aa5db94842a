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
    pub(crate) entries: Vec<Entry>,
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
    pub(crate) at_most: f64,
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

    /// The lowest median of a kind.
    pub(crate) fn best(&self, kind: Kind, place: Place) -> Option<&Entry> {
        self.at(place)
            .filter(|entry| entry.kind == kind)
            .min_by(|a, b| a.median.total_cmp(&b.median))
    }
}
