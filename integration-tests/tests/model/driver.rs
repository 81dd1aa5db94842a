//! Takes a runner through the steps of a case, with the reference beside it, and compares after each.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_io::block_on;
use integration_tests::LIMIT;
use integration_tests::gate::Gate;
use spumoni::prelude::*;
use spumoni::{JoinError, JoinGroupError, MemberEnd, OnFailure, Reason, TaskId, TaskState};

use crate::handing_over::{Outcome, Spawned, Taken, execute, execute_on, submit};
use crate::payload::{Oops, Slip, words};
use crate::reference::{Fate, Model, Owner, waves_of};
use crate::step::{Caller, Ends, On, Plan, Step, Verb, Waits};

/// More than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the driver has of a payload.
pub(crate) struct Known {
    /// `None`: it was not taken, or nobody was told.
    pub(crate) id: Option<TaskId>,
    pub(crate) slip: Arc<Slip>,
    handle: Option<Spawned>,
}

/// See the module.
pub(crate) struct Driver {
    pub(crate) model: Model,
    pub(crate) runner: ServiceRunner,
    pub(crate) known: Vec<Known>,
    groups: Vec<Group>,
    /// The stop was noticed and is over.
    stopped: bool,
}

impl Driver {
    pub(crate) fn new() -> Self {
        // No limit is ever over: what a stop cancels is cancelled by graces of zero.
        let builder = ServiceRunner::builder().signals(false).grace(LIMIT).group_grace(LIMIT);
        let runner = builder.stop_timeout(2 * LIMIT).build().expect("good settings");
        let (known, groups) = (Vec::new(), Vec::new());
        Driver { model: Model::default(), runner, known, groups, stopped: false }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match *step {
            Step::Submit { verb, group, plan, name } => self.submit(verb, group, plan, name),
            Step::Open(which) => self.open(which),
            Step::Join(which) => self.join(which),
            Step::DropHandle(which) => self.drop_handle(which),
            Step::StopTask(which) => self.stop_task(which),
            Step::Execute { caller, on, ends } => self.execute(caller, on, ends),
            Step::Queue { on, many, stop, stop_runner } => self.queue(on, many, stop, stop_runner),
            Step::OpenGroup { below, goes_on, hasty } => self.open_group(below, goes_on, hasty),
            Step::StopGroup(which) => self.stop_group(which),
            Step::JoinGroup(which) => {
                if let Some(group) = self.group(which) {
                    self.join_group(group);
                }
            }
            Step::StopRunner { within } => self.stop_runner(within),
        }
        self.settle();
        self.compare();
    }

    fn group(&self, which: usize) -> Option<usize> {
        which.checked_rem(self.groups.len())
    }

    fn submit(&mut self, verb: Verb, group: Option<usize>, plan: Plan, name: Option<u8>) {
        let group = group.and_then(|which| self.group(which));
        let mut plan = plan;
        if group.is_some_and(|group| self.model.groups[group].hasty) {
            // A thread is given up with its group, whatever it does; and nothing is told of one that ends late.
            plan = Plan { on: On::Thread, ends: Ends::Value, ..plan };
            if plan.waits != Waits::No {
                plan.waits = Waits::Gate;
            }
        }
        let number = self.known.len();
        let name = name.map_or_else(|| format!("own-{number}"), |name| format!("shared-{name}"));
        let (shut, named) = (self.model.is_shut(group), self.model.is_taken(group, &name));
        let to = group.map(|group| &self.groups[group]);
        let (taken, slip) = submit(&self.runner, to, verb, (number, plan, &name));
        match &taken {
            Ok(_) => assert!(!shut && !named, "{number} was taken"),
            // Also of one that was given up and runs still, in a group that takes nobody any more.
            Err(Reason::DuplicateName { .. }) => assert!(named || shut, "{number} was a duplicate"),
            Err(reason) => assert!(shut && reason.is_stopping(), "{number}: {reason}"),
        }
        self.model.submit(verb, group, plan, name, taken.is_ok());
        if taken.is_ok() {
            slip.gate.wait_for(1);
        }
        let id = taken.as_ref().ok().map(Taken::id);
        let handle = taken.ok().and_then(|taken| match taken {
            Taken::Adopted(_) => None,
            Taken::Spawned(handle) => Some(handle),
        });
        self.known.push(Known { id, slip, handle });
    }

    /// One of these, if there is one.
    fn pick(which: usize, of: impl Iterator<Item = usize>) -> Option<usize> {
        let all: Vec<usize> = of.collect();
        Some(all[which.checked_rem(all.len())?])
    }

    fn open(&mut self, which: usize) {
        let waiting = self.model.running().filter(|one| self.waits(*one) == Waits::Gate);
        if let Some(number) = Self::pick(which, waiting) {
            self.model.open(number);
            self.known[number].slip.gate.open();
        }
    }

    fn waits(&self, number: usize) -> Waits {
        self.model.tasks[number].plan.waits
    }

    fn join(&mut self, which: usize) {
        let Some(number) = Self::pick(which, self.model.held()) else { return };
        if self.model.tasks[number].fate.is_none() {
            if self.waits(number) == Waits::Gate {
                self.model.open(number);
                self.known[number].slip.gate.open();
            } else {
                self.ask(number);
            }
            self.settle();
        }
        self.take(number);
    }

    /// Takes the outcome of one that is over.
    pub(crate) fn take(&mut self, number: usize) {
        let handle = self.known[number].handle.take().expect("the model knows of a handle");
        let fate = self.model.tasks[number].fate.expect("it is over");
        self.model.tasks[number].owner = Owner::Nobody;
        let joined = handle.join();
        assert!(
            is_joined(number, fate, &joined),
            "{number} is {fate:?}, and its handle gave {joined:?}"
        );
    }

    fn drop_handle(&mut self, which: usize) {
        if let Some(number) = Self::pick(which, self.model.held()) {
            self.model.drop_handle(number);
            self.known[number].handle = None;
        }
    }

    fn ask(&mut self, number: usize) {
        self.model.stop_task(number);
        self.known[number].handle.iter().for_each(TaskHandle::stop);
    }

    fn stop_task(&mut self, which: usize) {
        let running = self.model.held().filter(|one| self.model.tasks[*one].fate.is_none());
        if let Some(number) = Self::pick(which, running) {
            self.ask(number);
        }
    }

    fn open_group(&mut self, below: Option<usize>, goes_on: bool, hasty: bool) {
        let below = below.and_then(|which| self.group(which));
        // One that is hasty gives up what is below it as well.
        let below = below.filter(|group| !self.model.groups[*group].hasty);
        let name = format!("group-{}", self.groups.len());
        let builder = match below {
            Some(group) => self.groups[group].group(name),
            None => self.runner.group(name),
        };
        let policy = if goes_on { OnFailure::Continue } else { OnFailure::Stop };
        let builder = builder.on_failure(policy);
        let builder = if hasty { builder.group_grace(Duration::ZERO) } else { builder };
        // Also where all stops: nobody is let in then.
        let group = builder.open().expect("the name is free");
        self.model.open_group(below, goes_on, hasty);
        self.groups.push(group);
    }

    fn stop_group(&mut self, which: usize) {
        if let Some(group) = self.group(which)
            && !self.model.is_shut(Some(group))
        {
            self.groups[group].stop();
            self.model.stop_group(group);
        }
    }

    fn stop_runner(&mut self, within: Option<u64>) {
        match within {
            Some(seconds) => self.runner.stop_within(Duration::from_secs(seconds)),
            None => self.runner.stop(),
        }
        self.model.stop_runner(false);
    }

    /// Takes the ends that there are, each once, and no more.
    pub(crate) fn join_group(&mut self, number: usize) {
        let group = &self.groups[number];
        let expected = self.model.take_ends(number);
        for wave in waves_of(&expected) {
            let mut left = wave;
            while !left.is_empty() {
                let end = group.join_next().blocking_timeout(Duration::ZERO);
                let Ok(Some(end)) = end else { panic!("{end:?}, but {left:?} have ended") };
                let number = self.number_of(end.task().id());
                assert!(left.remove(&number), "{number} is no end of {left:?}");
                let known = expected.iter().find(|end| end.number == number);
                let failed = known.is_some_and(|end| end.failed);
                self.check_end(number, failed, &end);
            }
        }
        let more = group.join_next().blocking_timeout(Duration::ZERO);
        let lives = self.model.members(number).next().is_some();
        assert!(
            matches!((&more, lives), (Ok(None), false) | (Err(JoinGroupError::TimedOut), true)),
            "{more:?}"
        );
    }

    pub(crate) fn number_of(&self, id: TaskId) -> usize {
        self.known.iter().position(|known| known.id == Some(id)).expect("one of the payloads")
    }

    fn check_end(&self, number: usize, failed: bool, end: &MemberEnd) {
        let fate = self.model.tasks[number].fate;
        let adopted = self.model.tasks[number].is_adopted();
        assert_eq!(Some(end.state()), fate.and_then(|fate| state_of(fate, adopted)), "{end}");
        assert_eq!(end.failure().is_some(), failed, "{number}: {end}");
        assert!(
            end.failure().is_none_or(|failure| is_cause(number, fate, failure.cause())),
            "{end}"
        );
    }

    fn execute(&mut self, caller: Caller, on: On, ends: Ends) {
        let plan = Plan { on, waits: Waits::No, ends, bomb: false };
        let number = self.known.len();
        let stops = self.model.stop.is_some();
        let (fate, slip) = match caller {
            Caller::Payload(_) if stops => return,
            Caller::Payload(caller) => execute_on(&self.runner, caller, number, plan),
            Caller::Outside => execute(&self.runner, number, plan),
        };
        // A lane that waits for itself would wait for ever.
        let comes_back = stops || caller == Caller::Payload(on) && on != On::Thread;
        assert_eq!(
            fate,
            if comes_back { Fate::CameBack } else { ends.into() },
            "{caller:?} {on:?}"
        );
        self.model.executed(plan, fate);
        self.known.push(Known { id: None, slip, handle: None });
    }

    /// Payloads that have not begun.
    fn queue(&mut self, on: On, many: usize, stop: Option<usize>, stop_runner: bool) {
        if self.model.stop.is_some() {
            return;
        }
        let held = Gate::default();
        let holder = hold(&self.runner, on, &held);
        let first = self.known.len();
        let plan = Plan { on, waits: Waits::No, ends: Ends::Value, bomb: false };
        for number in first..first + many {
            let name = format!("own-{number}");
            let (taken, slip) = submit(&self.runner, None, Verb::Spawn, (number, plan, &name));
            let Ok(Taken::Spawned(handle)) = taken else { panic!("{number} was not taken") };
            assert_eq!(handle.state(), TaskState::Initialized);
            self.known.push(Known { id: Some(handle.id()), slip, handle: Some(handle) });
        }
        let stopped = stop.map(|which| first + which % many);
        if let Some(number) = stopped {
            self.known[number].handle.iter().for_each(TaskHandle::stop);
            self.flush();
        }
        if stop_runner {
            self.runner.stop();
        }
        assert!((first..first + many).all(|number| !self.known[number].slip.has_begun()));
        held.open();
        holder.join().expect("nobody stops the holder");
        for number in first..first + many {
            let begins = !stop_runner && stopped != Some(number);
            self.model.queued(plan, if begins { Fate::Value } else { Fate::NeverBegun });
        }
        if stop_runner {
            self.model.stop_runner(false);
            self.settle();
        }
        for number in first..first + many {
            self.take(number);
        }
    }

    /// Waits until the controller has heard of all that it was told before.
    fn flush(&self) {
        let begun = Gate::default();
        let came = begun.clone();
        let probe = self.runner.spawn(Thread, move || {
            came.come();
            Context::current().stopped_blocking();
        });
        let probe = probe.expect("the runner does not stop");
        begun.wait_for(1);
        probe.stop();
        probe.join().expect("it ends when it is asked");
    }

    /// Waits until the runner is where the model is, and lets go whom the model has let go.
    pub(crate) fn settle(&mut self) {
        if self.model.stop.is_some() && !self.stopped {
            block_on(self.runner.stopped());
        }
        for (group, of) in self.groups.iter().zip(&self.model.groups) {
            if of.stopping {
                block_on(group.stopped());
            }
        }
        let stopping = self.model.stop.is_some();
        for number in self.of_fate(Fate::GivenUp) {
            let group = self.model.tasks[number].group.expect("only groups are hasty");
            // Not when it is no member any more: it might end in good order until it is given up.
            let left = self.model.members(group).count();
            until("given up", || self.groups[group].len() == left);
            if stopping {
                self.known[number].slip.gate.open();
            }
        }
        for fate in [Fate::Value, Fate::Error, Fate::Panic] {
            for number in self.of_fate(fate) {
                self.known[number].slip.gate.open();
            }
        }
        let alive = self.model.running().count() as u64;
        until(&format!("{alive} alive"), || self.runner.tree().alive() == alive);
        if stopping && !self.stopped {
            let _ = self.runner.ended_blocking();
            self.stopped = true;
        }
    }

    fn of_fate(&self, fate: Fate) -> Vec<usize> {
        let all = 0..self.known.len();
        all.filter(|number| self.model.tasks[*number].fate == Some(fate)).collect()
    }

    /// What both know.
    fn compare(&self) {
        let model = &self.model;
        assert_eq!(self.runner.is_stopping(), model.stop.is_some());
        for (number, group) in self.groups.iter().enumerate() {
            assert_eq!(group.len(), model.members(number).count(), "members of {number}");
            assert_eq!(group.is_stopping(), model.is_shut(Some(number)), "stop of {number}");
            // One that was given up has its name until it is gone, since it runs still.
            let members = || model.tasks.iter().filter(|task| task.group == Some(number));
            let given_up = |name: &str| {
                members().any(|task| task.fate == Some(Fate::GivenUp) && task.name == name)
            };
            for task in members().filter(|task| !given_up(&task.name)) {
                let found = group.find(&task.name).is_some();
                assert_eq!(found, model.is_taken(Some(number), &task.name), "name of {task:?}");
            }
        }
        for number in model.held() {
            let handle = self.known[number].handle.as_ref().expect("the model knows of a handle");
            let state = match model.tasks[number].fate {
                Some(fate) => state_of(fate, false),
                None => Some(TaskState::Running),
            };
            assert_eq!(Some(handle.state()), state, "{number}");
            assert_eq!(handle.is_over(), model.tasks[number].fate.is_some(), "{number}");
        }
    }

    /// How many groups were opened.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// What is left when nothing more is to be done.
    pub(crate) fn into_parts(self) -> (Model, ServiceRunner, Vec<Known>, Vec<Group>) {
        (self.model, self.runner, self.known, self.groups)
    }
}

/// Looks until it is so: for what has no event. What never comes is a failure that can be shrunk.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never so: {what}");
        thread::yield_now();
    }
}

/// The last state of a task with this fate.
fn state_of(fate: Fate, adopted: bool) -> Option<TaskState> {
    match fate {
        Fate::Value => Some(TaskState::Completed),
        Fate::Error if adopted => Some(TaskState::Failed),
        Fate::Error => Some(TaskState::Completed),
        Fate::Panic => Some(TaskState::Failed),
        Fate::Stopped | Fate::NeverBegun => Some(TaskState::Stopped),
        Fate::GivenUp => Some(TaskState::Abandoned),
        Fate::CameBack => None,
    }
}

/// Whether a cause is that of the payload with this number.
pub(crate) fn is_cause(number: usize, fate: Option<Fate>, cause: &spumoni::Cause) -> bool {
    match fate {
        Some(Fate::Error) => cause.downcast_ref::<Oops>() == Some(&Oops(number)),
        Some(Fate::Panic) => cause.as_panic().is_some_and(|info| info.text() == words(number)),
        _ => false,
    }
}

fn is_joined(number: usize, fate: Fate, joined: &Result<Outcome, JoinError>) -> bool {
    match (fate, joined) {
        (Fate::Value, Ok(Ok(value))) => *value == number,
        (Fate::Error, Ok(Err(error))) => *error == Oops(number),
        (Fate::Panic, Err(JoinError::Panicked(info))) => info.text() == words(number),
        (Fate::Stopped | Fate::NeverBegun, Err(JoinError::Stopped)) => true,
        (Fate::GivenUp, Err(JoinError::Abandoned)) => true,
        _ => false,
    }
}

/// Holds a lane until the gate opens.
fn hold(on: &Handle, lane: On, gate: &Gate) -> TaskHandle<()> {
    let at = gate.clone();
    let taken = match lane {
        On::Tokio => on.spawn(Tokio, async move || at.pass_blocking()).ok(),
        On::Smol => on.spawn(Smol, async move || at.pass_blocking()).ok(),
        On::AsyncStd | On::Thread => on.spawn(AsyncStd, async move || at.pass_blocking()).ok(),
    };
    gate.wait_for(1);
    taken.expect("the runner does not stop")
}
