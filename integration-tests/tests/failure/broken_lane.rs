//! A lane whose executor breaks: never a silent dead lane.

use std::io;
use std::sync::mpsc::channel;
use std::time::Instant;

use integration_tests::{LIMIT, runner, within};
use spumoni::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};
use spumoni::prelude::*;
use spumoni::{Async, JoinError, StopReason};

/// A flavour whose executor breaks, in one of three ways.
#[derive(Clone, Copy, Debug)]
struct Brittle;

/// How it breaks.
#[derive(Clone, Copy, Debug)]
enum Break {
    Error,
    Panic,
    DropTheLoop,
}

std::thread_local! {
    /// For the next engine that this thread makes.
    static BREAK: std::cell::Cell<Break> = const { std::cell::Cell::new(Break::Error) };
}

impl Flavour for Brittle {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        static KEY: FlavourKey = FlavourKey::new("brittle");
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(BREAK.get())
    }
}

impl LaneEngine for Break {
    fn drive(&self, lane: LaneLoop) -> io::Result<()> {
        match self {
            Break::Error => Err(io::Error::other("no more descriptors")),
            Break::Panic => {
                let _lane = lane;
                panic!("the executor panics")
            }
            Break::DropTheLoop => {
                drop(lane);
                Ok(())
            }
        }
    }

    fn timer(&self, _: Instant) -> Timer {
        Box::pin(std::future::pending())
    }
}

/// FAULTS 127: never a silent dead lane.
#[test]
fn a_lane_whose_executor_breaks_is_a_failure_and_keeps_nobody_waiting() {
    within(LIMIT, || {
        for (how, said) in
            [(Break::Error, "no more descriptors"), (Break::Panic, "the executor panics")]
        {
            BREAK.set(how);
            let runner = runner();
            let task = runner.spawn(Brittle, async || ());
            // Refused, or taken and then stopped: never left.
            if let Ok(task) = task {
                assert_eq!(task.join(), Err(JoinError::Stopped), "{how:?}");
            }
            let report = runner.run_until_stopped();
            assert_eq!(report.reason(), &StopReason::Failure, "{how:?}: {report}");
            let text = report.to_string();
            assert!(text.contains("brittle") && text.contains(said), "{text}");
            assert_eq!(report.exit_code(), 1, "{how:?}");
        }
    });
}

#[test]
fn a_lane_that_leaves_before_its_time_keeps_nobody_waiting() {
    within(LIMIT, || {
        BREAK.set(Break::DropTheLoop);
        let runner = runner();
        if let Ok(task) = runner.spawn(Brittle, async || ()) {
            assert_eq!(task.join(), Err(JoinError::Stopped));
        }
        let (done, ends) = channel();
        runner.adopt(Thread, move || done.send(())).expect("the other flavours go on");
        ends.recv().expect("it runs");
        let error = runner.execute(Brittle, async || ());
        assert!(error.is_err());
        runner.stop();
        drop(runner.run());
    });
}
