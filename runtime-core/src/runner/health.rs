//! How a runner is, for whoever asks from outside: supervisors, load balancers, people.

use std::fmt;
use std::time::Duration;

use crate::homes::HomeKind;
use crate::id::FlavourId;
use crate::inspect::BusyView;
use crate::runner::handle::Handle;
use crate::service::state::ServiceState;
use crate::service::view::{ServiceList, ServiceView};

impl Handle {
    /// How the runner is now. Each lane is asked, and waited for 50 ms at most, so that the answer does not
    /// hang with what it tells of.
    ///
    /// Not to be called on an async lane other than from a short task: it blocks for as long. To answer probes
    /// even when a lane hangs, answer them from another flavour, best from a thread.
    ///
    /// ```
    /// use spumoni_core::{Probe, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// // `GET /readyz` of any HTTP crate:
    /// let health = runner.health();
    /// let answer = Probe::of_path("/readyz").map(|probe| (health.status(probe), health.to_string()));
    /// assert_eq!(answer.map(|(status, _)| status), Some(200));
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        let homes = self.core().homes.all();
        let lanes = homes.iter().filter(|home| matches!(home, HomeKind::Lane(_)));
        let lanes = lanes.map(|home| {
            let view = self.view(home);
            LaneHealth {
                flavour: view.flavour,
                answered: view.answered,
                busy: view.busy.into_iter().next(),
            }
        });
        Health { stopping: self.is_stopping(), lanes: lanes.collect(), services: self.services() }
    }
}

/// How a runner is at one moment: from [`Handle::health`].
///
/// It prints as lines for people, and serialises with the feature `serde`.
#[derive(Clone, Debug)]
pub struct Health {
    pub(crate) stopping: bool,
    pub(crate) lanes: Vec<LaneHealth>,
    pub(crate) services: ServiceList,
}

/// How one lane is.
#[derive(Clone, Debug)]
pub struct LaneHealth {
    pub(crate) flavour: FlavourId,
    pub(crate) answered: bool,
    pub(crate) busy: Option<BusyView>,
}

/// What a supervisor wants to know: the three probes of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Probe {
    /// Whether it works at all. If not, it is to be killed and started anew.
    Live,
    /// Whether it is to be sent work.
    Ready,
    /// Whether its start is over. Until then the other two are not asked.
    Started,
}

impl Probe {
    /// The probe that is usually at this path: `/livez` and `/healthz`, `/readyz`, `/startupz`. A query does not
    /// matter.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        match path.split('?').next().unwrap_or(path) {
            "/livez" | "/healthz" => Some(Probe::Live),
            "/readyz" => Some(Probe::Ready),
            "/startupz" => Some(Probe::Started),
            _ => None,
        }
    }
}

impl Health {
    /// How long a lane may be held by one task before it counts as hung: 30 s.
    pub const HUNG: Duration = Duration::from_secs(30);

    /// Whether it works at all: no lane is held by one task for longer than [`HUNG`](Health::HUNG). Services do
    /// not matter for this, since the runner looks after them: it restarts them, or stops.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_live_within(Self::HUNG)
    }

    /// As [`is_live`](Health::is_live), with another limit.
    #[must_use]
    pub fn is_live_within(&self, hung: Duration) -> bool {
        self.lanes.iter().all(|lane| lane.answered || lane.held().is_none_or(|held| held <= hung))
    }

    /// Whether it is to be sent work: its start is over, no stop was asked, and every service is ready. Services
    /// that are at rest, because they were stopped or have failed and the runner goes on without them, do not
    /// count.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.stopping && !self.services.all().iter().any(ServiceView::is_awaited)
    }

    /// Whether its start is over: every service has been ready once, or is at rest.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.services.all().iter().all(|one| !one.is_awaited() || one.ready_after().is_some())
    }

    /// Whether a stop was asked.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Whether the answer to this probe is yes.
    #[must_use]
    pub fn passes(&self, probe: Probe) -> bool {
        match probe {
            Probe::Live => self.is_live(),
            Probe::Ready => self.is_ready(),
            Probe::Started => self.is_started(),
        }
    }

    /// The status of an HTTP answer to this probe: 200 or 503.
    #[must_use]
    pub fn status(&self, probe: Probe) -> u16 {
        if self.passes(probe) { 200 } else { 503 }
    }

    /// The lanes that have started.
    #[must_use]
    pub fn lanes(&self) -> &[LaneHealth] {
        &self.lanes
    }

    /// Whether every lane has answered.
    #[must_use]
    pub fn lanes_answer(&self) -> bool {
        self.lanes.iter().all(LaneHealth::answered)
    }

    /// The services.
    #[must_use]
    pub fn services(&self) -> &ServiceList {
        &self.services
    }
}

impl LaneHealth {
    /// The flavour.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.flavour
    }

    /// Whether it answered in time: it is not held by one task.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.answered
    }

    /// Which task has its thread.
    #[must_use]
    pub fn busy(&self) -> Option<&BusyView> {
        self.busy.as_ref()
    }

    fn held(&self) -> Option<Duration> {
        self.busy.as_ref().map(BusyView::held)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = |good| if good { "[+]" } else { "[-]" };
        let yes = |good| if good { "yes" } else { "no" };
        for service in self.services.all() {
            let ready = service.is_ready() || service.state() == ServiceState::Terminated;
            write!(f, "{} service {}: {}", mark(ready), service.name(), service.state())?;
            if !service.waits_for().is_empty() {
                write!(f, ", waits for {}", service.waits_for().join(", "))?;
            }
            if let Some(unhealthy) = service.unhealthy() {
                write!(f, ", unhealthy: {}", unhealthy.cause())?;
            } else if let Some(failure) = service.failure().filter(|_| !ready) {
                write!(f, ", failed: {}", failure.cause())?;
            }
            for warning in service.warnings() {
                write!(f, ", warns: {}", warning.text())?;
            }
            writeln!(f)?;
        }
        for lane in &self.lanes {
            let state = if lane.answered { "answers" } else { "does not answer" };
            write!(f, "{} lane {}: {state}", mark(lane.answered), lane.flavour)?;
            if let Some(busy) = lane.busy.as_ref().filter(|_| !lane.answered) {
                write!(f, ", {} has the thread for {:.1?}", busy.task(), busy.held())?;
            }
            writeln!(f)?;
        }
        if self.stopping {
            writeln!(f, "[-] a stop was asked")?;
        }
        let [live, ready, started] = [self.is_live(), self.is_ready(), self.is_started()].map(yes);
        write!(f, "live: {live}, ready: {ready}, started: {started}")
    }
}
