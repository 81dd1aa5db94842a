//! While a runner stops it is told every few seconds who is left, on which flavour, for how long.

use std::future::pending;
use std::time::Duration;

use integration_tests::told::Listener;
use integration_tests::{LIMIT, until, within};
use spumoni::prelude::*;

use crate::{built, stubborn_as};

/// Rule 21.
#[test]
fn a_stop_that_takes_its_time_tells_who_is_left_and_for_how_long() {
    within(LIMIT, || {
        let (to, told) = crossbeam_channel::unbounded();
        tracing::subscriber::set_global_default(Listener(to)).expect("the only one");
        let heard = |what: &str| told.iter().find(|line| line.contains(what)).expect("told");
        let runner = built(|settings| settings.grace(Duration::MAX).stop_timeout(Duration::MAX));
        let never = runner.task("slow-poke").spawn(Smol, pending::<()>).expect("taken");
        let hog = stubborn_as(&runner, Thread, "thread-hog");
        until(|| never.state() == spumoni::TaskState::Running);
        runner.stop();
        let line = heard("slow-poke");
        assert!(line.starts_with("WARN"), "{line}");
        assert!(line.contains("stopping for ") && line.contains("no limit"), "{line}");
        assert!(line.contains("2 tasks have not ended"), "{line}");
        assert!(line.contains("smol task `slow-poke`"), "{line}");
        assert!(line.contains("thread task `thread-hog`"), "{line}");
        assert!(line.contains("has held its thread for"), "{line}");
        hog.open();
        runner.stop_now();
        drop(never);
        drop(runner.run());
        // The other tests' runners tell the same, so this is one of ours or of theirs.
        assert!(heard("forced: asked for at").starts_with("WARN"));
        assert!(heard("stopped in").starts_with("INFO"));
    });
}
