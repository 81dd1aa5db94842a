//! All services of a runner. What is wanted of them is in `wish`, what becomes of that in `life`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Reason;
use crate::failure::Failure;
use crate::group::names;
use crate::group::root::RootGroup;
use crate::service::check::Flight;
use crate::service::error::ServiceError;
use crate::service::launch::{Hook, Launch};
use crate::service::node::{Node, Steps};
use crate::service::set::Sets;
use crate::service::spec::Settings;
use crate::service::state::ServiceState;
use crate::service::unit::{Hold, Unit};
use crate::task::contract::AnyTask;
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
    pub(super) sets: Sets,
    /// Services that are not as they ought to be, before `run`.
    pub(super) flaws: Vec<ServiceError>,
    /// The sets that are being restarted.
    pub(super) down: BTreeSet<usize>,
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
    /// Health checks that nobody waits for.
    pub(super) dropped_checks: Vec<Flight>,
    pub(super) started: Latest,
    pub(super) stopped: Latest,
    pub(super) actions: Vec<Action>,
}

/// The latest of very many names: a service that is restarted for years leaves no more than this.
#[derive(Default)]
pub(super) struct Latest(pub(super) Vec<Arc<str>>);

impl Latest {
    pub(super) fn add(&mut self, name: Arc<str>, services: usize) {
        if self.0.len() >= 2 * (services + 500) {
            self.0.drain(..services + 500);
        }
        self.0.push(name);
    }
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
    /// A health check is to be begun.
    Check {
        service: usize,
    },
    /// Asked and cancelled at once.
    Cancel(Arc<dyn AnyTask>),
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
            sets: Sets::default(),
            flaws: Vec::new(),
            down: BTreeSet::new(),
            choice,
            phase: Phase::Waiting,
            dirty: BTreeSet::new(),
            timers: BTreeSet::new(),
            uninited: 0,
            init_failures: Vec::new(),
            unsettled: BTreeMap::new(),
            active: BTreeMap::new(),
            lost: HashMap::new(),
            dropped_checks: Vec::new(),
            started: Latest::default(),
            stopped: Latest::default(),
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
        // Who comes later finds what it depends on, and its set.
        if let Err(error) = self.find_set(name, settings.set.as_ref()) {
            return Err(Reason::BadService { why: error.to_string().into() });
        }
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

    /// Notes what is wrong with a service, whether it was taken in or not.
    pub(crate) fn add_flaw(&mut self, name: &str, why: String, here: &'static Location<'static>) {
        self.flaws.push(ServiceError::BadService { service: name.into(), why, here });
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
        node.set = node.settings.set.as_ref().map(|name| self.sets.places[name]);
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

    /// All that is the user's, to be dropped: nobody begins any more.
    pub(crate) fn forget(&mut self) -> Vec<Box<dyn Send>> {
        let forget = |node: &mut Node| {
            let (steps, instance) = (std::mem::take(&mut node.steps), node.instance.take());
            let some = [&steps.body, &steps.init, &steps.health].into_iter().any(Option::is_some);
            (some || steps.hook.is_some()).then(|| Box::new((steps, instance)) as Box<dyn Send>)
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
        self.account(place);
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
