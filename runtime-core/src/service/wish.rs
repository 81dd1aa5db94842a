//! What somebody wants of single services while the runner runs: that they stop, start, begin again.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::group::names;
use crate::service::error::ServiceError;
use crate::service::node::Node;
use crate::service::policy::Strategy;
use crate::service::roster::Roster;
use crate::service::state::ServiceState;
use crate::service::unit::Unit;
use crate::task::contract::Owner;

impl Roster {
    pub(crate) fn find(&self, name: &str, by: &'static str) -> Result<usize, ServiceError> {
        self.places.get(name).copied().ok_or_else(|| ServiceError::Unknown {
            name: name.into(),
            by,
            nearest: names::nearest(name, self.places.keys().cloned()),
        })
    }

    /// These and all that depend on them.
    fn with_dependents(&self, places: &[usize]) -> BTreeSet<usize> {
        self.reach(places, |node| &node.before)
    }

    pub(super) fn with_dependencies(&self, place: usize) -> BTreeSet<usize> {
        self.reach(&[place], |node| &node.after)
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

    /// Somebody wants it, and those that depend on it, to stop.
    pub(crate) fn want_down(&mut self, place: usize) {
        for place in self.with_dependents(&[place]) {
            self.nodes[place].let_down();
            self.dirty.insert(place);
        }
    }

    /// Somebody wants it, and what it depends on, to run.
    pub(crate) fn want_up(&mut self, place: usize) -> Result<(), ServiceError> {
        if self.ending().is_some() || self.root.is_stopping() {
            return Err(ServiceError::Stopping);
        }
        for other in self.with_dependencies(place) {
            if other == place || !self.nodes[other].serves() {
                self.raise(other)?;
            }
        }
        Ok(())
    }

    fn raise(&mut self, place: usize) -> Result<(), ServiceError> {
        let node = &self.nodes[place];
        if node.state.is_final() || node.state == ServiceState::Stopping {
            self.can_repeat(place)?;
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

    /// Somebody wants another run of it, and of those that depend on it and run.
    pub(crate) fn want_again(&mut self, place: usize) -> Result<(), ServiceError> {
        if self.ending().is_some() || self.root.is_stopping() {
            return Err(ServiceError::Stopping);
        }
        let all = self.with_dependents(&[place]);
        for place in &all {
            if self.nodes[*place].is_coming() {
                self.can_repeat(*place)?;
            }
        }
        for other in all {
            if other == place {
                continue;
            }
            let node = &mut self.nodes[other];
            node.again |= node.is_coming() && node.state.is_active();
            self.dirty.insert(other);
        }
        let node = &mut self.nodes[place];
        if node.state.is_active() || node.state == ServiceState::Backoff {
            node.again = true;
            node.up = true;
            self.dirty.insert(place);
            Ok(())
        } else {
            self.want_up(place)
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
        for other in others.into_iter().filter(|other| restarted.binary_search(other).is_err()) {
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

    /// Whether nothing more is to be expected of it for now.
    pub(crate) fn is_settled(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        let state = node.state;
        if node.again || self.dirty.contains(&place) {
            return false;
        }
        state.is_final() || node.up && state == ServiceState::Running
    }

    pub(crate) fn state(&self, place: usize) -> ServiceState {
        self.nodes[place].state
    }
}
