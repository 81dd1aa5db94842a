//! Whose turn it is: each service is looked at when something happened to it or beside it, and goes one
//! step further if it can.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::service::node::Stage;
use crate::service::roster::{Action, Phase, Roster};
use crate::service::state::{ServiceEvent, ServiceState};
use crate::time::Deadline;

/// In `timers`: everybody.
pub(super) const ALL: usize = usize::MAX;

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
        loop {
            while let Some(place) = self.dirty.pop_first() {
                self.consider(place, now);
            }
            if !self.lift(now) {
                break;
            }
        }
        self.leave_checks(now);
        let next = self.timers.first();
        let next = next.map_or(Deadline::never(), |(at, _)| Deadline::from(*at, Duration::ZERO));
        (std::mem::take(&mut self.actions), next)
    }

    pub(super) fn wake(&mut self, place: usize, at: Deadline) {
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

    /// Whether all on which it depends are ready, all of lower phases have come to a rest, and no set in which it
    /// stands is being restarted.
    pub(super) fn are_served(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        node.after.iter().all(|above| self.nodes[*above].is_ready())
            && self.unsettled.range(..node.settings.terms.phase).next().is_none()
            && self.are_sets_up(place)
    }

    /// Whether something on which it depends is over, and served nobody.
    pub(super) fn is_hopeless(&self, place: usize) -> bool {
        self.nodes[place].after.iter().any(|above| {
            let above = &self.nodes[*above];
            above.state.is_final() && !above.serves() && !above.is_coming_again()
        })
    }

    pub(super) fn set(&mut self, place: usize, event: ServiceEvent) {
        let node = &mut self.nodes[place];
        let was = node.state;
        let Some(is) = was.on(event) else { return };
        node.state = is;
        let phase = node.settings.terms.phase;
        self.count(place, phase, Some(was), Some(is));
        self.set_whole(place, is == ServiceState::Running);
        self.touch(place);
        self.changed = true;
    }

    /// Those beside it are to be looked at.
    pub(super) fn touch(&mut self, place: usize) {
        let node = &self.nodes[place];
        self.dirty.insert(place);
        self.dirty.extend(node.before.iter().chain(&node.after));
    }

    /// It has nothing to do for now: it counts no longer, and its name is free.
    pub(super) fn rest(&mut self, place: usize) {
        self.touch(place);
        self.nodes[place].stage = Stage::Idle;
        if self.nodes[place].again {
            self.dirty.insert(place);
            return;
        }
        self.account(place);
        self.rest_later(place);
        let hold = Arc::clone(&self.nodes[place].hold);
        self.actions.push(Action::Release(hold));
    }

    /// Of one that failed at its initialisation: it counts until all failures are told.
    pub(super) fn rest_later(&mut self, place: usize) {
        self.touch(place);
        let node = &mut self.nodes[place];
        if std::mem::take(&mut node.named) {
            self.root.names().release(node.name());
        }
    }
}
