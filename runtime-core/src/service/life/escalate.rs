//! What becomes of a failure that a service does not deal with itself: its set is restarted whole, or the
//! set above that, until one of them says to go on without it, or the runner hears of it.

use std::time::Instant;

use crate::failure::Failure;
use crate::group::policy::OnFailure;
use crate::log;
use crate::service::roster::Roster;
use crate::service::state::{ServiceEvent, ServiceState};
use crate::task::contract::Owner;
use crate::time::Deadline;

/// Who has dealt with a failure.
enum Fate {
    /// A set, which is restarted.
    Restarted(Failure),
    /// A set that has failed, and the others go on.
    Contained(Failure),
    /// Nobody: it is the runner's.
    Escaped(Failure),
}

impl Roster {
    /// It has failed, and nothing of its own follows. `true`: no set has dealt with that.
    pub(super) fn fail(&mut self, place: usize, failure: Failure, now: Instant) -> bool {
        let wanted = self.nodes[place].up && self.ending().is_none() && !self.goes_on(place);
        let fate = match self.nodes[place].set.filter(|_| wanted) {
            Some(set) => self.escalate(set, failure, now),
            None => Fate::Escaped(failure),
        };
        match fate {
            Fate::Restarted(failure) => {
                let node = &mut self.nodes[place];
                node.failure = Some(failure);
                node.due = Deadline::never();
                node.again = true;
                self.set(place, ServiceEvent::Retry);
                if self.nodes[place].state != ServiceState::Backoff {
                    // It was on its way down already.
                    self.set(place, ServiceEvent::Fail);
                    self.rest(place);
                }
                self.touch(place);
                false
            }
            Fate::Contained(failure) => {
                self.nodes[place].failure = Some(failure);
                self.set(place, ServiceEvent::Fail);
                self.rest(place);
                false
            }
            Fate::Escaped(failure) => {
                self.fail_for_good(place, failure);
                true
            }
        }
    }

    /// Restarts the set, or the next one above it that is not restarted too often.
    fn escalate(&mut self, first: usize, mut failure: Failure, now: Instant) -> Fate {
        let (mut next, mut failed) = (Some(first), Vec::new());
        let mut contained = false;
        while let Some(at) = next {
            let age = self.root.age();
            let set = &mut self.sets.all[at];
            if set.down.is_some() {
                // Of the same restart.
                return Fate::Restarted(failure);
            }
            set.tally.set_whole(false, age);
            if let Some(before) = set.tally.restart(set.terms.intensity) {
                failed.push(at);
                for at in failed {
                    self.sets.all[at].failure = Some(failure.clone());
                }
                self.restart_set(at, before, now);
                return Fate::Restarted(failure);
            }
            let often = set.terms.intensity;
            let name = &set.name;
            let text = format!("set `{name}`: too many: {often}, so it is not restarted any more");
            log::error(format_args!("{text}"));
            failure = failure.explained(text);
            failed.push(at);
            contained = set.terms.on_failure == OnFailure::Continue;
            next = set.above.filter(|_| !contained);
        }
        for at in &failed {
            let set = &mut self.sets.all[*at];
            (set.failure, set.has_failed) = (Some(failure.clone()), true);
        }
        self.changed = true;
        match failed.last().filter(|_| contained) {
            Some(set) => {
                log::error(format_args!("{failure}; the others go on"));
                self.put_down(*set);
                Fate::Contained(failure)
            }
            None => Fate::Escaped(failure),
        }
    }

    /// All of the set are to end, wholly, and to begin again in their order.
    fn restart_set(&mut self, at: usize, before: usize, now: Instant) {
        let set = &mut self.sets.all[at];
        let (pause, strategy) = (set.terms.backoff.pause(before), set.terms.strategy);
        let due = Deadline::from(now, pause);
        set.down = Some(due);
        log::warn(format_args!(
            "set `{}` is restarted whole in {pause:.1?}, for the {}. time",
            set.name,
            set.tally.total()
        ));
        self.down.insert(at);
        self.changed = true;
        let members = self.members(at);
        for place in &members {
            self.begin_anew(*place);
        }
        // What is restarted with it begins to count anew.
        for below in self.sets_within(at).into_iter().filter(|below| *below != at) {
            self.sets.all[below].tally.forgive();
            self.sets.all[below].has_failed = false;
        }
        if let Some(place) = members.first() {
            self.wake(*place, due);
        }
        self.take_along(&members, strategy, self.sets.all[at].above);
    }

    /// A member is to begin anew, but for one that was stopped on purpose, was skipped, or has not begun.
    fn begin_anew(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        let never = matches!(node.state, ServiceState::Skipped | ServiceState::New);
        if never || !node.up {
            return;
        }
        let at_rest = node.state.is_final() && !node.again && !node.steps.idle;
        if at_rest && !node.hold.take(false, node.settings.terms.transient) {
            // The runner has begun to stop.
            return;
        }
        node.again = true;
        node.tally.forgive();
        self.account(place);
        self.dirty.insert(place);
    }

    /// The set has failed, and the others go on: its services are to end.
    fn put_down(&mut self, at: usize) {
        for place in self.members(at) {
            self.nodes[place].let_down();
            self.account(place);
            self.dirty.insert(place);
        }
    }

    /// Lets those begin whose set is wholly gone and has paused. `true`: some may.
    pub(super) fn lift(&mut self, now: Instant) -> bool {
        let is_due = |at: &usize| {
            let set = &self.sets.all[*at];
            set.active == 0 && set.down.is_none_or(|due| due.is_over(now))
        };
        let due: Vec<usize> = self.down.iter().copied().filter(is_due).collect();
        for at in &due {
            self.down.remove(at);
            self.sets.all[*at].down = None;
            self.changed = true;
            self.dirty.extend(self.members(*at));
        }
        !due.is_empty()
    }

    /// Whether no set in which it stands is being restarted.
    pub(super) fn are_sets_up(&self, place: usize) -> bool {
        self.sets_of(place).all(|at| self.sets.all[at].down.is_none())
    }
}
