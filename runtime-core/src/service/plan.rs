//! Which services the runner has, and in which order: what is chosen, linked and counted when `run` begins.

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Arc;

use crate::group::names;
use crate::service::error::ServiceError;
use crate::service::graph::{self, Given};
use crate::service::node::Node;
use crate::service::roster::{Action, Phase, Roster};

impl Roster {
    /// What is wrong with the services as they are, or the order in which they start.
    pub(crate) fn plan(&self) -> Result<Vec<Arc<str>>, Vec<ServiceError>> {
        let (chosen, graph) = self.sound()?;
        Ok(graph.order.iter().map(|at| Arc::clone(self.nodes[chosen[*at]].name())).collect())
    }

    /// Those that the runner is to have, linked; or all that is wrong with them.
    fn sound(&self) -> Result<(Vec<usize>, graph::Graph), Vec<ServiceError>> {
        let chosen = self.chosen()?;
        let mut errors = self.flaws_of(&chosen);
        errors.extend(self.check_sets(&chosen));
        match self.link(&chosen) {
            Ok(graph) if errors.is_empty() => return Ok((chosen, graph)),
            Ok(_) => {}
            Err(more) => errors.extend(more),
        }
        Err(errors)
    }

    /// What was wrong when these were added; a flaw of one that is left out harms nobody.
    fn flaws_of(&self, chosen: &[usize]) -> Vec<ServiceError> {
        let is_left_out = |flaw: &&ServiceError| match flaw {
            ServiceError::BadService { service, .. } => {
                self.places.get(service).is_some_and(|place| !chosen.contains(place))
            }
            _ => false,
        };
        self.flaws.iter().filter(|flaw| !is_left_out(flaw)).cloned().collect()
    }

    fn link(&self, chosen: &[usize]) -> Result<graph::Graph, Vec<ServiceError>> {
        let given: Vec<Given<'_>> = chosen
            .iter()
            .map(|place| {
                let settings = &self.nodes[*place].settings;
                let (name, after) = (&settings.name, &*settings.after);
                Given { name, after, phase: settings.terms.phase }
            })
            .collect();
        let mut linked = graph::link(&given);
        if let Err(errors) = &mut linked {
            for error in errors {
                // Not missing, but left out.
                if let ServiceError::Missing { service, dependency, .. } = error
                    && self.places.contains_key(dependency)
                {
                    let (service, dependency) = (service.clone(), dependency.clone());
                    *error = ServiceError::LeftOut { service, dependency };
                }
            }
        }
        linked
    }

    /// Those that the runner is to have, by `only`, `without` and `expect`.
    fn chosen(&self) -> Result<Vec<usize>, Vec<ServiceError>> {
        let mut errors = Vec::new();
        let mut find = |name: &Arc<str>, by| {
            let found = self.places.get(name).copied();
            if found.is_none() {
                let nearest = names::nearest(name, self.places.keys().cloned());
                errors.push(ServiceError::Unknown { name: Arc::clone(name), by, nearest });
            }
            found
        };
        for name in &self.choice.expected {
            find(name, "expect");
        }
        let without: BTreeSet<usize> =
            self.choice.without.iter().filter_map(|name| find(name, "without")).collect();
        let mut chosen: BTreeSet<usize> = match &self.choice.only {
            None => (0..self.nodes.len()).collect(),
            Some(only) => {
                let mut todo: Vec<usize> =
                    only.iter().filter_map(|name| find(name, "only")).collect();
                let mut chosen = BTreeSet::new();
                while let Some(place) = todo.pop() {
                    if chosen.insert(place) {
                        let after = self.nodes[place].settings.after.iter();
                        todo.extend(after.filter_map(|name| self.places.get(name).copied()));
                    }
                }
                chosen
            }
        };
        chosen.retain(|place| !without.contains(place));
        if errors.is_empty() { Ok(chosen.into_iter().collect()) } else { Err(errors) }
    }

    /// `run` begins: everybody is linked, named and counted, or all that is wrong is told.
    pub(crate) fn open(&mut self) -> Result<(), Vec<Wrong>> {
        if !self.is_waiting() {
            return Ok(());
        }
        if let Err(errors) = self.choose() {
            return Err(errors.iter().map(|error| self.wrong(error)).collect());
        }
        let (mut wrong, mut open) = (Vec::new(), true);
        for node in self.nodes.iter_mut().filter(|node| node.up) {
            // What runs nothing keeps nothing alive.
            let counts = !node.steps.idle || node.steps.init.is_some();
            if counts && !node.hold.take(false, node.settings.terms.transient) {
                // Asked to stop meanwhile: those that have not begun never begin.
                open = false;
                break;
            }
            match self.root.names().take(node.label()) {
                Ok(()) => node.named = true,
                Err(reason) => wrong.push(Wrong {
                    name: Arc::clone(node.name()),
                    here: node.here,
                    why: reason.to_string(),
                }),
            }
        }
        self.phase = if self.nodes.is_empty() { Phase::Open } else { Phase::Initialising };
        self.uninited = self.nodes.len();
        for place in 0..self.nodes.len() {
            let (phase, state) = (self.nodes[place].settings.terms.phase, self.nodes[place].state);
            self.count(place, phase, None, Some(state));
            self.nodes[place].awaited = true;
            self.nodes[place].up &= open && wrong.is_empty();
            self.dirty.insert(place);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Keeps those that the runner is to have, linked and in the order of their start.
    fn choose(&mut self) -> Result<(), Vec<ServiceError>> {
        let (chosen, graph) = self.sound()?;
        let mut rank = vec![0; chosen.len()];
        for (place, at) in graph.order.iter().enumerate() {
            rank[*at] = place;
        }
        let mut all: Vec<Option<Node>> = self.nodes.drain(..).map(Some).collect();
        for at in &graph.order {
            if let Some(mut node) = all[chosen[*at]].take() {
                node.after = graph.after[*at].iter().map(|above| rank[*above]).collect();
                self.nodes.push(node);
            }
        }
        for place in 0..self.nodes.len() {
            for above in self.nodes[place].after.clone() {
                self.nodes[above].before.push(place);
            }
        }
        let named = self.nodes.iter().enumerate();
        self.places = named.map(|(place, node)| (Arc::clone(node.name()), place)).collect();
        self.link_sets();
        for left_out in all.into_iter().flatten() {
            let what = Box::new((left_out.steps, left_out.instance));
            self.actions.push(Action::Discard(what));
        }
        Ok(())
    }

    fn wrong(&self, error: &ServiceError) -> Wrong {
        let name = match error {
            ServiceError::BadService { service, here, .. } => {
                return Wrong { here, ..Wrong::of(service, error) };
            }
            ServiceError::Missing { service, .. }
            | ServiceError::LeftOut { service, .. }
            | ServiceError::Itself { service }
            | ServiceError::LaterPhase { service, .. } => service,
            ServiceError::Cycle { path } => match path.first() {
                Some(first) => first,
                None => return Wrong::of("services", error),
            },
            ServiceError::NoSet { by, .. } => by,
            ServiceError::Unknown { name, .. } => return Wrong::of(name, error),
            _ => return Wrong::of("services", error),
        };
        let here = self.places.get(name).map(|place| self.nodes[*place].here);
        Wrong { here: here.unwrap_or(Location::caller()), ..Wrong::of(name, error) }
    }
}

/// What keeps services from starting.
pub(crate) struct Wrong {
    pub(crate) name: Arc<str>,
    pub(crate) here: &'static Location<'static>,
    pub(crate) why: String,
}

impl Wrong {
    fn of(name: &str, error: &ServiceError) -> Self {
        Wrong { name: name.into(), here: Location::caller(), why: error.to_string() }
    }
}
