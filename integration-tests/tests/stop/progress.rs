//! While a runner stops it is told every few seconds who is left, on which flavour, for how long.

use std::fmt::{self, Write};
use std::future::pending;
use std::time::Duration;

use crossbeam_channel::Sender;
use integration_tests::{LIMIT, until, within};
use spumoni::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::{built, stubborn_as};

/// Hands on what the runners of this process tell.
struct Listener(Sender<String>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "spumoni"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{}: ", event.metadata().level()));
        event.record(&mut text);
        let _ = self.0.send(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{value:?}");
    }
}

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
