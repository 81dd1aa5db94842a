//! Cases that failed once, as they were shrunk, and such as nobody would wait for chance to make.

use integration_tests::{LIMIT, within};

use crate::play;
use crate::step::{Ends, On, Plan, Step, Verb, Waits};

fn holds(steps: Vec<Step>) {
    within(LIMIT, move || play(&steps));
}

#[test]
fn a_failure_below_a_group_with_bombs_stops_all_and_loses_none() {
    let plan = |on, waits, ends| Plan { on, waits, ends, bomb: true };
    let submit = |verb, group, plan| Step::Submit { verb, group, plan, name: None };
    holds(vec![
        Step::OpenGroup { below: None, goes_on: true, hasty: false },
        Step::OpenGroup { below: None, goes_on: true, hasty: true },
        submit(Verb::Adopt, Some(0), plan(On::Tokio, Waits::Ever, Ends::Value)),
        submit(Verb::Spawn, Some(0), plan(On::Thread, Waits::Gate, Ends::Panic)),
        submit(Verb::Adopt, Some(1), plan(On::Smol, Waits::Gate, Ends::Value)),
        submit(Verb::Adopt, Some(1), plan(On::Thread, Waits::Gate, Ends::Value)),
        submit(Verb::Adopt, None, plan(On::AsyncStd, Waits::Asked, Ends::Error)),
        submit(Verb::Adopt, None, plan(On::Smol, Waits::Gate, Ends::Panic)),
        Step::Queue { on: On::Tokio, many: 3, stop: Some(1), stop_runner: false },
        Step::Open(0),
        Step::JoinGroup(0),
        Step::Open(1),
        Step::Open(2),
        submit(Verb::Adopt, None, plan(On::Tokio, Waits::No, Ends::Error)),
        submit(Verb::Spawn, Some(0), plan(On::Thread, Waits::No, Ends::Error)),
        Step::DropHandle(0),
    ]);
}

/// It was counted as one that is left behind, and the runner waited for it to the last.
#[test]
fn a_payload_that_a_group_refuses_after_it_gave_up_is_not_counted() {
    let plan = Plan { on: On::Tokio, waits: Waits::No, ends: Ends::Value, bomb: false };
    holds(vec![
        Step::OpenGroup { below: None, goes_on: false, hasty: true },
        Step::StopGroup(0),
        Step::Submit { verb: Verb::Adopt, group: Some(0), plan, name: None },
        Step::Submit { verb: Verb::Spawn, group: Some(0), plan, name: Some(0) },
    ]);
}
