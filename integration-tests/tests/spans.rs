//! Tracing spans go along with payloads, from flavour to flavour.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::timeout;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber, info_span};
use tracing_core::span::Current;

on_each!(
    a_payload_runs_in_the_span_in_which_it_was_handed_over,
    outside_of_all_spans_a_payload_runs_in_none,
    what_a_payload_hands_over_is_in_its_span_too,
);

on_each_lane!(
    a_span_is_left_while_its_task_waits,
    a_span_is_there_within_a_limit_and_goes_along_into_a_scope,
);

/// Keeps which spans each thread is in.
#[derive(Clone, Default)]
struct Spans(Arc<Known>);

#[derive(Default)]
struct Known {
    last: AtomicU64,
    all: Mutex<Vec<&'static Metadata<'static>>>,
}

thread_local! {
    static INSIDE: RefCell<Vec<(Id, &'static Metadata<'static>)>> = const { RefCell::new(Vec::new()) };
}

/// The names of the spans that the calling thread is in.
fn here() -> Vec<&'static str> {
    INSIDE.with_borrow(|inside| inside.iter().map(|(_, span)| span.name()).collect())
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut all = self.0.all.lock();
        all.push(span.metadata());
        Id::from_u64(self.0.last.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        let place = usize::try_from(id.into_u64() - 1).expect("few spans");
        let span = self.0.all.lock()[place];
        INSIDE.with_borrow_mut(|inside| inside.push((id.clone(), span)));
    }

    fn exit(&self, id: &Id) {
        let left = INSIDE.with_borrow_mut(Vec::pop);
        assert_eq!(left.map(|(id, _)| id).as_ref(), Some(id));
    }

    fn current_span(&self) -> Current {
        INSIDE.with_borrow(|inside| match inside.last() {
            Some((id, span)) => Current::new(id.clone(), span),
            None => Current::none(),
        })
    }
}

/// A161.
fn a_payload_runs_in_the_span_in_which_it_was_handed_over<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("members").open().expect("free");
    let (task, member) = with_default(Spans::default(), || {
        let _outer = info_span!("outer").entered();
        let _inner = info_span!("inner").entered();
        let task = runner.spawn(flavour, F::Mode::payload(here)).expect("taken");
        (task, group.try_spawn(flavour, F::Mode::payload(here)).expect("taken"))
    });
    assert_eq!(task.join(), Ok(vec!["inner"]));
    assert_eq!(member.join(), Ok(vec!["inner"]));
    finish(runner);
}

/// A161: only where one is active.
fn outside_of_all_spans_a_payload_runs_in_none<F: Any>(flavour: F) {
    let runner = runner();
    let task = with_default(Spans::default(), || {
        info_span!("over").in_scope(|| ());
        runner.spawn(flavour, F::Mode::payload(here)).expect("taken")
    });
    assert_eq!(task.join(), Ok(vec![]));
    let unheard = runner.spawn(flavour, F::Mode::payload(here)).expect("taken");
    assert_eq!(unheard.join(), Ok(vec![]));
    finish(runner);
}

/// A161: over two hops, the second to another flavour.
fn what_a_payload_hands_over_is_in_its_span_too<F: Any>(flavour: F) {
    let runner = runner();
    let spans = Spans::default();
    let listens = spans.clone();
    let hands_over = F::Mode::payload(move || {
        with_default(listens, || {
            let handle = Handle::current();
            let from_lane = handle.spawn(Tokio, async || here()).expect("taken");
            (from_lane, handle.spawn(Thread, here).expect("taken"))
        })
    });
    let task = with_default(spans, || {
        info_span!("request").in_scope(|| runner.spawn(flavour, hands_over).expect("taken"))
    });
    let (on_lane, on_thread) = task.join().expect("no panic");
    assert_eq!((on_lane.join(), on_thread.join()), (Ok(vec!["request"]), Ok(vec!["request"])));
    finish(runner);
}

fn a_span_is_left_while_its_task_waits(lane: impl Lane) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let task = with_default(Spans::default(), || {
        let waits = async move || {
            let before = here();
            held.pass().await;
            (before, here())
        };
        info_span!("waits").in_scope(|| runner.spawn(lane, waits).expect("taken"))
    });
    gate.wait_for(1);
    assert_eq!(runner.execute(lane, async || here()).expect("no panic"), Vec::<&str>::new());
    gate.open();
    assert_eq!(task.join(), Ok((vec!["waits"], vec!["waits"])));
    finish(runner);
}

/// A161.
fn a_span_is_there_within_a_limit_and_goes_along_into_a_scope(lane: impl Lane) {
    let runner = runner();
    let spans = Spans::default();
    let listens = spans.clone();
    let task = with_default(spans, || {
        let payload = async move || {
            let cx = Context::current();
            let limited = timeout(LIMIT, async {
                cx.sleep(std::time::Duration::from_millis(1)).await.expect("no stop");
                here()
            });
            let limited = limited.await.expect("in time");
            let scoped = cx.handle().scope("scope", async |group: &Group| {
                let member = with_default(listens, || group.try_spawn(Thread, here));
                let member = member.map_err(|_| anyhow::anyhow!("refused"))?;
                anyhow::Ok(member.await?)
            });
            (limited, scoped.await.expect("no failure"))
        };
        info_span!("request").in_scope(|| runner.spawn(lane, payload).expect("taken"))
    });
    assert_eq!(task.join(), Ok((vec!["request"], vec!["request"])));
    finish(runner);
}
