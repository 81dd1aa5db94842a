//! What becomes of services: each is looked at when something happened to it or beside it, and goes one
//! step further if it can.
//!
//! Nothing here waits, calls anything of the user's, or looks at the clock: what is to be done is left as
//! [`Action`]s, which the controller does without the lock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{FromService, Happened};
use crate::failure::{Cause, Failure};
use crate::group::policy::OnFailure;
use crate::log;
use crate::service::error::Skip;
use crate::service::node::{Run, Stage};
use crate::service::policy::{OnServiceExit, Restart, Strategy};
use crate::service::roster::{Action, Ending, Phase, Roster};
use crate::service::state::{ServiceEvent, ServiceState};
use crate::service::unit::Unit;
use crate::task::contract::{AnyTask, Owner};
use crate::time::Deadline;

/// What a run that was cancelled has for its destructors before it is given up.
const DESTRUCTORS: Duration = Duration::from_millis(1000);

/// In `timers`: everybody.
const ALL: usize = usize::MAX;

impl Roster {
    /// Looks at all that have to be looked at. Gives what is to be done, and when to come again.
    pub(crate) fn step(&mut self, now: Instant) -> (Vec<Action>, Deadline) {
        while let Some(first) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&first);
            match first.1 {
                ALL => self.dirty.extend(0..self.nodes.len()),
                place => drop(self.dirty.insert(place)),
            }
        }
        // Whoever waits for one that nothing is to happen to any more is to look as well.
        self.changed |= !self.dirty.is_empty();
        while let Some(place) = self.dirty.pop_first() {
            self.consider(place, now);
        }
        let next = self.timers.first();
        let next = next.map_or(Deadline::never(), |(at, _)| Deadline::from(*at, Duration::ZERO));
        (std::mem::take(&mut self.actions), next)
    }

    fn wake(&mut self, place: usize, at: Deadline) {
        if let Some(at) = at.instant() {
            self.timers.insert((at, place));
        }
    }

    fn consider(&mut self, place: usize, now: Instant) {
        let Some(node) = self.nodes.get(place) else { return };
        if node.run.as_ref().is_some_and(|run| run.launching) {
            return;
        }
        let wanted = node.up && self.ending().is_none();
        match node.state {
            ServiceState::New => self.consider_new(place, wanted, now),
            ServiceState::Terminated | ServiceState::Failed | ServiceState::Skipped => {
                if node.awaited && node.state == ServiceState::Terminated {
                    self.count_out(place);
                } else if node.again {
                    self.consider_new(place, wanted, now);
                }
            }
            ServiceState::Backoff if !wanted => {
                self.set(place, ServiceEvent::Stop);
                self.rest(place);
            }
            ServiceState::Backoff => {
                if (node.due.is_over(now) || node.again) && self.are_served(place) {
                    self.begin(place, false, now);
                }
            }
            ServiceState::Starting | ServiceState::Running if !wanted || node.again => {
                self.bring_down(place, now);
            }
            ServiceState::Starting | ServiceState::Running => self.watch(place, now),
            ServiceState::Stopping => self.press_on(place, now),
        }
    }

    /// One that has no run, and may begin one.
    fn consider_new(&mut self, place: usize, wanted: bool, now: Instant) {
        let is_new = self.nodes[place].state == ServiceState::New;
        if !wanted || is_new && self.is_hopeless(place) {
            self.nodes[place].again = false;
            if is_new {
                self.set(place, ServiceEvent::Stop);
            }
            self.rest(place);
            self.count_out(place);
            return;
        }
        if self.is_waiting() {
            return;
        }
        if !self.nodes[place].inited {
            let after = &self.nodes[place].after;
            if !after.iter().all(|above| self.nodes[*above].inited) {
                return;
            }
            if self.nodes[place].steps.init.is_some() {
                self.begin(place, true, now);
                return;
            }
            self.initialised(place);
        }
        if matches!(self.phase, Phase::Open) && self.are_served(place) {
            self.begin(place, false, now);
        }
    }

    /// Whether all on which it depends are ready, and all of lower phases have come to a rest.
    fn are_served(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        node.after.iter().all(|above| self.nodes[*above].serves())
            && self.unsettled.range(..node.settings.terms.phase).next().is_none()
    }

    /// Whether something on which it depends is over, and served nobody.
    fn is_hopeless(&self, place: usize) -> bool {
        self.nodes[place].after.iter().any(|above| {
            let above = &self.nodes[*above];
            above.state.is_final() && !above.serves() && !above.is_coming_again()
        })
    }

    /// Begins a run, or the initialisation.
    fn begin(&mut self, place: usize, init: bool, now: Instant) {
        let age = self.root.age();
        let node = &mut self.nodes[place];
        node.again = false;
        node.done = false;
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
                    self.fail(place, failure);
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

    /// One that runs, or is initialised, and is to go on.
    fn watch(&mut self, place: usize, now: Instant) {
        let node = &mut self.nodes[place];
        let Some(run) = node.run.as_mut() else {
            if node.state == ServiceState::Starting && node.stage == Stage::Idle {
                // Initialised; it waits for its turn.
                if self.is_hopeless(place) {
                    self.set(place, ServiceEvent::End);
                    self.rest(place);
                } else if matches!(self.phase, Phase::Open) && self.are_served(place) {
                    self.begin(place, false, now);
                }
            }
            return;
        };
        if run.alive == 0 {
            // None of its tasks could be started.
            self.run_over(place, now);
        } else if run.asked {
            if run.is_lost(now) {
                self.lose(place);
            }
        } else if run.broken {
            self.ask(place, now);
        } else if node.state == ServiceState::Starting && node.due.is_over(now) {
            let terms = node.settings.terms;
            let text = if run.init {
                format!("its initialisation was not over within {:?}", terms.init_timeout)
            } else if terms.notify {
                format!(
                    "it did not say that it is ready within {:?}: `cx.ready()` does, and `start_timeout` gives it longer",
                    terms.start_timeout
                )
            } else {
                format!(
                    "it was not ready within {:?}: `start_timeout` gives it longer",
                    terms.start_timeout
                )
            };
            let cause = Cause::error(anyhow::Error::msg(text));
            let failure = Failure { task: node.label(), cause, age: self.root.age() };
            log::warn(format_args!("{failure}"));
            if let Some(run) = self.nodes[place].run.as_mut() {
                run.failure = Some(failure);
            }
            self.ask(place, now);
        }
    }

    /// One that runs, or is initialised, and is not to go on.
    fn bring_down(&mut self, place: usize, now: Instant) {
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
    fn press_on(&mut self, place: usize, now: Instant) {
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
            below.is_past(now) || below.settings.terms.transient && !terms.transient
        })
    }

    /// Asks the tasks of its run to stop.
    fn ask(&mut self, place: usize, now: Instant) {
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

    /// Something has happened to a run.
    pub(crate) fn told(&mut self, told: FromService, now: Instant) {
        let FromService { service: place, run: number, what } = told;
        let run = self.nodes.get_mut(place).and_then(|node| node.run.as_mut());
        let Some(run) = run.filter(|run| run.number == number) else {
            self.told_late(place, number, what);
            return;
        };
        self.dirty.insert(place);
        match what {
            Happened::Begun => run.begun += 1,
            Happened::Ready(task) => drop(run.ready.insert(task)),
            Happened::Failed(failure) => {
                // The other workers have to go, and what stands below this one.
                run.broken |= run.alive > 1 || run.has_children();
                match &run.failure {
                    None => run.failure = Some(failure),
                    Some(_) => run.more.push(failure),
                }
            }
            Happened::Ended | Happened::HookDone => {
                run.alive = run.alive.saturating_sub(1);
                if run.alive == 0 && !run.launching {
                    self.run_over(place, now);
                }
                return;
            }
        }
        self.check_ready(place);
    }

    /// The run is over for the services: it was given up, or a stopper was slow.
    fn told_late(&mut self, place: usize, number: u64, what: Happened) {
        match what {
            Happened::Failed(failure) => self.actions.push(Action::Failed(failure)),
            Happened::Ended | Happened::HookDone => {
                let Some(alive) = self.lost.get_mut(&(place, number)) else { return };
                *alive = alive.saturating_sub(1);
                if *alive == 0 {
                    self.lost.remove(&(place, number));
                    self.root.ended_late();
                }
            }
            Happened::Begun | Happened::Ready(_) => {}
        }
    }

    fn check_ready(&mut self, place: usize) {
        let node = &self.nodes[place];
        let Some(run) = &node.run else { return };
        let terms = node.settings.terms;
        let there = if terms.notify { run.ready.len() } else { run.begun };
        let is_body = node.stage == Stage::Body && !run.init && !terms.oneshot;
        if is_body && run.failure.is_none() && there >= terms.workers {
            self.ready(place);
        }
    }

    fn ready(&mut self, place: usize) {
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
        self.started.push(name);
        self.set(place, ServiceEvent::Ready);
    }

    /// Nothing of the run is left.
    fn run_over(&mut self, place: usize, now: Instant) {
        let Some(run) = self.nodes[place].run.take() else { return };
        self.nodes[place].due = Deadline::never();
        self.nodes[place].stage = Stage::Idle;
        if run.asked {
            self.stop_done(place);
        }
        let wanted = self.nodes[place].up && self.ending().is_none();
        if run.init {
            self.init_over(place, run, wanted);
            return;
        }
        for failure in run.more {
            self.tell(place, failure);
        }
        let terms = self.nodes[place].settings.terms;
        match run.failure {
            Some(failure) if wanted && !run.on_purpose && terms.restart != Restart::Never => {
                self.retry(place, Some(failure), now);
            }
            Some(failure) => self.fail(place, failure),
            None if run.on_purpose || !wanted || self.nodes[place].again => {
                self.set(place, ServiceEvent::End);
                self.rest(place);
            }
            None if terms.oneshot => {
                let name = Arc::clone(self.nodes[place].name());
                self.started.push(name);
                self.done(place);
            }
            None if terms.restart == Restart::Always => self.retry(place, None, now),
            None => match terms.on_exit {
                OnServiceExit::Stop => {
                    // Told before the root hears that nobody is left: who ended first is the reason.
                    let name = Arc::clone(self.nodes[place].name());
                    self.actions.push(Action::ServiceEnded(name));
                    self.done(place);
                }
                OnServiceExit::Ignore => self.done(place),
                OnServiceExit::Fail => {
                    let failure = self.unasked(place);
                    self.fail(place, failure);
                }
            },
        }
    }

    fn unasked(&self, place: usize) -> Failure {
        let cause = Cause::error(anyhow::Error::msg("it ended without being asked to"));
        Failure { task: self.nodes[place].label(), cause, age: self.root.age() }
    }

    fn done(&mut self, place: usize) {
        self.nodes[place].done = true;
        self.set(place, ServiceEvent::End);
        self.rest(place);
    }

    fn init_over(&mut self, place: usize, run: Run, wanted: bool) {
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

    fn initialised(&mut self, place: usize) {
        self.nodes[place].inited = true;
        self.touch(place);
        self.count_out(place);
    }

    /// The start-up does not wait for its initialisation any more. With the last one, services start, or all
    /// failures are told.
    fn count_out(&mut self, place: usize) {
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

    /// It has ended, and is to run again unless that was too often of late.
    fn retry(&mut self, place: usize, failure: Option<Failure>, now: Instant) {
        let node = &mut self.nodes[place];
        let terms = node.settings.terms;
        if node.again {
            // Somebody wants another run anyway.
            node.failure = failure;
            self.set(place, ServiceEvent::Fail);
            self.rest(place);
            return;
        }
        let window = terms.intensity.window;
        while node.restarts.front().is_some_and(|at| Deadline::from(*at, window).is_over(now)) {
            node.restarts.pop_front();
        }
        let before = node.restarts.len();
        if before >= usize::try_from(terms.intensity.restarts).unwrap_or(usize::MAX) {
            let failure = failure.unwrap_or_else(|| self.unasked(place));
            let often = terms.intensity;
            let text = format!("too many: {often}, so it is not restarted any more");
            log::error(format_args!("service `{}`: {text}", self.nodes[place].name()));
            self.fail(place, failure.explained(text));
            return;
        }
        node.restarts.push_back(now);
        node.restarted += 1;
        node.failure = failure.or(node.failure.take());
        let pause = terms.backoff.pause(before);
        node.due = Deadline::from(now, pause);
        let due = node.due;
        log::warn(format_args!(
            "service `{}` is restarted in {pause:.1?}, for the {}. time",
            node.name(),
            node.restarted
        ));
        self.wake(place, due);
        self.set(place, ServiceEvent::Retry);
        self.dirty.insert(place);
        match terms.strategy {
            Strategy::One => {}
            Strategy::Rest => self.take_along(place, false),
            Strategy::All => self.take_along(place, true),
        }
    }

    /// It has failed for good.
    fn fail(&mut self, place: usize, failure: Failure) {
        self.nodes[place].failure = Some(failure.clone());
        self.nodes[place].again &= self.goes_on(place);
        self.set(place, ServiceEvent::Fail);
        self.tell(place, failure);
        self.rest(place);
    }

    /// Whether the runner goes on when it fails.
    fn goes_on(&self, place: usize) -> bool {
        self.nodes[place].settings.terms.on_failure == OnFailure::Continue
    }

    fn tell(&mut self, place: usize, failure: Failure) {
        if self.goes_on(place) {
            log::error(format_args!("{failure}; the others go on"));
        } else {
            self.actions.push(Action::Failed(failure));
        }
    }

    /// It does not end: it is left behind, and never restarted.
    fn lose(&mut self, place: usize) {
        let Some(run) = self.nodes[place].run.take() else { return };
        let node = &mut self.nodes[place];
        node.stage = Stage::Idle;
        node.again = false;
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
        self.fail(place, late);
        self.count_out(place);
    }

    fn stop_done(&mut self, place: usize) {
        let age = self.root.age();
        let node = &mut self.nodes[place];
        if let Some(asked) = node.times.asked.take() {
            node.times.stop_took = Some(age.saturating_sub(asked));
        }
        let name = Arc::clone(node.name());
        self.stopped.push(name);
    }

    /// It has nothing to do for now: it counts no longer, and its name is free.
    fn rest(&mut self, place: usize) {
        self.touch(place);
        self.nodes[place].stage = Stage::Idle;
        if self.nodes[place].again {
            self.dirty.insert(place);
            return;
        }
        self.rest_later(place);
        let hold = Arc::clone(&self.nodes[place].hold);
        self.actions.push(Action::Release(hold));
    }

    /// Of one that failed at its initialisation: it counts until all failures are told.
    fn rest_later(&mut self, place: usize) {
        self.touch(place);
        let node = &mut self.nodes[place];
        if std::mem::take(&mut node.named) {
            self.root.names().release(node.name());
        }
    }

    /// Those beside it are to be looked at.
    fn touch(&mut self, place: usize) {
        let node = &self.nodes[place];
        self.dirty.insert(place);
        self.dirty.extend(node.before.iter().chain(&node.after));
    }

    fn set(&mut self, place: usize, event: ServiceEvent) {
        let node = &mut self.nodes[place];
        let was = node.state;
        let Some(is) = was.on(event) else { return };
        node.state = is;
        let phase = node.settings.terms.phase;
        self.count(place, phase, Some(was), Some(is));
        self.touch(place);
        self.changed = true;
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

impl Run {
    fn new(number: u64, init: bool, unit: Arc<Unit>, alive: usize) -> Self {
        Run {
            number,
            init,
            launching: true,
            unit,
            alive,
            tasks: Vec::new(),
            begun: 0,
            ready: std::collections::BTreeSet::new(),
            failure: None,
            broken: false,
            more: Vec::new(),
            on_purpose: false,
            asked: false,
            cancel: Deadline::never(),
        }
    }

    /// Whether a task of it has children that keep it from being finished.
    fn has_children(&self) -> bool {
        let children = |task: &Arc<dyn AnyTask>| {
            task.header().children().is_some_and(|children| children.keep_parent())
        };
        self.tasks.iter().any(children)
    }

    /// Whether it does not end, though it was cancelled.
    fn is_lost(&self, now: Instant) -> bool {
        let cancel = self.cancel.instant();
        self.asked && cancel.is_some_and(|at| Deadline::from(at, DESTRUCTORS).is_over(now))
    }
}
