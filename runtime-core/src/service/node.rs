//! One service among the others, as plain data: where it is in its life, and its run.

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::failure::{Failure, TaskLabel};
use crate::id::{FlavourId, TaskId};
use crate::service::check::Checks;
use crate::service::launch::{Hook, Instance, Launch, Step};
use crate::service::policy::OnServiceExit;
use crate::service::spec::Settings;
use crate::service::state::ServiceState;
use crate::service::tally::Tally;
use crate::service::unit::{Hold, Unit};
use crate::service::warning::Warnings;
use crate::task::contract::AnyTask;
use crate::time::Deadline;

/// See the module.
pub(crate) struct Node {
    pub(super) settings: Settings,
    pub(super) here: &'static Location<'static>,
    pub(super) flavour: FlavourId,
    /// Where it counts and is named.
    pub(super) hold: Arc<Hold>,
    pub(super) named: bool,
    pub(super) steps: Steps,
    pub(super) instance: Option<Instance>,
    /// The set that it is a member of.
    pub(super) set: Option<usize>,
    /// As it is counted there: busy, and active.
    pub(super) in_set: (bool, bool),
    pub(super) after: Vec<usize>,
    pub(super) before: Vec<usize>,

    pub(super) state: ServiceState,
    pub(super) stage: Stage,
    /// It is wanted.
    pub(super) up: bool,
    /// It is to begin again when its run is gone.
    pub(super) again: bool,
    /// Its initialisation is over, or it has none.
    pub(super) inited: bool,
    /// The start-up waits for its initialisation.
    pub(super) awaited: bool,
    /// It has ended in good order, as it should: whoever depends on it is served.
    pub(super) done: bool,
    pub(super) run: Option<Run>,
    pub(super) runs: u64,
    /// Its body has run.
    pub(super) used: bool,
    pub(super) tally: Tally,
    pub(super) checks: Checks,
    /// What its latest health check found, if that is bad.
    pub(super) unhealthy: Option<Failure>,
    pub(super) warnings: Warnings,
    pub(super) failure: Option<Failure>,
    pub(super) skipped: Option<String>,
    /// When the next thing is due: the end of a backoff, of a drain, of a start, of a grace.
    pub(super) due: Deadline,
    pub(super) times: Times,
}

/// How far a service is within its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing of it runs.
    Idle,
    /// Its initialisation runs.
    Init,
    /// Its body runs, or it is one that runs nothing.
    Body,
    /// Not ready any more, and not asked yet.
    Draining,
    /// Asked to stop.
    Asked,
}

/// What it can do, apart from the rest: it is the user's, and used without the lock.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) body: Option<Step>,
    pub(super) init: Option<Step>,
    pub(super) hook: Option<Hook>,
    pub(super) health: Option<Step>,
    /// There is such a step, also while it is being used.
    pub(super) is_checked: bool,
    pub(super) repeats: bool,
    pub(super) idle: bool,
}

/// One run, or initialisation.
pub(super) struct Run {
    pub(super) number: u64,
    /// It is the initialisation.
    pub(super) init: bool,
    /// Its tasks are being handed over.
    pub(super) launching: bool,
    pub(super) unit: Arc<Unit>,
    /// How many tasks have not ended.
    pub(super) alive: usize,
    pub(super) tasks: Vec<Arc<dyn AnyTask>>,
    pub(super) begun: usize,
    pub(super) ready: BTreeSet<TaskId>,
    /// What failed first, and what failed beside it.
    pub(super) failure: Option<Failure>,
    pub(super) more: Vec<Failure>,
    /// What has failed ends the others of the run.
    pub(super) broken: bool,
    /// Somebody wanted it to end.
    pub(super) on_purpose: bool,
    pub(super) asked: bool,
    /// When it is cancelled, once it is asked.
    pub(super) cancel: Deadline,
}

#[derive(Default)]
pub(super) struct Times {
    pub(super) began: Option<Duration>,
    pub(super) ready_after: Option<Duration>,
    pub(super) asked: Option<Duration>,
    pub(super) stop_took: Option<Duration>,
}

/// Of what is no task: a service, or what is done for services.
pub(super) fn label(name: Arc<str>, here: &'static Location<'static>) -> TaskLabel {
    TaskLabel {
        id: TaskId::next(),
        name: Some(name),
        group: None,
        flavour: SERVICE,
        spawned_at: here,
    }
}

impl Node {
    pub(super) fn new(
        settings: Settings,
        launch: Launch,
        hold: Arc<Hold>,
        here: &'static Location<'static>,
    ) -> Self {
        let flavour = launch.flavour();
        let Launch { body, init, hook, health, instance, repeats, .. } = launch;
        let (idle, is_checked) = (body.is_none(), health.is_some());
        Node {
            settings,
            here,
            flavour,
            hold,
            named: false,
            steps: Steps { body, init, hook, health, is_checked, repeats, idle },
            instance,
            set: None,
            in_set: (false, false),
            after: Vec::new(),
            before: Vec::new(),
            state: ServiceState::New,
            stage: Stage::Idle,
            up: true,
            again: false,
            inited: false,
            awaited: false,
            done: false,
            run: None,
            runs: 0,
            used: false,
            tally: Tally::default(),
            checks: Checks::default(),
            unhealthy: None,
            warnings: Warnings::default(),
            failure: None,
            skipped: None,
            due: Deadline::never(),
            times: Times::default(),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    /// Its own label, which is that of no task.
    pub(super) fn label(&self) -> TaskLabel {
        label(Arc::clone(self.name()), self.here)
    }

    /// Whether those that depend on it may start.
    pub(super) fn is_ready(&self) -> bool {
        self.serves() && self.unhealthy.is_none()
    }

    /// Whether those that depend on it have what they need, be it well or not.
    pub(super) fn serves(&self) -> bool {
        match self.state {
            ServiceState::Running => self.stage == Stage::Body && !self.again,
            ServiceState::Skipped => true,
            // One that ends all serves nobody, though the stop has not come yet.
            ServiceState::Terminated => self.done && !self.again && !self.ends_all(),
            ServiceState::New
            | ServiceState::Starting
            | ServiceState::Stopping
            | ServiceState::Failed
            | ServiceState::Backoff => false,
        }
    }

    /// Whether it has ended unasked, which stops the runner: soon, if not already.
    pub(super) fn ends_all(&self) -> bool {
        let terms = &self.settings.terms;
        let ended = self.state == ServiceState::Terminated && self.done;
        ended && !terms.oneshot && terms.on_exit == OnServiceExit::Stop
    }

    /// It is not wanted any more. One that has ended and waits to begin again counts until it is looked at.
    pub(super) fn let_down(&mut self) {
        self.up = false;
        self.again &= self.state.is_final();
    }

    /// Whether it has ended, or is ending: what makes it run is a run of its own.
    pub(super) fn is_over_or_going(&self) -> bool {
        self.state.is_final() || self.state == ServiceState::Stopping
    }

    /// Whether it has a run, or waits for its next one.
    pub(super) fn is_up_or_paused(&self) -> bool {
        self.state.is_active() || self.state == ServiceState::Backoff
    }

    /// Whether it is on its way down, or is to be.
    pub(super) fn is_going(&self) -> bool {
        !self.up || self.again || matches!(self.stage, Stage::Asked | Stage::Draining)
    }

    /// Whether it begins again as soon as it can.
    pub(super) fn is_coming_again(&self) -> bool {
        self.up && self.again
    }

    /// Whether it will, or may, run some time without anybody asking.
    pub(super) fn is_coming(&self) -> bool {
        self.up && (self.again || !self.state.is_final())
    }

    /// Whether it does not hold up those on which it depends any more.
    pub(super) fn is_past(&self, now: Instant) -> bool {
        let over = |run: &Run| run.asked && run.cancel.is_over(now);
        !self.state.is_active() || self.run.as_ref().is_some_and(over)
    }
}

impl Run {
    pub(super) fn new(number: u64, init: bool, unit: Arc<Unit>, alive: usize) -> Self {
        Run {
            number,
            init,
            launching: true,
            unit,
            alive,
            tasks: Vec::new(),
            begun: 0,
            ready: BTreeSet::new(),
            failure: None,
            broken: false,
            more: Vec::new(),
            on_purpose: false,
            asked: false,
            cancel: Deadline::never(),
        }
    }

    /// Whether a task of it has children that keep it from being finished.
    pub(super) fn has_children(&self) -> bool {
        let children = |task: &Arc<dyn AnyTask>| {
            task.header().children().is_some_and(|children| children.keep_parent())
        };
        self.tasks.iter().any(children)
    }

    /// Whether it does not end, though it was cancelled.
    pub(super) fn is_lost(&self, now: Instant) -> bool {
        let cancel = self.cancel.instant();
        self.asked && cancel.is_some_and(|at| Deadline::from(at, DESTRUCTORS).is_over(now))
    }
}

/// What a run that was cancelled has for its destructors before it is given up.
pub(super) const DESTRUCTORS: Duration = Duration::from_millis(1000);

/// What stands in place of a flavour in the label of a service.
pub(crate) const SERVICE: FlavourId = FlavourId::new("service");
