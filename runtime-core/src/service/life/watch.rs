//! A service that runs: what its tasks tell, and whether it takes too long to be ready.

use std::time::Instant;

use crate::event::{FromService, Happened};
use crate::failure::{Cause, Failure};
use crate::log;
use crate::service::node::Stage;
use crate::service::roster::{Action, Phase, Roster};
use crate::service::state::{ServiceEvent, ServiceState};
use crate::task::contract::Owner;

impl Roster {
    /// One that runs, or is initialised, and is to go on.
    pub(super) fn watch(&mut self, place: usize, now: Instant) {
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
        } else {
            self.look_after_health(place, now);
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
                // From here on it stops.
                self.set_whole(place, false);
                let Some(run) = self.nodes[place].run.as_mut() else { return };
                // The other workers have to go, and what stands below this one.
                run.broken |= run.alive > 1 || run.has_children();
                match &run.failure {
                    None => run.failure = Some(failure),
                    Some(_) => run.more.push(failure),
                }
            }
            Happened::Checked { number, failure } => {
                self.checked(place, number, failure, now);
                return;
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
            Happened::Begun | Happened::Ready(_) | Happened::Checked { .. } => {}
        }
    }
}
