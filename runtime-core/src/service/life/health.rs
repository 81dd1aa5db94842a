//! The health of a service that is ready: when it is checked, and what its checks come to.

use std::sync::Arc;
use std::time::Instant;

use crate::error::Reason;
use crate::failure::{Cause, Failure};
use crate::log;
use crate::service::check::Flight;
use crate::service::node::{Run, Stage};
use crate::service::roster::{Action, Roster};
use crate::service::state::ServiceState;
use crate::service::unit::Hold;
use crate::task::contract::{AnyTask, Owner};
use crate::time::Deadline;

impl Roster {
    /// Begins a check when it is time, and sees to one that takes too long.
    pub(super) fn look_after_health(&mut self, place: usize, now: Instant) {
        if !self.is_checked(place) {
            return;
        }
        let node = &mut self.nodes[place];
        let terms = node.settings.terms;
        let due = node.checks.due.is_none_or(|due| due.is_over(now));
        match &mut node.checks.flight {
            Some(flight) if !flight.is_late => {
                if flight.limit.is_over(now) {
                    flight.is_late = true;
                    self.actions.extend(flight.task.clone().map(Action::Cancel));
                    if due {
                        self.check_again_after(place, now);
                    }
                    let limit = terms.health_timeout;
                    let text = format!(
                        "a health check was not over within {limit:?}: `health_timeout` gives it longer"
                    );
                    self.unhealthy_by(place, text, now);
                }
            }
            Some(_) if due => {
                // On a thread that it holds. A second one beside it would only hold another.
                self.check_again_after(place, now);
                let text =
                    "an earlier health check is not over yet, and holds its thread".to_owned();
                self.unhealthy_by(place, text, now);
            }
            None if due => self.begin_check(place, now),
            Some(_) | None => {}
        }
    }

    /// Whether there is something to check: it runs, and nobody wants it to end.
    fn is_checked(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        let runs = node.state == ServiceState::Running && node.stage == Stage::Body;
        let goes_on = |run: &Run| !run.asked && run.failure.is_none();
        node.steps.is_checked && runs && node.run.as_ref().is_some_and(goes_on)
    }

    fn begin_check(&mut self, place: usize, now: Instant) {
        let hold = Hold::new(Arc::clone(&self.root));
        if !hold.take(false, true) {
            // Asked to stop meanwhile.
            return;
        }
        let node = &mut self.nodes[place];
        let terms = node.settings.terms;
        let limit = Deadline::from(now, terms.health_timeout);
        node.checks.begun += 1;
        node.checks.flight = Some(Flight { task: None, hold, limit, is_late: false });
        self.wake(place, limit);
        self.check_again_after(place, now);
        self.actions.push(Action::Check { service: place });
    }

    /// The next one is to begin when a period is over.
    fn check_again_after(&mut self, place: usize, now: Instant) {
        let node = &mut self.nodes[place];
        let due = Deadline::from(now, node.settings.terms.health_every);
        node.checks.due = Some(due);
        self.wake(place, due);
    }

    /// A check was handed over.
    pub(crate) fn check_begun(&mut self, place: usize, number: u64, task: Arc<dyn AnyTask>) {
        let checks = &mut self.nodes[place].checks;
        match checks.flight.as_mut().filter(|_| checks.begun == number) {
            Some(flight) => flight.task = Some(task),
            // Nobody wants to hear of it any more.
            None => self.actions.push(Action::Cancel(task)),
        }
    }

    /// No home took a check.
    pub(crate) fn check_refused(
        &mut self,
        place: usize,
        number: u64,
        reason: Reason,
        now: Instant,
    ) {
        let cause = Cause::error(anyhow::Error::new(reason).context("it could not be begun"));
        let failure = Failure { task: self.nodes[place].label(), cause, age: self.root.age() };
        self.checked(place, number, Some(failure), now);
        self.dirty.insert(place);
    }

    /// A check is over.
    pub(super) fn checked(
        &mut self,
        place: usize,
        number: u64,
        failure: Option<Failure>,
        now: Instant,
    ) {
        let checks = &mut self.nodes[place].checks;
        if checks.begun != number {
            return;
        }
        // A late one has been told already.
        let in_time = checks.flight.take().is_some_and(|flight| !flight.is_late);
        if !in_time || !self.is_checked(place) {
            return;
        }
        match failure {
            Some(failure) => self.unhealthy(place, failure, now),
            None => self.healthy(place),
        }
    }

    fn healthy(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        node.checks.failed = 0;
        if node.unhealthy.take().is_some() {
            log::info(format_args!("service `{}` is healthy again", node.name()));
            self.set_whole(place, true);
            self.changed = true;
            // Who depends on it may have waited for this.
            self.touch(place);
        }
    }

    fn unhealthy_by(&mut self, place: usize, text: String, now: Instant) {
        let cause = Cause::error(anyhow::Error::msg(text));
        let node = &self.nodes[place];
        let failure = Failure { task: node.label(), cause, age: self.root.age() };
        self.unhealthy(place, failure, now);
    }

    /// A check has failed. So many in a row are the failure of the run.
    fn unhealthy(&mut self, place: usize, failure: Failure, now: Instant) {
        self.set_whole(place, false);
        let age = self.root.age();
        let node = &mut self.nodes[place];
        let most = node.settings.terms.health_failures;
        node.checks.failed = node.checks.failed.saturating_add(1);
        let failed = node.checks.failed;
        log::warn(format_args!(
            "service `{}` is unhealthy, by {failed} of {most} health checks in a row: {}",
            node.name(),
            failure.cause()
        ));
        self.changed = true;
        if failed < most {
            node.unhealthy = Some(failure);
            return;
        }
        // As text: the error itself is the run's, which is to say more of it.
        let cause = Cause::error(anyhow::Error::msg(failure.cause().to_string()));
        node.unhealthy = Some(Failure { task: failure.task.clone(), cause, age });
        let times =
            if failed == 1 { "once".to_owned() } else { format!("{failed} times in a row") };
        let own = Failure { task: node.label(), ..failure };
        if let Some(run) = node.run.as_mut() {
            run.failure = Some(own.explained(format!("its health check failed {times}")));
        }
        self.ask(place, now);
    }

    /// Nobody wants to hear of the check any more. It has the rest of its time to end, and is left behind then.
    pub(super) fn drop_check(&mut self, place: usize) {
        if let Some(flight) = self.nodes[place].checks.flight.take() {
            let task = flight.task.clone().filter(|_| !flight.is_late);
            self.actions.extend(task.map(Action::Cancel));
            self.dropped_checks.push(flight);
            self.dirty.insert(place);
        }
    }

    /// Leaves checks behind that nobody waits for and that are not over in their time. One that has ended is none
    /// to be left.
    pub(super) fn leave_checks(&mut self, now: Instant) {
        let (late, rest) = std::mem::take(&mut self.dropped_checks)
            .into_iter()
            .partition(|flight| flight.limit.is_over(now));
        self.dropped_checks = rest;
        let late: Vec<Flight> = late;
        self.actions.extend(late.into_iter().map(|flight| Action::GiveUp {
            tasks: flight.task.into_iter().collect(),
            hold: flight.hold,
        }));
    }
}
