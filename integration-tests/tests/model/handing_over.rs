//! How payloads get to the runner: each flavour is a type, and in a case it is data.

use std::sync::Arc;
use std::time::Duration;

use integration_tests::LIMIT;
use spumoni::prelude::*;
use spumoni::{ExecuteError, Reason, TaskId};

use crate::payload::{Body, Oops, Slip, words};
use crate::reference::Fate;
use crate::step::{On, Plan, Verb, Waits};

/// What a payload leaves.
pub(crate) type Outcome = Result<usize, Oops>;
/// The handle to one.
pub(crate) type Spawned = TaskHandle<Outcome>;

/// Calls a verb with the flavour and a payload of its mode.
macro_rules! hand_over {
    ($to:expr, $verb:ident, $on:expr, $body:expr, $outcome:expr, $slip:expr) => {{
        let (to, body, outcome, slip) = ($to, $body, $outcome, $slip);
        match $on {
            On::Tokio => slip.take_back(to.$verb(Tokio, async move || outcome(body.run().await))),
            On::Smol => slip.take_back(to.$verb(Smol, async move || outcome(body.run().await))),
            On::AsyncStd => {
                slip.take_back(to.$verb(AsyncStd, async move || outcome(body.run().await)))
            }
            On::Thread => slip.take_back(to.$verb(Thread, move || outcome(body.run_blocking()))),
        }
    }};
}

/// A task that was taken.
pub(crate) enum Taken {
    Adopted(TaskId),
    Spawned(Spawned),
}

impl Taken {
    pub(crate) fn id(&self) -> TaskId {
        match self {
            Taken::Adopted(id) => *id,
            Taken::Spawned(handle) => handle.id(),
        }
    }
}

/// What is cancelled by a stop is so at once; all others have time.
fn grace(plan: Plan) -> Duration {
    match plan.waits {
        Waits::Gate | Waits::Ever if plan.on != On::Thread => Duration::ZERO,
        Waits::No | Waits::Gate | Waits::Asked | Waits::Ever => LIMIT,
    }
}

/// Hands a payload over: to a group, or to the root.
pub(crate) fn submit(
    to: &Handle,
    group: Option<&Group>,
    verb: Verb,
    (number, plan, name): (usize, Plan, &str),
) -> (Result<Taken, Reason>, Arc<Slip>) {
    let (body, slip) = Body::new(number, plan);
    let of = &*slip;
    let taken = match (group, verb) {
        (None, Verb::Adopt) => {
            let to = to.task(name).grace(grace(plan));
            hand_over!(to, adopt, plan.on, body, |end: Outcome| end.map(drop), of)
                .map(Taken::Adopted)
        }
        (None, Verb::Spawn) => {
            let to = to.task(name).grace(grace(plan));
            hand_over!(to, spawn, plan.on, body, |end: Outcome| end, of).map(Taken::Spawned)
        }
        (Some(group), Verb::Adopt) => {
            let to = group.task(name).grace(grace(plan));
            hand_over!(to, try_adopt, plan.on, body, |end: Outcome| end.map(drop), of)
                .map(Taken::Adopted)
        }
        (Some(group), Verb::Spawn) => {
            let to = group.task(name).grace(grace(plan));
            hand_over!(to, try_spawn, plan.on, body, |end: Outcome| end, of).map(Taken::Spawned)
        }
    };
    (taken, slip)
}

/// What came of an `execute`: its fate, with whatever it carries checked.
fn executed<P>(number: usize, slip: &Slip, result: Result<Outcome, ExecuteError<P>>) -> Fate {
    match result {
        Ok(Ok(value)) if value == number => Fate::Value,
        Ok(Err(Oops(value))) if value == number => Fate::Error,
        Ok(other) => panic!("{number} got {other:?}"),
        Err(ExecuteError::Panicked(info)) => {
            assert_eq!(info.text(), words(number));
            Fate::Panic
        }
        Err(ExecuteError::Stopped) => Fate::Stopped,
        Err(error) => {
            let text = error.to_string();
            let payload = error.into_payload();
            slip.given_back(payload.unwrap_or_else(|| panic!("{number} is gone: {text}")));
            Fate::CameBack
        }
    }
}

/// Runs a payload and waits for it.
pub(crate) fn execute(on: &Handle, number: usize, plan: Plan) -> (Fate, Arc<Slip>) {
    let (body, slip) = Body::new(number, plan);
    let fate = match plan.on {
        On::Tokio => executed(number, &slip, on.execute(Tokio, async move || body.run().await)),
        On::Smol => executed(number, &slip, on.execute(Smol, async move || body.run().await)),
        On::AsyncStd => {
            executed(number, &slip, on.execute(AsyncStd, async move || body.run().await))
        }
        On::Thread => executed(number, &slip, on.execute(Thread, move || body.run_blocking())),
    };
    (fate, slip)
}

/// The same, called by a payload of a flavour.
pub(crate) fn execute_on(to: &Handle, caller: On, number: usize, plan: Plan) -> (Fate, Arc<Slip>) {
    let call = move || execute(&Handle::current(), number, plan);
    let called = match caller {
        On::Tokio => to.spawn(Tokio, async move || call()).map_err(|refused| refused.into_reason()),
        On::Smol => to.spawn(Smol, async move || call()).map_err(|refused| refused.into_reason()),
        On::AsyncStd => {
            to.spawn(AsyncStd, async move || call()).map_err(|refused| refused.into_reason())
        }
        On::Thread => to.spawn(Thread, call).map_err(|refused| refused.into_reason()),
    };
    called.expect("the runner does not stop").join().expect("nobody stops the caller")
}
