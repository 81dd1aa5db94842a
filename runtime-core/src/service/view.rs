//! The services as they are at one moment, for people and as data.

use std::collections::HashSet;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::failure::Failure;
use crate::group::policy::OnFailure;
use crate::id::FlavourId;
use crate::service::node::Stage;
use crate::service::roster::Roster;
use crate::service::set_view::ServiceSetView;
use crate::service::spec::Spec;
use crate::service::state::ServiceState;
use crate::service::warning::ServiceWarning;
use crate::service::wish::Meant;

/// The services of a runner at one moment: from [`Handle::services`](crate::Handle::services), or from the
/// [`StopReport`](crate::StopReport), as they were at the end.
///
/// It prints as a table, the slowest to stop first.
#[derive(Clone, Debug, Default)]
pub struct ServiceList {
    pub(crate) services: Vec<ServiceView>,
    pub(crate) sets: Vec<ServiceSetView>,
    pub(crate) started: Vec<Arc<str>>,
    pub(crate) stopped: Vec<Arc<str>>,
}

/// One service at one moment.
#[derive(Clone, Debug)]
pub struct ServiceView {
    pub(crate) name: Arc<str>,
    pub(crate) flavour: FlavourId,
    pub(crate) spec: Spec,
    pub(crate) added_at: &'static Location<'static>,
    pub(crate) state: ServiceState,
    pub(crate) ready: bool,
    pub(crate) set: Option<Arc<str>>,
    pub(crate) after: Vec<Arc<str>>,
    pub(crate) waits_for: Vec<Arc<str>>,
    pub(crate) workers: usize,
    pub(crate) on_failure: OnFailure,
    /// It has ended, which ends the runner.
    pub(crate) ends_all: bool,
    pub(crate) restarts: u64,
    pub(crate) failure: Option<Failure>,
    pub(crate) warnings: Vec<ServiceWarning>,
    pub(crate) unhealthy: Option<Failure>,
    pub(crate) failed_checks: u32,
    pub(crate) skipped: Option<String>,
    pub(crate) ready_after: Option<Duration>,
    pub(crate) stop_took: Option<Duration>,
}

impl ServiceList {
    /// Every service, in the order in which they can start.
    #[must_use]
    pub fn all(&self) -> &[ServiceView] {
        &self.services
    }

    /// The service of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ServiceView> {
        self.services.iter().find(|service| &*service.name == name)
    }

    /// Every set, in the order in which they were added.
    #[must_use]
    pub fn sets(&self) -> &[ServiceSetView] {
        &self.sets
    }

    /// The set of this name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&ServiceSetView> {
        self.sets.iter().find(|set| &*set.name == name)
    }

    /// The names in the order in which they became ready; once for each time. Of very many the latest: as many
    /// as there are services, and 500 more.
    #[must_use]
    pub fn started(&self) -> &[Arc<str>] {
        &self.started
    }

    /// The names in the order in which they ended after they were asked to; once for each time. Of very many the
    /// latest, as above.
    #[must_use]
    pub fn stopped(&self) -> &[Arc<str>] {
        &self.stopped
    }

    /// Those that were stopped, the slowest first.
    #[must_use]
    pub fn slowest(&self) -> Vec<&ServiceView> {
        let mut all: Vec<_> =
            self.services.iter().filter(|service| service.stop_took.is_some()).collect();
        all.sort_by_key(|service| std::cmp::Reverse(service.stop_took));
        all
    }
}

impl ServiceView {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its flavour.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.flavour
    }

    /// What its type says of it.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// Where the program added it.
    #[must_use]
    pub fn added_at(&self) -> &'static Location<'static> {
        self.added_at
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> ServiceState {
        self.state
    }

    /// The set that it is a member of.
    #[must_use]
    pub fn set(&self) -> Option<&str> {
        self.set.as_deref()
    }

    /// Whether those that depend on it may start: it runs, is not drained and not unhealthy, or was a oneshot
    /// that is done, or was skipped.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// The services on which it depends.
    #[must_use]
    pub fn after(&self) -> &[Arc<str>] {
        &self.after
    }

    /// Of these, those that are not ready, while it waits for its start.
    #[must_use]
    pub fn waits_for(&self) -> &[Arc<str>] {
        &self.waits_for
    }

    /// Whether somebody still waits for it to be ready: it is not, and more is to come of it, or it has ended or
    /// failed and the runner does not go on without it. Of one that was stopped, was skipped, or has failed with
    /// [`OnFailure::Continue`], nobody waits.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        let fatal = self.state == ServiceState::Failed && self.on_failure == OnFailure::Stop;
        self.ends_all || !self.ready && (fatal || !self.state.is_final())
    }

    /// How many run its body.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// How often it was restarted because it had ended.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Its latest failure, also one after which it was restarted.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Its standing warnings, in the order in which they came; after its end, those that stood then.
    #[must_use]
    pub fn warnings(&self) -> &[ServiceWarning] {
        &self.warnings
    }

    /// What its latest [health check](crate::Launch::health) found, if that was bad: until a good one, or the end of
    /// its run.
    #[must_use]
    pub fn unhealthy(&self) -> Option<&Failure> {
        self.unhealthy.as_ref()
    }

    /// How many of its health checks have failed since the last good one, or since its run began.
    #[must_use]
    pub fn failed_checks(&self) -> u32 {
        self.failed_checks
    }

    /// Why it was skipped, if it was.
    #[must_use]
    pub fn skipped(&self) -> Option<&str> {
        self.skipped.as_deref()
    }

    /// How long its latest start took until it was ready.
    #[must_use]
    pub fn ready_after(&self) -> Option<Duration> {
        self.ready_after
    }

    /// How long its latest stop took, from being asked to the end.
    #[must_use]
    pub fn stop_took(&self) -> Option<Duration> {
        self.stop_took
    }
}

impl fmt::Display for ServiceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.services.iter().map(|service| service.name.chars().count()).max();
        let width = width.unwrap_or(0);
        let mut all: Vec<_> = self.services.iter().collect();
        all.sort_by_key(|service| std::cmp::Reverse(service.stop_took));
        for (index, service) in all.into_iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{:width$}  {:10}  {}", service.name, service.state, service.flavour)?;
            if let Some(took) = service.stop_took {
                write!(f, ", stopped in {took:.1?}")?;
            }
            if let Some(after) = service.ready_after {
                write!(f, ", ready after {after:.1?}")?;
            }
            if service.restarts > 0 {
                write!(f, ", restarted {} times", service.restarts)?;
            }
            if !service.waits_for.is_empty() {
                write!(f, ", waits for {}", service.waits_for.join(", "))?;
            }
            if let Some(unhealthy) = &service.unhealthy {
                write!(f, ", unhealthy: {}", unhealthy.cause())?;
            }
            for warning in &service.warnings {
                write!(f, ", warns: {}", warning.text())?;
            }
            if let Some(why) = &service.skipped {
                write!(f, ", {why}")?;
            }
            if let Some(failure) = &service.failure {
                write!(f, ", failed: {}", failure.cause())?;
            }
        }
        let any = !self.services.is_empty();
        for (index, set) in self.sets.iter().enumerate() {
            if any || index > 0 {
                writeln!(f)?;
            }
            write!(f, "{set}")?;
        }
        Ok(())
    }
}

impl Roster {
    /// The services that are meant, and their sets, as all others would be listed.
    pub(crate) fn part(&self, meant: &Meant) -> ServiceList {
        let mut list = self.list();
        let name = |place: &usize| Arc::clone(self.nodes[*place].name());
        let names: HashSet<Arc<str>> = meant.places.iter().map(name).collect();
        list.services.retain(|service| names.contains(&service.name));
        list.started.retain(|name| names.contains(name));
        list.stopped.retain(|name| names.contains(name));
        let sets = meant.set.into_iter().flat_map(|set| self.sets_within(set));
        list.sets = sets.map(|at| ServiceSetView::of(&self.sets.all[at])).collect();
        list
    }

    pub(crate) fn list(&self) -> ServiceList {
        let views = self.nodes.iter().map(|node| {
            let waits = node.state.is_unsettled() && node.stage == Stage::Idle;
            let name = |place: &usize| Arc::clone(self.nodes[*place].name());
            let waits_for = node.after.iter().filter(|_| waits);
            let waits_for = waits_for.filter(|above| !self.nodes[**above].is_ready()).map(name);
            ServiceView {
                name: Arc::clone(node.name()),
                flavour: node.flavour,
                spec: node.settings.place,
                added_at: node.here,
                state: node.state,
                ready: node.is_ready(),
                warnings: node.warnings.0.clone(),
                unhealthy: node.unhealthy.clone(),
                failed_checks: node.checks.failed,
                set: node.settings.set.clone(),
                after: node.settings.after.clone(),
                waits_for: waits_for.collect(),
                workers: node.settings.terms.workers,
                // Nobody waits for one that went down with its set.
                on_failure: if node.up {
                    node.settings.terms.on_failure
                } else {
                    OnFailure::Continue
                },
                ends_all: node.ends_all(),
                restarts: node.tally.total(),
                failure: node.failure.clone(),
                skipped: node.skipped.clone(),
                ready_after: node.times.ready_after,
                stop_took: node.times.stop_took,
            }
        });
        let services = views.collect();
        let sets = self.sets.all.iter().map(ServiceSetView::of).collect();
        ServiceList {
            services,
            sets,
            started: self.started.0.clone(),
            stopped: self.stopped.0.clone(),
        }
    }
}
