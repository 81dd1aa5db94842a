//! The controller while the runner stops: ask, cancel, give up, report. Each stage ends when nobody is
//! left, or by its deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::controller::limits::Stages;
use crate::controller::serve::Controller;
use crate::event::StopRequest;
use crate::failure::{STOPPER, TaskLabel};
use crate::group::root::RootGroup;
use crate::homes::HomeKind;
use crate::inspect::BusyView;
use crate::lane::order::Order;
use crate::log;
use crate::reason::StopReason;
use crate::report::{Inner, StopReport, Straggler};
use crate::service::roster as services;
use crate::task::contract::Owner;
use crate::time::Deadline;

/// How often it is told who is left.
const PROGRESS: Duration = Duration::from_secs(3);

/// How long stoppers are waited for whose tasks have ended.
const STOPPERS: Duration = Duration::from_secs(1);

/// A stop under way.
struct Stop {
    reason: StopReason,
    asked: Instant,
    asked_at: Duration,
    stages: Stages,
    forced: Option<StopReason>,
    /// The transient tasks were asked too.
    all_asked: bool,
    /// When to tell next who is left.
    progress: Deadline,
}

impl Controller {
    pub(crate) fn stop(mut self, request: StopRequest) {
        let mut stop = self.ask(request);
        self.await_cleanup(&mut stop);
        self.ask_transient(&mut stop);
        self.await_transient(&mut stop);
        self.await_destructors(&mut stop);
        self.await_stoppers(&mut stop);
        self.close_homes(&mut stop);
        self.make_report(stop);
    }

    /// Stage one: nothing new is taken, everybody is asked.
    fn ask(&mut self, request: StopRequest) -> Stop {
        let root = Arc::clone(self.homes.root());
        // In this order: what the stop took, counted from then on, is never more than the runner is old.
        let asked_at = root.age();
        let asked = Instant::now();
        let budget = request.budget.unwrap_or(self.limits.whole);
        let mut stages = self.limits.stages(asked, self.longest_grace(), budget);
        if request.force {
            stages.force(asked);
        }
        log::info(format_args!("stopping: {}", request.reason));
        root.begin_stop();
        root.watch();
        root.stop().ask(asked, self.limits.grace, stages.cancel);
        for group in root.groups() {
            group.pass_stop();
            group.hurry(stages.cancel_all, stages.give_up);
        }
        let forced = request.force.then(|| request.reason.clone());
        let stop = Stop {
            reason: request.reason,
            asked,
            asked_at,
            stages,
            forced,
            all_asked: request.force,
            progress: Deadline::from(asked, PROGRESS),
        };
        // Services in their order, which is over by half of their time: whoever has not been asked by then is
        // asked, so that each has the other half.
        let half = self.longest_grace().min(budget / 10 * 6) / 2;
        self.services.begin_stop(services::Ending {
            asked,
            ask_by: if request.force {
                Deadline::from(asked, Duration::ZERO)
            } else {
                Deadline::from(asked, half)
            },
            cancel: stages.cancel_all.min(if request.force {
                stages.cancel
            } else {
                stages.cancel_all
            }),
            all: request.force,
        });
        self.pump_services();
        if request.force {
            self.press(asked, &stop);
        }
        stop
    }

    /// A forced stop is for everybody at once, transient or deferring.
    fn press(&self, now: Instant, stop: &Stop) {
        let root = self.homes.root();
        root.stop().ask_all(now, self.limits.grace, stop.stages.cancel_all);
        root.stop().press(now);
        self.pass_stop();
    }

    /// Waits until every task has ended that keeps the runner alive, and drops those whose grace is over.
    fn await_cleanup(&mut self, stop: &mut Stop) {
        let asked = stop.asked;
        self.await_graces(stop, asked, |stages| stages.cancel, |root| root.count_kept());
    }

    /// Stage two: nothing else is left, or it is cancelled now, so the transient ones are asked.
    fn ask_transient(&mut self, stop: &mut Stop) {
        let root = Arc::clone(self.homes.root());
        if root.count() == 0 {
            return;
        }
        if root.count_kept() > 0 {
            // Those that defer the stop are spared like the transient ones.
            self.order(|| Order::CancelKept);
        }
        root.stop().ask_all(Instant::now(), self.limits.grace, stop.stages.cancel_all);
        stop.all_asked = true;
        self.pass_stop();
        self.hurry_services(stop);
    }

    /// Some tasks may hear of the stop only now: so do those below them.
    fn pass_stop(&self) {
        for group in self.homes.root().groups() {
            group.pass_stop();
        }
    }

    /// What the services are to know of a stop that has come further, or is to be over sooner.
    fn hurry_services(&mut self, stop: &Stop) {
        let (stages, all) = (stop.stages, stop.all_asked);
        self.services.hurry(|ending| {
            ending.all |= all;
            ending.cancel = ending.cancel.min(if all { stages.cancel_all } else { stages.cancel });
            ending.ask_by = ending.ask_by.min(if all {
                Deadline::after(Duration::ZERO)
            } else {
                stages.cancel
            });
        });
        self.pump_services();
    }

    /// Waits until the transient ones have ended too.
    fn await_transient(&mut self, stop: &mut Stop) {
        self.await_graces(stop, Instant::now(), |stages| stages.cancel_all, |root| root.count());
    }

    /// Waits until nobody is left or the stage is over, and drops those whose grace is over.
    fn await_graces(
        &mut self,
        stop: &mut Stop,
        asked: Instant,
        end: impl Fn(&Stages) -> Deadline,
        left: impl Fn(&RootGroup) -> u64,
    ) {
        let mut graces = self.homes.root().graces();
        graces.insert(self.limits.grace);
        let mut marks: Vec<Duration> = graces.into_iter().rev().collect();
        while left(self.homes.root()) > 0 && !end(&stop.stages).is_over(Instant::now()) {
            let next = marks.last().map_or(Deadline::never(), |mark| Deadline::from(asked, *mark));
            if next.is_over(Instant::now()) {
                marks.pop();
                self.order(|| Order::CancelDue { asked: stop.asked, default: self.limits.grace });
                continue;
            }
            self.step(stop, next.min(end(&stop.stages)));
        }
    }

    /// Drops whoever is left, and waits for the destructors.
    fn await_destructors(&mut self, stop: &mut Stop) {
        if !self.is_somebody_left() {
            return;
        }
        self.order(|| Order::CancelAll);
        while self.is_somebody_left() && !stop.stages.give_up.is_over(Instant::now()) {
            self.step(stop, stop.stages.give_up);
        }
    }

    /// Waits for stoppers that have not come back, though nobody is left to be stopped: what they say
    /// belongs into the report. Not for long.
    fn await_stoppers(&mut self, stop: &mut Stop) {
        self.services.forget();
        let patience = Deadline::after(STOPPERS);
        while self.homes.root().crew().is_busy() {
            let until = patience.min(stop.stages.give_up);
            if until.is_over(Instant::now()) {
                break;
            }
            self.step(stop, until);
        }
    }

    /// Ends the lanes and pools. One that is held is not waited for once somebody was given up.
    fn close_homes(&mut self, stop: &mut Stop) {
        let homes = self.homes.close();
        for home in &homes {
            match home {
                HomeKind::Lane(lane) => drop(lane.order(Order::Close)),
                HomeKind::Pool(pool) => pool.close(),
            }
        }
        let patience = Deadline::after(stop.stages.give_up.left().unwrap_or(PROGRESS));
        while self.ended.len() < homes.len() && !stop.stages.end.is_over(Instant::now()) {
            let held = self.is_somebody_left_behind() && self.only_held_are_left(&homes);
            if held || patience.is_over(Instant::now()) && self.is_somebody_left_behind() {
                break;
            }
            self.step(stop, stop.stages.end.min(Deadline::after(Duration::from_millis(10))));
        }
    }

    fn make_report(mut self, stop: Stop) {
        let root = self.homes.root().clone();
        root.close();
        root.report_made();
        while let Ok(event) = self.events.try_recv() {
            self.hear(event);
        }
        let homes = self.homes.all();
        let left = root.count() + root.given_up();
        let mut abandoned = if left == 0 { Vec::new() } else { self.stragglers(&homes) };
        let left = left.saturating_sub(abandoned.len() as u64);
        abandoned.extend(self.late_stoppers(stop.stages.give_up));
        let report = StopReport::new(Inner {
            runner: self.runner,
            reason: stop.reason,
            failures: self.failures,
            contained: self.contained,
            left,
            abandoned,
            asked: stop.asked_at,
            took: stop.asked.elapsed(),
            forced: stop.forced,
            services: self.services.list(),
            root,
        });
        log::info(format_args!(
            "stopped in {:.1?}: {}; {} failed, {} did not stop in time",
            report.took(),
            report.reason(),
            report.failures().len(),
            report.abandoned().len(),
        ));
        self.ending.set(report);
        for group in self.homes.root().groups() {
            group.give_up();
        }
        // After the report is there: whoever still waits for a task is let go now.
        for home in homes {
            home.home().give_up();
        }
    }

    /// Hears one event, or lets time pass until `until`.
    fn step(&mut self, stop: &mut Stop, until: Deadline) {
        self.stalls.look(&self.homes);
        match self.next(until.min(stop.progress)) {
            Some(event) => {
                if let Some(request) = self.hear(event) {
                    self.hurry(stop, request);
                }
            }
            None => self.do_what_is_due(),
        }
        if stop.progress.is_over(Instant::now()) {
            self.tell_progress(stop);
            stop.progress = Deadline::after(PROGRESS);
        }
    }

    /// One more wish to stop: it may shorten the stop, never lengthen it.
    fn hurry(&mut self, stop: &mut Stop, request: StopRequest) {
        let now = Instant::now();
        let hurries = request.force || request.budget.is_some();
        if let Some(budget) = request.budget {
            stop.stages.tighten(self.limits.stages(now, self.longest_grace(), budget));
        }
        if request.force {
            log::warn(format_args!("forced: {}", request.reason));
            stop.stages.force(now);
            self.press(now, stop);
            stop.all_asked = true;
            stop.forced.get_or_insert(request.reason);
        }
        let stages = stop.stages;
        let cancel = if stop.all_asked { stages.cancel_all } else { stages.cancel };
        self.homes.root().stop().hurry(cancel);
        if hurries {
            self.hurry_services(stop);
            for group in self.homes.root().groups() {
                group.hurry(stages.cancel_all, stages.give_up);
            }
        }
    }

    fn tell_progress(&self, stop: &Stop) {
        let left = self.homes.root().count();
        let held = self.stragglers(&self.homes.all());
        let named = self.homes.root().names().all();
        let still = match stop.stages.end.left() {
            Some(left) => format!("{left:.1?} left"),
            None => "no limit".to_owned(),
        };
        log::warn(format_args!(
            "stopping for {:.1?}, {still}: {left} tasks have not ended; named: {}; holding a thread: {}",
            stop.asked.elapsed(),
            list(&named),
            list(&held),
        ));
    }

    fn is_somebody_left(&self) -> bool {
        self.homes.root().count() > 0
    }

    /// Somebody is left, or was given up and has not ended since.
    fn is_somebody_left_behind(&self) -> bool {
        self.is_somebody_left() || self.homes.root().given_up() > 0
    }

    fn order(&self, order: impl Fn() -> Order) {
        for home in self.homes.all() {
            if let HomeKind::Lane(lane) = home {
                lane.order(order());
            }
        }
    }

    /// The stoppers that have not come back. Those that were called when nobody was waited for any more, such
    /// as what drops the leavings of services, have had no chance.
    fn late_stoppers(&self, give_up: Deadline) -> impl Iterator<Item = Straggler> {
        let busy = self.homes.root().crew().busy().into_iter();
        // Looked at after those: of none that came later it says that it was there before.
        let over = give_up.instant().map_or(Duration::ZERO, |at| at.elapsed());
        let late = busy.filter(move |(_, held)| *held >= over);
        late.map(|(task, held)| Straggler { task: TaskLabel { flavour: STOPPER, ..task }, held })
    }

    fn only_held_are_left(&self, homes: &[HomeKind]) -> bool {
        homes.iter().all(|kind| {
            self.ended.contains(&kind.home().flavour())
                || match kind {
                    HomeKind::Lane(lane) => lane.busy().is_some(),
                    HomeKind::Pool(pool) => !pool.busy().is_empty(),
                }
        })
    }

    /// The tasks that hold a lane or a thread.
    fn stragglers(&self, homes: &[HomeKind]) -> Vec<Straggler> {
        let root = self.homes.root();
        let mut stragglers = Vec::new();
        for kind in homes {
            let flavour = kind.home().flavour();
            if self.ended.contains(&flavour) {
                continue;
            }
            let busy = match kind {
                HomeKind::Lane(lane) => lane.busy().into_iter().collect(),
                HomeKind::Pool(pool) => pool.busy(),
            };
            stragglers.extend(busy.into_iter().map(|busy| {
                let view = BusyView::new(busy, flavour, root.names().find(busy.task));
                Straggler { task: view.task, held: view.held }
            }));
        }
        stragglers
    }
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    const MOST: usize = 8;
    let mut text: Vec<String> = items.iter().take(MOST).map(ToString::to_string).collect();
    if items.len() > MOST {
        text.push(format!("and {} more", items.len() - MOST));
    }
    if text.is_empty() { "none".to_owned() } else { text.join(", ") }
}
