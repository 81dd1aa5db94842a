//! What follows the end of a run: rest, restart, or a failure for good.

use std::sync::Arc;
use std::time::Instant;

use crate::failure::{Cause, Failure};
use crate::group::policy::OnFailure;
use crate::log;
use crate::service::node::Stage;
use crate::service::policy::{OnServiceExit, Restart};
use crate::service::roster::{Action, Roster};
use crate::service::state::ServiceEvent;
use crate::task::contract::Owner;
use crate::time::Deadline;

impl Roster {
    /// Nothing of the run is left.
    pub(super) fn run_over(&mut self, place: usize, now: Instant) {
        let Some(run) = self.nodes[place].run.take() else { return };
        self.drop_check(place);
        self.nodes[place].unhealthy = None;
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
        let terms = self.nodes[place].settings.terms;
        let again = self.nodes[place].again;
        let escaped = match run.failure {
            // One that fails while it ends for its next run is restarted all the same.
            Some(failure)
                if wanted && (!run.on_purpose || again) && terms.restart != Restart::Never =>
            {
                self.retry(place, Some(failure), now)
            }
            Some(failure) => self.fail(place, failure, now),
            None => {
                self.run_ended(place, run.on_purpose || !wanted, now);
                return;
            }
        };
        // What failed beside the first goes the way of that: into the report, or no further than the log.
        for failure in run.more.into_iter().filter(|_| escaped) {
            self.tell(place, failure);
        }
    }

    /// Nothing of the run is left, and nothing of it has failed.
    fn run_ended(&mut self, place: usize, as_asked: bool, now: Instant) {
        let terms = self.nodes[place].settings.terms;
        if as_asked || self.nodes[place].again {
            self.set(place, ServiceEvent::End);
            self.rest(place);
        } else if terms.oneshot {
            let name = Arc::clone(self.nodes[place].name());
            self.started.add(name, self.nodes.len());
            self.done(place);
        } else if terms.restart == Restart::Always {
            self.retry(place, None, now);
        } else {
            match terms.on_exit {
                OnServiceExit::Stop => {
                    // Told before the root hears that nobody is left: who ended first is the reason.
                    let name = Arc::clone(self.nodes[place].name());
                    self.actions.push(Action::ServiceEnded(name));
                    self.done(place);
                }
                OnServiceExit::Ignore => self.done(place),
                OnServiceExit::Fail => {
                    let failure = self.unasked(place);
                    self.fail(place, failure, now);
                }
            }
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

    /// It has ended, and is to run again unless that was too often of late. `true`: it is not, and no set has dealt
    /// with that.
    fn retry(&mut self, place: usize, failure: Option<Failure>, now: Instant) -> bool {
        self.set_whole(place, false);
        let node = &mut self.nodes[place];
        let terms = node.settings.terms;
        if node.again {
            // Somebody wants another run anyway.
            node.failure = failure;
            self.set(place, ServiceEvent::Fail);
            self.rest(place);
            return false;
        }
        let Some(before) = node.tally.restart(terms.intensity) else {
            let failure = failure.unwrap_or_else(|| self.unasked(place));
            let often = terms.intensity;
            let text = format!("too many: {often}, so it is not restarted any more");
            log::error(format_args!("service `{}`: {text}", self.nodes[place].name()));
            return self.fail(place, failure.explained(text), now);
        };
        node.failure = failure.or(node.failure.take());
        let pause = terms.backoff.pause(before);
        node.due = Deadline::from(now, pause);
        let due = node.due;
        log::warn(format_args!(
            "service `{}` is restarted in {pause:.1?}, for the {}. time",
            node.name(),
            node.tally.total()
        ));
        self.wake(place, due);
        self.set(place, ServiceEvent::Retry);
        self.dirty.insert(place);
        self.take_along(&[place], terms.strategy, self.nodes[place].set);
        false
    }

    /// It has failed for good.
    pub(super) fn fail_for_good(&mut self, place: usize, failure: Failure) {
        self.nodes[place].failure = Some(failure.clone());
        self.nodes[place].again &= self.goes_on(place);
        self.set(place, ServiceEvent::Fail);
        self.tell(place, failure);
        self.rest(place);
    }

    /// Whether the runner goes on when it fails.
    pub(super) fn goes_on(&self, place: usize) -> bool {
        self.nodes[place].settings.terms.on_failure == OnFailure::Continue
    }

    pub(super) fn tell(&mut self, place: usize, failure: Failure) {
        if self.goes_on(place) {
            log::error(format_args!("{failure}; the others go on"));
        } else {
            self.actions.push(Action::Failed(failure));
        }
    }
}
