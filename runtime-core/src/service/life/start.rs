//! How a service gets from nothing to being ready: its initialisation, the begin of a run, readiness.

use std::sync::Arc;
use std::time::Instant;

use crate::failure::{Cause, Failure};
use crate::log;
use crate::service::check::Checks;
use crate::service::error::Skip;
use crate::service::node::{Run, Stage};
use crate::service::roster::{Action, Phase, Roster};
use crate::service::state::{ServiceEvent, ServiceState};
use crate::service::unit::Unit;
use crate::task::contract::{AnyTask, Owner};
use crate::time::Deadline;

impl Roster {
    /// Begins a run, or the initialisation.
    pub(super) fn begin(&mut self, place: usize, init: bool, now: Instant) {
        let age = self.root.age();
        let node = &mut self.nodes[place];
        node.again = false;
        node.done = false;
        node.checks = Checks::default();
        node.unhealthy = None;
        node.warnings.clear(None);
        node.skipped = None;
        node.runs += 1;
        node.used |= !init;
        let number = node.runs;
        let terms = node.settings.terms;
        if !node.named {
            match self.root.names().take(node.label()) {
                Ok(()) => node.named = true,
                Err(reason) => {
                    let failure = self.failure(place, anyhow::Error::new(reason));
                    self.fail_for_good(place, failure);
                    return;
                }
            }
        }
        let node = &mut self.nodes[place];
        node.times.began = Some(age);
        node.times.ready_after = None;
        let limit = if init { terms.init_timeout } else { terms.start_timeout };
        let idle = node.steps.idle && !init;
        node.stage = if init { Stage::Init } else { Stage::Body };
        node.due = if idle { Deadline::never() } else { Deadline::from(now, limit) };
        let due = node.due;
        if !idle {
            let (name, hold) = (Arc::clone(node.name()), Arc::clone(&node.hold));
            let unit = Unit::new(place, number, name, hold);
            let alive = if init { 1 } else { terms.workers };
            node.run = Some(Run::new(number, init, unit, alive));
        }
        if node.state != ServiceState::Starting {
            self.set(place, ServiceEvent::Start);
        }
        if idle {
            self.ready(place);
            return;
        }
        self.wake(place, due);
        self.actions.push(Action::Begin { service: place });
    }

    /// The tasks of a run were handed over, or not all of them.
    pub(crate) fn begun(
        &mut self,
        place: usize,
        tasks: Vec<Arc<dyn AnyTask>>,
        error: Option<anyhow::Error>,
    ) {
        self.dirty.insert(place);
        let failure = error.map(|error| self.failure(place, error));
        let Some(run) = self.nodes[place].run.as_mut() else { return };
        run.launching = false;
        let missing = run.alive.saturating_sub(tasks.len());
        run.tasks = tasks;
        if let Some(failure) = failure {
            log::error(format_args!("{failure}"));
            run.failure = Some(failure);
            run.broken = true;
            run.alive -= missing;
        }
    }

    fn failure(&self, place: usize, error: anyhow::Error) -> Failure {
        let node = &self.nodes[place];
        let cause = Cause::error(error.context("it could not be started"));
        Failure { task: node.label(), cause, age: self.root.age() }
    }

    pub(super) fn check_ready(&mut self, place: usize) {
        let node = &self.nodes[place];
        let Some(run) = &node.run else { return };
        let terms = node.settings.terms;
        let there = if terms.notify { run.ready.len() } else { run.begun };
        let is_body = node.stage == Stage::Body && !run.init && !terms.oneshot;
        if is_body && run.failure.is_none() && there >= terms.workers {
            self.ready(place);
        }
    }

    pub(super) fn ready(&mut self, place: usize) {
        if self.nodes[place].state != ServiceState::Starting {
            return;
        }
        let age = self.root.age();
        let node = &mut self.nodes[place];
        node.due = Deadline::never();
        node.times.ready_after = node.times.began.map(|began| age.saturating_sub(began));
        let name = Arc::clone(node.name());
        if node.steps.idle {
            // What runs nothing keeps nothing alive.
            self.actions.push(Action::Release(Arc::clone(&node.hold)));
        }
        self.started.add(name, self.nodes.len());
        self.set(place, ServiceEvent::Ready);
    }

    pub(super) fn initialised(&mut self, place: usize) {
        self.nodes[place].inited = true;
        self.touch(place);
        self.count_out(place);
    }

    pub(super) fn init_over(&mut self, place: usize, run: Run, wanted: bool) {
        match run.failure {
            Some(failure) => match failure.cause.downcast_ref::<Skip>() {
                Some(skip) => {
                    let why = skip.why().to_owned();
                    log::info(format_args!("service `{}` {skip}", self.nodes[place].name()));
                    self.nodes[place].skipped = Some(why);
                    self.nodes[place].inited = true;
                    self.set(place, ServiceEvent::Skip);
                    self.rest(place);
                }
                None => {
                    self.nodes[place].again = false;
                    self.nodes[place].failure = Some(failure.clone());
                    self.set(place, ServiceEvent::Fail);
                    if self.nodes[place].awaited && matches!(self.phase, Phase::Initialising) {
                        self.init_failures.push(failure);
                        self.rest_later(place);
                    } else {
                        self.tell(place, failure);
                        self.rest(place);
                    }
                }
            },
            None if wanted && !run.on_purpose => {
                self.nodes[place].inited = true;
                self.touch(place);
            }
            None => {
                self.set(place, ServiceEvent::End);
                self.rest(place);
            }
        }
        self.count_out(place);
    }

    /// The start-up does not wait for its initialisation any more. With the last one, services start, or all
    /// failures are told.
    pub(super) fn count_out(&mut self, place: usize) {
        if !std::mem::take(&mut self.nodes[place].awaited) {
            return;
        }
        self.uninited -= 1;
        if self.uninited > 0 || !matches!(self.phase, Phase::Initialising) {
            return;
        }
        let mut open = true;
        for failure in std::mem::take(&mut self.init_failures) {
            let name = failure.task.name().and_then(|name| self.places.get(name).copied());
            open &= name.is_some_and(|place| self.goes_on(place));
            match name {
                Some(place) => self.tell(place, failure),
                None => self.actions.push(Action::Failed(failure)),
            }
        }
        for place in 0..self.nodes.len() {
            if self.nodes[place].state == ServiceState::Failed {
                self.rest(place);
            }
        }
        if open {
            self.phase = Phase::Open;
            self.dirty.extend(0..self.nodes.len());
        }
    }
}
