//! What somebody wants of a service, or of a set of them: that they stop, start, begin again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::group::names;
use crate::service::error::ServiceError;
use crate::service::node::Node;
use crate::service::policy::Strategy;
use crate::service::roster::Roster;
use crate::service::state::ServiceState;
use crate::service::unit::Unit;
use crate::task::contract::Owner;
use crate::time::Deadline;

/// Whom a wish is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) is_set: bool,
    /// Who asks.
    pub(super) by: &'static str,
}

impl<'a> Wanted<'a> {
    pub(crate) fn service(name: &'a str, by: &'static str) -> Self {
        Wanted { name, is_set: false, by }
    }

    pub(crate) fn set(name: &'a str, by: &'static str) -> Self {
        Wanted { name, is_set: true, by }
    }
}

/// Those whom a wish is about.
pub(crate) struct Meant {
    /// Their places, in order.
    pub(super) places: Vec<usize>,
    /// The place of the set.
    pub(super) set: Option<usize>,
}

impl Roster {
    /// Finds them. By name each time, since places change when `run` begins.
    pub(crate) fn find(&mut self, wanted: Wanted<'_>) -> Result<Meant, ServiceError> {
        let (name, by) = (wanted.name, wanted.by);
        if !wanted.is_set {
            let place = self.places.get(name).copied().ok_or_else(|| ServiceError::Unknown {
                name: name.into(),
                by,
                nearest: names::nearest(name, self.places.keys().cloned()),
            })?;
            return Ok(Meant { places: vec![place], set: None });
        }
        let set = self.sets.places.get(name).copied().ok_or_else(|| ServiceError::UnknownSet {
            name: name.into(),
            by,
            nearest: names::nearest(name, self.sets.places.keys().cloned()),
        })?;
        if self.is_waiting() {
            let all: Vec<usize> = (0..self.nodes.len()).collect();
            if let Some(error) = self.check_sets(&all).into_iter().next() {
                return Err(error);
            }
            self.link_sets();
        }
        Ok(Meant { places: self.members(set), set: Some(set) })
    }

    /// These and all that depend on them.
    fn with_dependents(&self, places: &[usize]) -> BTreeSet<usize> {
        self.reach(places, |node| &node.before)
    }

    pub(super) fn with_dependencies(&self, places: &[usize]) -> BTreeSet<usize> {
        self.reach(places, |node| &node.after)
    }

    fn reach(&self, places: &[usize], next: impl Fn(&Node) -> &Vec<usize>) -> BTreeSet<usize> {
        let (mut reached, mut todo) = (BTreeSet::new(), places.to_vec());
        while let Some(place) = todo.pop() {
            if reached.insert(place) {
                todo.extend(next(&self.nodes[place]).iter().copied());
            }
        }
        reached
    }

    /// Somebody wants these, and those that depend on them, to stop.
    pub(crate) fn want_down(&mut self, meant: &Meant) {
        for place in self.with_dependents(&meant.places) {
            self.nodes[place].let_down();
            self.dirty.insert(place);
        }
        self.cut_pauses(meant);
    }

    /// Somebody wants these, and what they depend on, to run.
    pub(crate) fn want_up(&mut self, meant: &Meant) -> Result<(), ServiceError> {
        self.raise_all(&meant.places)?;
        self.cut_pauses(meant);
        Ok(())
    }

    fn raise_all(&mut self, places: &[usize]) -> Result<(), ServiceError> {
        if self.ending().is_some() || self.root.is_stopping() {
            return Err(ServiceError::Stopping);
        }
        let mut low = self.with_dependencies(places);
        low.retain(|place| is_among(places, *place) || !self.nodes[*place].serves());
        // Whoever cannot is told of before anybody is touched.
        for place in low.iter().filter(|place| self.nodes[**place].is_over_or_going()) {
            self.can_repeat(*place)?;
        }
        low.into_iter().try_for_each(|place| self.raise(place))
    }

    fn raise(&mut self, place: usize) -> Result<(), ServiceError> {
        if self.nodes[place].is_over_or_going() {
            let node = &mut self.nodes[place];
            node.again = true;
            node.tally.forgive();
            let sets: Vec<usize> = self.sets_of(place).collect();
            for at in sets {
                self.sets.all[at].tally.forgive();
                self.sets.all[at].has_failed = false;
            }
            let node = &mut self.nodes[place];
            node.inited &= node.state != ServiceState::Skipped;
            if !node.steps.idle && !node.hold.take(false, node.settings.terms.transient) {
                return Err(ServiceError::Stopping);
            }
        }
        self.nodes[place].up = true;
        self.dirty.insert(place);
        Ok(())
    }

    fn can_repeat(&self, place: usize) -> Result<(), ServiceError> {
        let node = &self.nodes[place];
        let fresh = !node.used || node.steps.repeats || node.steps.idle;
        if fresh {
            return Ok(());
        }
        Err(ServiceError::RunsOnce { service: Arc::clone(node.name()) })
    }

    /// Somebody wants another run of these, and of those that depend on them and run. Of a set all are to be
    /// wholly gone before one begins.
    pub(crate) fn want_again(&mut self, meant: &Meant) -> Result<(), ServiceError> {
        if self.ending().is_some() || self.root.is_stopping() {
            return Err(ServiceError::Stopping);
        }
        let places = &meant.places;
        let all = self.with_dependents(places);
        for place in &all {
            if is_among(places, *place) || self.nodes[*place].is_coming() {
                self.can_repeat(*place)?;
            }
        }
        let low: Vec<usize> =
            places.iter().copied().filter(|place| !self.nodes[*place].is_up_or_paused()).collect();
        self.raise_all(&low)?;
        for place in all {
            let node = &mut self.nodes[place];
            if !is_among(places, place) {
                node.again |= node.is_coming() && node.state.is_active();
            } else if node.is_up_or_paused() {
                node.again = true;
                node.up = true;
            }
            self.dirty.insert(place);
        }
        self.cut_pauses(meant);
        if let Some(set) = meant.set.filter(|_| !self.is_waiting()) {
            self.sets.all[set].down = Some(Deadline::from(Instant::now(), Duration::ZERO));
            self.down.insert(set);
            self.changed = true;
        }
        Ok(())
    }

    /// The pauses before restarts of the set, and of those within it, are over.
    fn cut_pauses(&mut self, meant: &Meant) {
        let Some(set) = meant.set else { return };
        let due = Deadline::from(Instant::now(), Duration::ZERO);
        for at in self.sets_within(set) {
            if let Some(down) = &mut self.sets.all[at].down {
                *down = due;
            }
        }
    }

    /// What the strategy of these, which are restarted and in order, means for others in the set in which they
    /// stand: those of them that run and can run again are restarted too.
    pub(super) fn take_along(
        &mut self,
        restarted: &[usize],
        strategy: Strategy,
        set: Option<usize>,
    ) {
        let others = match (strategy, set) {
            (Strategy::One, _) => return,
            (Strategy::Rest, _) => self.with_dependents(restarted),
            (Strategy::All, Some(set)) => self.members(set).into_iter().collect(),
            (Strategy::All, None) => (0..self.nodes.len()).collect(),
        };
        for other in others.into_iter().filter(|other| !is_among(restarted, *other)) {
            let node = &mut self.nodes[other];
            let runs = matches!(node.state, ServiceState::Starting | ServiceState::Running);
            let can = node.steps.repeats || node.steps.idle;
            if runs && can && node.up {
                node.again = true;
                self.account(other);
                self.dirty.insert(other);
            }
        }
    }

    /// Notes, changes or clears (without a text) standing warnings of a service; without a key, all. Gives
    /// whether there was anything to be done. What a run says that is over counts for nothing.
    pub(crate) fn warn(&mut self, by: &Unit, key: Option<&str>, text: Option<&str>) -> bool {
        let age = self.root.age();
        let Some(node) = self.nodes.get_mut(by.service) else { return false };
        if node.run.as_ref().is_none_or(|run| run.number != by.run) {
            return false;
        }
        let changed = match (key, text) {
            (Some(key), Some(text)) => node.warnings.set(key, text, age),
            (key, _) => node.warnings.clear(key) > 0,
        };
        self.changed |= changed;
        changed
    }

    /// Whether nothing more is to be expected of them for now.
    pub(crate) fn are_settled(&self, meant: &Meant) -> bool {
        let settled = |place: &usize| {
            let node = &self.nodes[*place];
            let at_rest = node.state.is_final() || node.up && node.state == ServiceState::Running;
            at_rest && !node.again && !self.dirty.contains(place)
        };
        let is_down = |set| {
            let mut sets = self.sets_within(set).into_iter();
            sets.any(|at| self.sets.all[at].down.is_some())
        };
        meant.places.iter().all(settled) && !meant.set.is_some_and(is_down)
    }

    /// The state of the first of them.
    pub(crate) fn state(&self, meant: &Meant) -> ServiceState {
        self.nodes[meant.places[0]].state
    }
}

/// Whether it is one of these, which are in order.
fn is_among(places: &[usize], place: usize) -> bool {
    places.binary_search(&place).is_ok()
}
