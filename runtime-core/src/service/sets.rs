//! The sets of a roster: who is in which, whether that makes sense, and how many of each run.

use std::sync::Arc;

use crate::group::names;
use crate::service::error::ServiceError;
use crate::service::roster::Roster;
use crate::service::set::Set;
use crate::task::contract::Owner;

impl Roster {
    /// Takes a set in.
    pub(crate) fn add_set(&mut self, mut set: Set) -> Result<(), ServiceError> {
        if let Err(reason) = names::check(&set.name) {
            return Err(ServiceError::BadSet { set: set.name, why: reason.to_string() });
        }
        let sets = &mut self.sets;
        if let Some(twin) = sets.places.get(&set.name) {
            let (there, here) = (sets.all[*twin].here, set.here);
            return Err(ServiceError::SetTwice { set: set.name, there, here });
        }
        if !self.is_waiting() {
            set.above = self.find_set(&set.name, set.within.as_ref())?;
        }
        self.sets.places.insert(Arc::clone(&set.name), self.sets.all.len());
        self.sets.all.push(set);
        Ok(())
    }

    /// The place of a set that `by` names, if it names one.
    pub(super) fn find_set(
        &self,
        by: &Arc<str>,
        set: Option<&Arc<str>>,
    ) -> Result<Option<usize>, ServiceError> {
        let Some(set) = set else { return Ok(None) };
        match self.sets.places.get(set) {
            Some(place) => Ok(Some(*place)),
            None => Err(self.sets.no_set(by, set)),
        }
    }

    /// What is wrong with the sets, and with what these services say of them.
    pub(super) fn check_sets(&self, chosen: &[usize]) -> Vec<ServiceError> {
        let services = chosen.iter().map(|place| &self.nodes[*place].settings);
        let services = services.map(|settings| (&settings.name, settings.set.as_ref()));
        let sets = self.sets.all.iter().map(|set| (&set.name, set.within.as_ref()));
        let mut errors: Vec<_> =
            services.chain(sets).filter_map(|(by, set)| self.find_set(by, set).err()).collect();
        // One ring is told once, of the first set that is in it.
        let rings = (0..self.sets.all.len()).filter_map(|first| self.sets.ring(first));
        errors.extend(rings.take(1).map(|path| ServiceError::SetCycle { path }));
        errors
    }

    /// Links sets to those in which they stand, and services to theirs. All that could be wrong is told already.
    pub(super) fn link_sets(&mut self) {
        for at in 0..self.sets.all.len() {
            let within = self.sets.all[at].within.as_ref();
            self.sets.all[at].above = within.and_then(|name| self.sets.places.get(name).copied());
        }
        for node in &mut self.nodes {
            let set = node.settings.set.as_ref();
            node.set = set.and_then(|name| self.sets.places.get(name).copied());
        }
    }

    /// The sets in which it stands, the innermost first.
    pub(super) fn sets_of(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        self.sets_from(self.nodes[place].set)
    }

    /// The set, and those in which it stands.
    fn sets_from(&self, set: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(set, |at| self.sets.all[*at].above)
    }

    /// The set, and those that stand within it.
    pub(super) fn sets_within(&self, set: usize) -> Vec<usize> {
        let all = 0..self.sets.all.len();
        all.filter(|at| self.sets_from(Some(*at)).any(|above| above == set)).collect()
    }

    /// The services of a set, and of those within it.
    pub(super) fn members(&self, set: usize) -> Vec<usize> {
        let all = 0..self.nodes.len();
        all.filter(|place| self.sets_of(*place).any(|at| at == set)).collect()
    }

    /// It runs whole from now on, or does not: it is ready, well, and nothing of it has failed.
    pub(super) fn set_whole(&mut self, place: usize, whole: bool) {
        self.nodes[place].tally.set_whole(whole, self.root.age());
        self.account(place);
    }

    /// Keeps the counts of the sets that it stands in.
    pub(super) fn account(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        let Some(first) = node.set else { return };
        let at_rest = node.state.is_final() && !node.again;
        let is = (!at_rest && !node.tally.is_whole(), node.state.is_active());
        let was = std::mem::replace(&mut node.in_set, is);
        if was == is {
            return;
        }
        let (age, mut next) = (self.root.age(), Some(first));
        while let Some(at) = next {
            let set = &mut self.sets.all[at];
            set.busy = (set.busy + usize::from(is.0)).saturating_sub(usize::from(was.0));
            set.active = (set.active + usize::from(is.1)).saturating_sub(usize::from(was.1));
            set.tally.set_whole(set.busy == 0 && set.down.is_none(), age);
            next = set.above;
        }
    }
}
