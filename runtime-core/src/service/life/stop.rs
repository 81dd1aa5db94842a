//! How a service is brought down: drained, asked in its turn, and left behind if it does not end.

use std::sync::Arc;
use std::time::Instant;

use crate::failure::{Cause, Failure};
use crate::log;
use crate::service::life::turn::ALL;
use crate::service::node::{DESTRUCTORS, Run, Stage};
use crate::service::roster::{Action, Ending, Phase, Roster};
use crate::service::state::{ServiceEvent, ServiceState};
use crate::service::unit::Unit;
use crate::task::contract::Owner;
use crate::time::Deadline;

impl Roster {
    /// One that runs, or is initialised, and is not to go on.
    pub(super) fn bring_down(&mut self, place: usize, now: Instant) {
        let ending = self.ending();
        let node = &mut self.nodes[place];
        if node.run.as_ref().is_some_and(|run| run.alive == 0) {
            self.run_over(place, now);
            return;
        }
        if node.stage == Stage::Asked {
            // It was on its way down already.
            self.set(place, ServiceEvent::Stop);
            return;
        }
        let drain = node.settings.terms.drain;
        if !drain.is_zero() && node.state == ServiceState::Running && node.stage == Stage::Body {
            node.stage = Stage::Draining;
            node.due = Deadline::from(ending.map_or(now, |ending| ending.asked), drain);
            let due = node.due;
            self.wake(place, due);
            self.set(place, ServiceEvent::Stop);
            return;
        }
        if self.may_ask(place, now) {
            if self.nodes[place].stage == Stage::Idle {
                self.set(place, ServiceEvent::End);
                self.rest(place);
                return;
            }
            if let Some(run) = self.nodes[place].run.as_mut() {
                run.on_purpose = run.failure.is_none();
            }
            self.set(place, ServiceEvent::Stop);
            self.ask(place, now);
        }
    }

    /// One that is drained, or was asked.
    pub(super) fn press_on(&mut self, place: usize, now: Instant) {
        let ending = self.ending();
        let node = &mut self.nodes[place];
        match node.stage {
            Stage::Draining => {
                let late = ending.is_some_and(|ending| ending.ask_by.is_over(now));
                if (late || node.due.is_over(now)) && self.may_ask(place, now) {
                    if let Some(run) = self.nodes[place].run.as_mut() {
                        run.on_purpose = run.failure.is_none();
                    }
                    self.ask(place, now);
                }
            }
            Stage::Asked => {
                let idle = node.steps.idle;
                if node.run.as_ref().is_some_and(|run| run.alive == 0) {
                    self.run_over(place, now);
                } else if node.run.as_ref().is_some_and(|run| run.is_lost(now))
                    && (ending.is_none() || idle)
                {
                    self.lose(place);
                }
            }
            Stage::Idle | Stage::Init | Stage::Body => {}
        }
    }

    /// Whether nobody who depends on it runs any more, or it is time all the same.
    fn may_ask(&self, place: usize, now: Instant) -> bool {
        let node = &self.nodes[place];
        let terms = node.settings.terms;
        if let Some(ending) = self.ending() {
            if terms.transient && !ending.all {
                return false;
            }
            if ending.ask_by.is_over(now) {
                return true;
            }
            if self.active.range(terms.phase.saturating_add(1)..).next().is_some() {
                return false;
            }
        }
        node.before.iter().all(|below| {
            let below = &self.nodes[*below];
            // While the runner goes on some may stay, as those that depend on a restarted set.
            let stays = self.ending().is_none() && !below.is_going();
            stays || below.is_past(now) || below.settings.terms.transient && !terms.transient
        })
    }

    /// Asks the tasks of its run to stop.
    pub(super) fn ask(&mut self, place: usize, now: Instant) {
        self.drop_check(place);
        let ending = self.ending();
        let (age, usual) = (self.root.age(), self.grace);
        let node = &mut self.nodes[place];
        node.times.asked.get_or_insert(age);
        let hook = node.steps.hook.clone();
        if node.steps.idle && node.stage != Stage::Init {
            match hook {
                None => {
                    self.set(place, ServiceEvent::End);
                    self.stop_done(place);
                    self.rest(place);
                    return;
                }
                Some(hook) => {
                    // It counts for as long as it has something to do.
                    node.hold.take(true, node.settings.terms.transient);
                    node.runs += 1;
                    let (name, hold) = (Arc::clone(node.name()), Arc::clone(&node.hold));
                    let unit = Unit::new(place, node.runs, name, hold);
                    let mut run = Run::new(node.runs, false, Arc::clone(&unit), 1);
                    run.launching = false;
                    run.on_purpose = true;
                    node.run = Some(run);
                    self.actions.push(Action::Call { service: place, unit, hook, tells: true });
                }
            }
        }
        let node = &mut self.nodes[place];
        node.stage = Stage::Asked;
        let grace = node.settings.terms.grace.unwrap_or(usual);
        let Some(run) = node.run.as_mut() else { return };
        run.asked = true;
        run.unit.ask();
        let last = ending.map_or(Deadline::never(), |ending| ending.cancel);
        run.cancel = Deadline::from(now, grace).min(last);
        let cancel = run.cancel;
        if !run.tasks.is_empty() {
            self.actions.push(Action::Ask { tasks: run.tasks.clone(), cancel: last });
            if let Some(hook) = node.steps.hook.clone().filter(|_| !run.init) {
                let unit = Arc::clone(&run.unit);
                self.actions.push(Action::Call { service: place, unit, hook, tells: false });
            }
        }
        // Those on which it depends wait no longer; and a second later nobody waits any more.
        for above in self.nodes[place].after.clone() {
            self.wake(above, cancel);
        }
        if let Some(at) = cancel.instant() {
            self.wake(place, Deadline::from(at, DESTRUCTORS));
        }
    }

    pub(super) fn stop_done(&mut self, place: usize) {
        let age = self.root.age();
        let node = &mut self.nodes[place];
        if let Some(asked) = node.times.asked.take() {
            node.times.stop_took = Some(age.saturating_sub(asked));
        }
        let name = Arc::clone(node.name());
        self.stopped.add(name, self.nodes.len());
    }

    /// It does not end: it is left behind, and never restarted.
    pub(super) fn lose(&mut self, place: usize) {
        let Some(run) = self.nodes[place].run.take() else { return };
        let node = &mut self.nodes[place];
        node.stage = Stage::Idle;
        node.again = false;
        node.unhealthy = None;
        self.lost.insert((place, run.number), run.alive);
        let hold = Arc::clone(&node.hold);
        self.actions.push(Action::GiveUp { tasks: run.tasks, hold });
        let text = "it did not stop within its grace, and was left behind with its thread";
        let error = anyhow::Error::msg(text);
        let late = Failure { task: node.label(), cause: Cause::error(error), age: self.root.age() };
        log::error(format_args!("{late}"));
        if let Some(failure) = run.failure {
            self.tell(place, failure);
        }
        self.fail_for_good(place, late);
        self.count_out(place);
    }

    /// The runner stops: all are to go, in order.
    pub(crate) fn begin_stop(&mut self, ending: Ending) {
        self.phase = Phase::Stopping(ending);
        self.dirty.extend(0..self.nodes.len());
        self.wake(ALL, ending.ask_by);
        for failure in std::mem::take(&mut self.init_failures) {
            self.actions.push(Action::Failed(failure));
        }
    }

    /// The stop goes on, sooner than it was to: those that were asked hear of it.
    pub(crate) fn hurry(&mut self, change: impl FnOnce(&mut Ending)) {
        let Phase::Stopping(ending) = &mut self.phase else { return };
        change(ending);
        let ending = *ending;
        self.dirty.extend(0..self.nodes.len());
        self.wake(ALL, ending.ask_by);
        for node in &mut self.nodes {
            let Some(run) = node.run.as_mut().filter(|run| run.asked) else { continue };
            run.cancel = run.cancel.min(ending.cancel);
            let tasks = run.tasks.clone();
            self.actions.push(Action::Hurry { tasks, cancel: ending.cancel });
        }
    }
}
