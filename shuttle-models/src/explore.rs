//! How a scenario is run: in so many random schedules. One that fails is printed, to be run again by `replay`.

use std::sync::{Mutex, PoisonError};

use shuttle::scheduler::{RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

use crate::stand_in::time;

/// How many schedules where the environment does not say it.
const SCHEDULES: usize = 1_000;

/// The core has statics, such as the graph of waits and the clock: one schedule at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Runs the scenario in random schedules.
pub(crate) fn explore(name: &str, scenario: fn()) {
    let schedules = std::env::var("SHUTTLE_SCHEDULES").ok().and_then(|text| text.parse().ok());
    let scheduler = RandomScheduler::new(schedules.unwrap_or(SCHEDULES));
    let ran = run(scheduler, scenario);
    println!("shuttle: {name}: {ran} schedules");
}

/// Runs the scenario in the one schedule that a failure has printed.
#[expect(dead_code, reason = "for whoever looks into a failure")]
pub(crate) fn replay(schedule: &str, scenario: fn()) {
    run(ReplayScheduler::new_from_encoded(schedule), scenario);
}

fn run(scheduler: impl Scheduler + 'static, scenario: fn()) -> usize {
    // A scenario that failed has told so; the others are run still.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    config.max_steps = MaxSteps::FailAfter(200_000);
    // That orderings are loom's part is said in `lib.rs`.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        time::begin();
        scenario();
    })
}
