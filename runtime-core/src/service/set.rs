//! A set of services, as plain data: what becomes of it when a member fails for good, and where it stands.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

use crate::failure::Failure;
use crate::group::names;
use crate::group::policy::OnFailure;
use crate::service::error::ServiceError;
use crate::service::policy::{Backoff, Intensity, Strategy};
use crate::service::tally::Tally;
use crate::time::Deadline;

/// How a set is treated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetTerms {
    pub(crate) backoff: Backoff,
    pub(crate) intensity: Intensity,
    pub(crate) strategy: Strategy,
    pub(crate) on_failure: OnFailure,
}

impl SetTerms {
    pub(crate) const DEFAULT: SetTerms = SetTerms {
        backoff: Backoff::DEFAULT,
        intensity: Intensity::DEFAULT,
        strategy: Strategy::One,
        on_failure: OnFailure::Stop,
    };
}

/// See the module.
pub(crate) struct Set {
    pub(super) name: Arc<str>,
    /// The name of the set in which it stands.
    pub(super) within: Option<Arc<str>>,
    pub(super) here: &'static Location<'static>,
    pub(super) terms: SetTerms,
    /// The place of the set in which it stands.
    pub(super) above: Option<usize>,
    pub(super) tally: Tally,
    /// How many of its services neither run whole nor are at rest.
    pub(super) busy: usize,
    /// How many of its services have, or may have, something that runs.
    pub(super) active: usize,
    /// It is restarted: nobody begins before all are gone and this is over.
    pub(super) down: Option<Deadline>,
    pub(super) has_failed: bool,
    pub(super) failure: Option<Failure>,
}

impl Set {
    pub(crate) fn new(
        name: Arc<str>,
        within: Option<Arc<str>>,
        terms: SetTerms,
        here: &'static Location<'static>,
    ) -> Self {
        Set {
            name,
            within,
            here,
            terms,
            above: None,
            tally: Tally::default(),
            busy: 0,
            active: 0,
            down: None,
            has_failed: false,
            failure: None,
        }
    }
}

/// Every set, and their places by name.
#[derive(Default)]
pub(super) struct Sets {
    pub(super) all: Vec<Set>,
    pub(super) places: HashMap<Arc<str>, usize>,
}

impl Sets {
    pub(super) fn no_set(&self, by: &Arc<str>, set: &Arc<str>) -> ServiceError {
        let nearest = names::nearest(set, self.places.keys().cloned());
        ServiceError::NoSet { by: Arc::clone(by), set: Arc::clone(set), nearest }
    }

    /// The names along a ring that begins there, the first one again at its end.
    pub(super) fn ring(&self, first: usize) -> Option<Vec<Arc<str>>> {
        let mut way = vec![Arc::clone(&self.all[first].name)];
        let mut at = first;
        // A ring that does not come round to `first` is told of those that are in it.
        for _ in 0..self.all.len() {
            let within = self.all[at].within.as_ref()?;
            at = *self.places.get(within)?;
            way.push(Arc::clone(within));
            if at == first {
                return Some(way);
            }
        }
        None
    }
}
