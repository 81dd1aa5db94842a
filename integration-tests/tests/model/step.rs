//! What a case does, step by step, and how such steps are made up.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A flavour, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Tokio,
    Smol,
    AsyncStd,
    Thread,
}

/// What a payload waits for before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Nothing.
    No,
    /// Its gate.
    Gate,
    /// That it is asked to stop.
    Asked,
    /// What never comes. On a thread, that it is asked to stop.
    Ever,
}

/// How a payload ends, if it is let.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Value,
    Error,
    Panic,
}

/// A payload: where, what, and whether its destructor panics when it is dropped before its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) on: On,
    pub(crate) waits: Waits,
    pub(crate) ends: Ends,
    pub(crate) bomb: bool,
}

/// Who owns the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Adopt,
    Spawn,
}

/// Who calls `execute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Outside,
    Payload(On),
}

/// One step. Numbers choose among what is there, from the oldest, and come round; where nothing is, the step
/// does nothing.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Hands a payload over: to the root, or to a group. One of few names, or one of its own.
    Submit { verb: Verb, group: Option<usize>, plan: Plan, name: Option<u8> },
    /// Opens the gate of a running payload.
    Open(usize),
    /// Joins a handle, with its task let go or asked to stop before.
    Join(usize),
    /// Drops a handle unread.
    DropHandle(usize),
    /// Stops one task by its handle.
    StopTask(usize),
    /// Runs a payload and waits for it.
    Execute { caller: Caller, on: On, ends: Ends },
    /// Holds a lane, queues so many payloads behind it, stops one of them, or the runner, and lets the lane go.
    Queue { on: On, many: usize, stop: Option<usize>, stop_runner: bool },
    /// Opens a group, at the root or below another. A hasty one gives its members no time.
    OpenGroup { below: Option<usize>, goes_on: bool, hasty: bool },
    /// Stops a group.
    StopGroup(usize),
    /// Takes all ends that a group has.
    JoinGroup(usize),
    /// Asks the runner to stop; within a budget of seconds, if there is one.
    StopRunner { within: Option<u64> },
}

fn flavour() -> impl Strategy<Value = On> {
    select(vec![On::Tokio, On::Smol, On::AsyncStd, On::Thread])
}

fn lane() -> impl Strategy<Value = On> {
    select(vec![On::Tokio, On::Smol, On::AsyncStd])
}

fn ends() -> impl Strategy<Value = Ends> {
    prop_oneof![4 => Just(Ends::Value), 1 => Just(Ends::Error), 1 => Just(Ends::Panic)]
}

fn plan() -> impl Strategy<Value = Plan> {
    let waits = prop_oneof![
        2 => Just(Waits::No),
        4 => Just(Waits::Gate),
        1 => Just(Waits::Asked),
        1 => Just(Waits::Ever),
    ];
    let all = (flavour(), waits, ends(), prop::bool::weighted(0.2));
    all.prop_map(|(on, waits, ends, bomb)| Plan { on, waits, ends, bomb })
}

fn number() -> impl Strategy<Value = usize> {
    0..12_usize
}

fn step() -> impl Strategy<Value = Step> {
    let verb = select(vec![Verb::Adopt, Verb::Spawn, Verb::Spawn]);
    let submit = (verb, option::weighted(0.6, number()), plan(), option::weighted(0.3, 0..3_u8));
    let caller = prop_oneof![Just(Caller::Outside), flavour().prop_map(Caller::Payload)];
    let queue = (lane(), 1..4_usize, option::of(number()), prop::bool::weighted(0.1));
    let open = (option::weighted(0.3, number()), any::<bool>(), prop::bool::weighted(0.3));
    prop_oneof![
        10 => submit.prop_map(|(verb, group, plan, name)| Step::Submit { verb, group, plan, name }),
        4 => number().prop_map(Step::Open),
        3 => number().prop_map(Step::Join),
        3 => number().prop_map(Step::DropHandle),
        2 => number().prop_map(Step::StopTask),
        2 => (caller, flavour(), ends()).prop_map(|(caller, on, ends)| Step::Execute { caller, on, ends }),
        1 => queue.prop_map(|(on, many, stop, stop_runner)| Step::Queue { on, many, stop, stop_runner }),
        3 => open.prop_map(|(below, goes_on, hasty)| Step::OpenGroup { below, goes_on, hasty }),
        1 => number().prop_map(Step::StopGroup),
        2 => number().prop_map(Step::JoinGroup),
        1 => option::of(30..90_u64).prop_map(|within| Step::StopRunner { within }),
    ]
}

/// The steps of one case.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..40)
}
