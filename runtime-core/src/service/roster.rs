//! All services of a runner, and what is wanted of them. What becomes of that is in `life`.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Reason;
use crate::failure::Failure;
use crate::group::names;
use crate::group::root::RootGroup;
use crate::service::error::ServiceError;
use crate::service::graph::{self, Given};
use crate::service::launch::{Hook, Launch};
use crate::service::node::{Node, Steps};
use crate::service::spec::Settings;
use crate::service::state::ServiceState;
use crate::service::unit::{Hold, Unit};
use crate::task::contract::AnyTask;
use crate::task::contract::Owner;
use crate::time::Deadline;

/// Which of the services that there are the runner is to have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) only: Option<Vec<Arc<str>>>,
    pub(crate) without: Vec<Arc<str>>,
    pub(crate) expected: Vec<Arc<str>>,
}

/// See the module.
pub(crate) struct Roster {
    pub(super) root: Arc<RootGroup>,
    /// The grace of services that have none of their own.
    pub(super) grace: Duration,
    /// Some state has changed.
    pub(super) changed: bool,
    pub(super) nodes: Vec<Node>,
    pub(super) places: HashMap<Arc<str>, usize>,
    pub(super) choice: Choice,
    pub(super) phase: Phase,
    /// Whose turn it is to be looked at.
    pub(super) dirty: BTreeSet<usize>,
    /// Who is to be looked at when.
    pub(super) timers: BTreeSet<(Instant, usize)>,
    /// How many are not initialised yet, of those that the start-up waits for.
    pub(super) uninited: usize,
    pub(super) init_failures: Vec<Failure>,
    /// By phase: how many have not come to a rest, and how many are active.
    pub(super) unsettled: BTreeMap<i32, usize>,
    pub(super) active: BTreeMap<i32, usize>,
    /// Runs that were given up, with how many of their tasks go on.
    pub(super) lost: HashMap<(usize, u64), usize>,
    pub(super) started: Vec<Arc<str>>,
    pub(super) stopped: Vec<Arc<str>>,
    pub(super) actions: Vec<Action>,
}

/// How far all of them are together.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Before `run`.
    Waiting,
    /// Initialisations run, and nothing else.
    Initialising,
    Open,
    Stopping(Ending),
}

/// The stop of the runner, as the services have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) asked: Instant,
    /// Who was not asked by then is asked, whoever depends on it.
    pub(crate) ask_by: Deadline,
    /// Everybody is cancelled by then.
    pub(crate) cancel: Deadline,
    /// The transient ones too.
    pub(crate) all: bool,
}

/// What is to be done without the lock.
pub(crate) enum Action {
    /// The tasks of one run are to be started.
    Begin {
        service: usize,
    },
    Ask {
        tasks: Vec<Arc<dyn AnyTask>>,
        cancel: Deadline,
    },
    Hurry {
        tasks: Vec<Arc<dyn AnyTask>>,
        cancel: Deadline,
    },
    Call {
        service: usize,
        unit: Arc<Unit>,
        hook: Hook,
        tells: bool,
    },
    GiveUp {
        tasks: Vec<Arc<dyn AnyTask>>,
        hold: Arc<Hold>,
    },
    Failed(Failure),
    ServiceEnded(Arc<str>),
    Release(Arc<Hold>),
    /// Dropped where its destructors can hold up nobody.
    Discard(Box<dyn Send>),
}

impl Roster {
    pub(crate) fn new(root: Arc<RootGroup>, choice: Choice, grace: Duration) -> Self {
        Roster {
            root,
            grace,
            changed: false,
            nodes: Vec::new(),
            places: HashMap::new(),
            choice,
            phase: Phase::Waiting,
            dirty: BTreeSet::new(),
            timers: BTreeSet::new(),
            uninited: 0,
            init_failures: Vec::new(),
            unsettled: BTreeMap::new(),
            active: BTreeMap::new(),
            lost: HashMap::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            actions: Vec::new(),
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        match self.phase {
            Phase::Stopping(ending) => Some(ending),
            Phase::Waiting | Phase::Initialising | Phase::Open => None,
        }
    }

    /// Whether a service with these settings may come.
    pub(crate) fn check(
        &self,
        settings: &Settings,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        let name = &settings.name;
        names::check(name)?;
        if let Some(twin) = self.twin(name) {
            return Err(Reason::DuplicateName { name: Arc::clone(name), there: twin.here, here });
        }
        if self.is_waiting() {
            return Ok(());
        }
        // Who comes later finds what it depends on.
        for dependency in &settings.after {
            if !self.places.contains_key(dependency) || dependency == name {
                let service = Arc::clone(name);
                let nearest = names::nearest(dependency, self.places.keys().cloned());
                let dependency = Arc::clone(dependency);
                let error = if dependency == service {
                    ServiceError::Itself { service }
                } else {
                    ServiceError::Missing { service, dependency, nearest }
                };
                return Err(Reason::BadService { why: error.to_string().into() });
            }
        }
        Ok(())
    }

    /// Who has the name and is not over for good.
    fn twin(&self, name: &str) -> Option<&Node> {
        let node = self.places.get(name).map(|place| &self.nodes[*place])?;
        let over = node.state.is_final() && !node.again && !self.is_waiting();
        (!over).then_some(node)
    }

    /// Takes a service in. While the runner runs it starts as soon as what it depends on is ready.
    pub(crate) fn add(
        &mut self,
        settings: Settings,
        launch: Launch,
        hold: Arc<Hold>,
        here: &'static Location<'static>,
    ) {
        let name = Arc::clone(&settings.name);
        let mut node = Node::new(settings, launch, hold, here);
        if self.is_waiting() {
            self.places.insert(name, self.nodes.len());
            self.nodes.push(node);
            return;
        }
        // Whoever comes while the runner runs has its name already, and counts.
        node.named = true;
        node.after = node.settings.after.iter().map(|name| self.places[name]).collect();
        let phase = node.settings.terms.phase;
        let place = match self.places.get(&name).copied() {
            // One that is over makes room: those that depend on it depend on this one.
            Some(place) => {
                let old = &mut self.nodes[place];
                (node.runs, node.before) = (old.runs, std::mem::take(&mut old.before));
                let what = (std::mem::take(&mut old.steps), old.instance.take());
                self.actions.push(Action::Discard(Box::new(what)));
                for above in std::mem::take(&mut self.nodes[place].after) {
                    self.nodes[above].before.retain(|below| *below != place);
                }
                place
            }
            None => self.nodes.len(),
        };
        for above in &node.after {
            self.nodes[*above].before.push(place);
        }
        if place == self.nodes.len() {
            self.nodes.push(node);
        } else {
            self.nodes[place] = node;
        }
        self.places.insert(name, place);
        self.count(place, phase, None, Some(ServiceState::New));
        self.dirty.insert(place);
    }

    /// What is wrong with the services as they are, or the order in which they start.
    pub(crate) fn plan(&self) -> Result<Vec<Arc<str>>, Vec<ServiceError>> {
        let chosen = self.chosen()?;
        let graph = self.link(&chosen)?;
        Ok(graph.order.iter().map(|at| Arc::clone(self.nodes[chosen[*at]].name())).collect())
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
        let chosen = self.chosen()?;
        let graph = self.link(&chosen)?;
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
        for left_out in all.into_iter().flatten() {
            let what = Box::new((left_out.steps, left_out.instance));
            self.actions.push(Action::Discard(what));
        }
        Ok(())
    }

    fn wrong(&self, error: &ServiceError) -> Wrong {
        let name = match error {
            ServiceError::Missing { service, .. }
            | ServiceError::LeftOut { service, .. }
            | ServiceError::Itself { service }
            | ServiceError::LaterPhase { service, .. } => service,
            ServiceError::Cycle { path } => match path.first() {
                Some(first) => first,
                None => return Wrong::of("services", error),
            },
            ServiceError::Unknown { name, .. } => return Wrong::of(name, error),
            _ => return Wrong::of("services", error),
        };
        let here = self.places.get(name).map(|place| self.nodes[*place].here);
        Wrong { here: here.unwrap_or(Location::caller()), ..Wrong::of(name, error) }
    }

    pub(crate) fn find(&self, name: &str, by: &'static str) -> Result<usize, ServiceError> {
        self.places.get(name).copied().ok_or_else(|| ServiceError::Unknown {
            name: name.into(),
            by,
            nearest: names::nearest(name, self.places.keys().cloned()),
        })
    }

    /// These and all that depend on them.
    fn with_dependents(&self, place: usize) -> BTreeSet<usize> {
        self.reach(place, |node| &node.before)
    }

    fn with_dependencies(&self, place: usize) -> BTreeSet<usize> {
        self.reach(place, |node| &node.after)
    }

    fn reach(&self, place: usize, next: impl Fn(&Node) -> &Vec<usize>) -> BTreeSet<usize> {
        let (mut reached, mut todo) = (BTreeSet::new(), vec![place]);
        while let Some(place) = todo.pop() {
            if reached.insert(place) {
                todo.extend(next(&self.nodes[place]).iter().copied());
            }
        }
        reached
    }

    /// Somebody wants it, and those that depend on it, to stop.
    pub(crate) fn want_down(&mut self, place: usize) {
        for place in self.with_dependents(place) {
            let node = &mut self.nodes[place];
            node.up = false;
            node.again = false;
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
            node.restarts.clear();
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
        let all = self.with_dependents(place);
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

    /// What the strategy of a service that is restarted means for others.
    pub(super) fn take_along(&mut self, place: usize, all: bool) {
        let others =
            if all { (0..self.nodes.len()).collect() } else { self.with_dependents(place) };
        for other in others {
            let node = &mut self.nodes[other];
            let runs = matches!(node.state, ServiceState::Starting | ServiceState::Running);
            let can = node.steps.repeats || node.steps.idle;
            if other != place && runs && can && node.up {
                node.again = true;
                self.dirty.insert(other);
            }
        }
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

    /// What a service of this type shares, for `by`, the run that asks, if it is one.
    pub(crate) fn instance(
        &self,
        id: TypeId,
        of: &'static str,
        name: Option<&str>,
        by: Option<&Unit>,
    ) -> Result<Arc<dyn std::any::Any + Send + Sync>, ServiceError> {
        let has = |node: &&Node| {
            let is = node.instance.as_ref().is_some_and(|instance| instance.id == id);
            is && name.is_none_or(|name| *name == **node.name())
        };
        let there: Vec<&Node> = self.nodes.iter().filter(has).collect();
        let node = match there[..] {
            [] => return Err(ServiceError::NoInstance { of }),
            [node] => node,
            _ => {
                let names = there.iter().map(|node| Arc::clone(node.name())).collect();
                return Err(ServiceError::Ambiguous { of, names });
            }
        };
        if let Some(unit) = by {
            let place = self.places[node.name()];
            if place != unit.service && !self.with_dependencies(unit.service).contains(&place) {
                return Err(ServiceError::NotDeclared {
                    service: Arc::clone(self.nodes[unit.service].name()),
                    dependency: Arc::clone(node.name()),
                });
            }
        }
        let skipped = node.state == ServiceState::Skipped;
        // While it stops those that depend on it have it still; and so has what runs itself.
        let own = by.is_some_and(|unit| self.places[node.name()] == unit.service);
        let there = own || node.serves() || node.state == ServiceState::Stopping;
        match &node.instance {
            Some(instance) if there && !skipped => Ok(Arc::clone(&instance.value)),
            _ => {
                Err(ServiceError::NotReady { service: Arc::clone(node.name()), state: node.state })
            }
        }
    }

    /// All that is the user's, to be dropped: nobody begins any more.
    pub(crate) fn forget(&mut self) -> Vec<Box<dyn Send>> {
        let forget = |node: &mut Node| {
            let (steps, instance) = (std::mem::take(&mut node.steps), node.instance.take());
            (steps.body.is_some() || steps.init.is_some() || steps.hook.is_some())
                .then(|| Box::new((steps, instance)) as Box<dyn Send>)
        };
        self.nodes.iter_mut().filter_map(forget).collect()
    }

    pub(super) fn steps(&mut self, place: usize) -> &mut Steps {
        &mut self.nodes[place].steps
    }

    /// Keeps the counts by phase.
    pub(super) fn count(
        &mut self,
        place: usize,
        phase: i32,
        was: Option<ServiceState>,
        is: Option<ServiceState>,
    ) {
        // A transient one is asked when nobody else is left: it holds up no other phase.
        let transient = self.nodes[place].settings.terms.transient;
        let mut freed = false;
        for (counts, of) in [
            (&mut self.unsettled, ServiceState::is_unsettled as fn(ServiceState) -> bool),
            (&mut self.active, ServiceState::is_active),
        ] {
            let (was, is) = (was.is_some_and(of), is.is_some_and(of));
            if transient || was == is {
                continue;
            }
            let count = counts.entry(phase).or_default();
            *count = if is { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                counts.remove(&phase);
                freed = true;
            }
        }
        let several = self.unsettled.keys().chain(self.active.keys()).any(|other| *other != phase);
        if freed && several {
            self.dirty.extend(0..self.nodes.len());
        }
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
