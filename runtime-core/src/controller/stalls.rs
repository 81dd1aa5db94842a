//! Lanes that do not come back, told while it happens and not when it is over; and pools that wait for a thread.
//!
//! The lane writes down when a turn began and who has it (`task/stamp.rs`), which costs it nothing more; the
//! controller looks at that now and then. It is told once for each time that a lane does not come back.

use std::time::{Duration, Instant};

use crate::homes::{HomeKind, Homes};
use crate::id::FlavourId;
use crate::inspect::BusyView;
use crate::log;
use crate::task::contract::Home;
use crate::time::Deadline;

/// More often than that nobody looks, however short the limit.
const OFTEN: Duration = Duration::from_millis(1);
/// And no more seldom than that, for the sake of the pools.
const SELDOM: Duration = Duration::from_millis(500);

/// What is known of lanes that did not come back when they were last looked at.
pub(super) struct Stalls {
    limit: Duration,
    /// When to look again.
    pub(super) next: Deadline,
    told: Vec<(FlavourId, Instant)>,
}

impl Stalls {
    pub(super) fn new(limit: Duration) -> Self {
        Stalls { limit, next: Deadline::after(interval(limit)), told: Vec::new() }
    }

    /// Looks at the lanes and pools, if it is time.
    pub(super) fn look(&mut self, homes: &Homes) {
        let now = Instant::now();
        if !self.next.is_over(now) {
            return;
        }
        self.next = Deadline::from(now, interval(self.limit));
        for home in homes.all() {
            let lane = match home {
                HomeKind::Lane(lane) => lane,
                HomeKind::Pool(pool) => {
                    pool.retry();
                    continue;
                }
            };
            let flavour = lane.flavour();
            match lane.busy().filter(|busy| busy.held >= self.limit) {
                Some(busy) if self.is_news(flavour, now.checked_sub(busy.held)) => {
                    self.forget(flavour);
                    self.told.push((flavour, now));
                    let named = homes.root().names().find(busy.task);
                    tell(&BusyView::new(busy, flavour, named));
                }
                None if self.forget(flavour) => {
                    log::info(format_args!("the {flavour} lane goes on"));
                }
                Some(_) | None => {}
            }
        }
    }

    /// Whether this is not the one that was told of last.
    fn is_news(&self, flavour: FlavourId, began: Option<Instant>) -> bool {
        let told = self.told.iter().find(|(of, _)| *of == flavour);
        told.is_none_or(|(_, at)| began.is_some_and(|began| began > *at))
    }

    /// Forgets the lane; whether there was something to forget.
    fn forget(&mut self, flavour: FlavourId) -> bool {
        let before = self.told.len();
        self.told.retain(|(of, _)| *of != flavour);
        self.told.len() < before
    }
}

/// Twice within the limit, so that a stall is told before it has lasted for one and a half.
fn interval(limit: Duration) -> Duration {
    (limit / 2).clamp(OFTEN, SELDOM)
}

fn tell(view: &BusyView) {
    let (task, held) = (&view.task, view.held);
    // One without a name shows its place by itself.
    let place = task.name().map(|_| format!(" from {}", task.spawned_at())).unwrap_or_default();
    log::warn(format_args!(
        "the {} lane has not come back for {held:.1?}: {task}{place} has its thread, and all other tasks of the lane wait; await there, or block on the thread flavour",
        task.flavour()
    ));
}
