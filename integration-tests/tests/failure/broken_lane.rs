//! A lane whose executor breaks: never a silent dead lane.

use std::io;
use std::time::Instant;

use integration_tests::{LIMIT, runner, within};
use spumoni::flavour::{Engine, Flavour, FlavourKey, LaneEngine, LaneLoop, Timer};
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

/// FAULTS 127.
#[test]
fn f127_a_lane_whose_executor_breaks_or_leaves_is_a_failure_and_keeps_nobody_waiting() {
    within(LIMIT, || {
        for (how, said) in [
            (Break::Error, "no more descriptors"),
            (Break::Panic, "the executor panics"),
            (Break::DropTheLoop, "it left before its time"),
        ] {
            BREAK.set(how);
            let runner = runner();
            // Refused, or taken and then stopped: never left.
            if let Ok(task) = runner.spawn(Brittle, async || ()) {
                assert_eq!(task.join(), Err(JoinError::Stopped), "{how:?}");
            }
            assert!(runner.execute(Brittle, async || ()).is_err(), "{how:?}");
            let report = runner.run_until_stopped();
            assert_eq!(report.reason(), &StopReason::Failure, "{how:?}: {report}");
            let text = report.to_string();
            assert!(text.contains("brittle") && text.contains(said), "{text}");
            assert_eq!(report.exit_code(), 1, "{how:?}");
        }
    });
}
