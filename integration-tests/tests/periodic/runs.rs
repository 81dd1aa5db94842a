//! Payloads that are run again and again, each run a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Blocking, MissedTicks, OnFailure, Overlap, Payload, Reason, StopReason, TimedOut};

use crate::{LONG, SHORT};

on_each_lane!(
    runs_follow_each_other_until_the_stop,
    a_run_waits_for_the_one_before,
    a_tick_that_comes_during_a_run_is_skipped,
    runs_go_beside_each_other,
    a_run_that_fails_ends_the_whole_and_is_named,
    a_run_that_fails_is_told_and_the_next_goes_on,
    a_run_that_takes_too_long_fails_with_that,
    the_handle_of_periodic_work_stops_it_and_its_runs,
    f118_an_interval_of_zero_gives_the_payload_back,
    an_interval_without_end_runs_once,
);

/// The same for threads.
mod on_thread {
    use super::*;

    macro_rules! on_thread {
        ($($name:ident),+ $(,)?) => {
            $(
                #[test]
                fn $name() {
                    within(LIMIT, || super::$name(Thread));
                }
            )+
        };
    }

    on_thread!(
        runs_follow_each_other_until_the_stop,
        a_run_waits_for_the_one_before,
        a_tick_that_comes_during_a_run_is_skipped,
        runs_go_beside_each_other,
        a_run_that_fails_ends_the_whole_and_is_named,
        a_run_that_fails_is_told_and_the_next_goes_on,
        a_run_that_takes_too_long_fails_with_that,
        the_handle_of_periodic_work_stops_it_and_its_runs,
        f118_an_interval_of_zero_gives_the_payload_back,
        an_interval_without_end_runs_once,
    );
}

/// Payloads that can be run again and again.
pub(crate) trait Again: Calls {
    /// Calls at each run.
    fn each<T: 'static>(
        call: impl Fn() -> T + Clone + Send + 'static,
    ) -> impl Payload<Self, Output = T> + Clone;

    /// Each run comes to the gate and waits until it is open.
    fn at(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone + use<Self>;

    /// Each run comes to the gate and waits for its stop.
    fn asked(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone + use<Self>;
}

impl Again for spumoni::Async {
    fn each<T: 'static>(
        call: impl Fn() -> T + Clone + Send + 'static,
    ) -> impl Payload<Self, Output = T> + Clone {
        move || async move { call() }
    }

    fn at(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone + use<> {
        let gate = gate.clone();
        async move || gate.pass().await
    }

    fn asked(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone + use<> {
        let gate = gate.clone();
        async move || {
            gate.come();
            Context::current().stopped().await;
        }
    }
}

impl Again for Blocking {
    fn each<T: 'static>(
        call: impl Fn() -> T + Clone + Send + 'static,
    ) -> impl Payload<Self, Output = T> + Clone {
        call
    }

    fn at(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone + use<> {
        let gate = gate.clone();
        move || gate.pass_blocking()
    }

    fn asked(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone + use<> {
        let gate = gate.clone();
        move || {
            gate.come();
            Context::current().stopped_blocking();
        }
    }
}

pub(crate) trait Repeats: Any<Mode: Again> {}

impl<F: Any<Mode: Again>> Repeats for F {}

/// Ticks of another flavour, which show that time has passed.
fn beats(runner: &Handle) -> Gate {
    let beats = Gate::default();
    let beat = beats.clone();
    let taken = runner.every(SHORT).adopt(spumoni::Smol, async move || beat.come());
    taken.map(drop).unwrap();
    beats
}

#[track_caller]
fn stop(runner: ServiceRunner) {
    runner.stop();
    finish(runner);
}

/// A112, A115.
fn runs_follow_each_other_until_the_stop<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Gate::default();
    let run = runs.clone();
    let payload = <F::Mode as Again>::each(move || run.come());
    runner.every(SHORT).name("beat").adopt(flavour, payload).map(drop).unwrap();
    runs.wait_for(5);
    assert!(!runner.is_stopping());
    stop(runner);
}

/// A116.
fn a_run_waits_for_the_one_before<F: Repeats>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let every = runner.every(SHORT).overlap(Overlap::Wait).missed(MissedTicks::Skip);
    every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    beats(&runner).wait_for(10);
    assert_eq!(gate.count(), 1);
    gate.open();
    gate.wait_for(3);
    stop(runner);
}

fn a_tick_that_comes_during_a_run_is_skipped<F: Repeats>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let every = runner.every(SHORT).overlap(Overlap::Skip);
    every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    beats(&runner).wait_for(10);
    assert_eq!(gate.count(), 1);
    gate.open();
    gate.wait_for(3);
    stop(runner);
}

fn runs_go_beside_each_other<F: Repeats>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let every = runner.every(SHORT).overlap(Overlap::Concurrent);
    every.adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop).unwrap();
    gate.wait_for(4);
    gate.open();
    stop(runner);
}

/// A166.
fn a_run_that_fails_ends_the_whole_and_is_named<F: Repeats>(flavour: F) {
    for overlap in [Overlap::Wait, Overlap::Skip, Overlap::Concurrent] {
        let runner = runner();
        let runs = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&runs);
        let payload = <F::Mode as Again>::each(move || {
            anyhow::ensure!(count.fetch_add(1, Ordering::SeqCst) < 2, "the third time unlucky");
            Ok(())
        });
        let every = runner.every(SHORT).name("probe").overlap(overlap);
        every.adopt(flavour, payload).map(drop).unwrap();
        let report = runner.run();
        assert_eq!(*report.reason(), StopReason::Failure, "{report}");
        assert_eq!(report.failures().len(), 1, "{report}");
        let text = report.failures()[0].to_string();
        assert!(text.contains("probe") && text.contains("the third time unlucky"), "{text}");
        assert_eq!(report.failures()[0].task().name(), Some("probe"));
    }
}

/// A113, A117.
fn a_run_that_fails_is_told_and_the_next_goes_on<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Gate::default();
    let run = runs.clone();
    let payload = <F::Mode as Again>::each(move || {
        run.come();
        if run.count() == 2 {
            panic!("a panic is no end either");
        }
        anyhow::bail!("as always")
    });
    let every = runner.every(SHORT).on_failure(OnFailure::Continue);
    every.adopt::<_, _>(flavour, payload).map(drop).unwrap();
    runs.wait_for(4);
    stop(runner);
}

fn a_run_that_takes_too_long_fails_with_that<F: Repeats>(flavour: F) {
    let runner = runner();
    let every = runner.every(LONG).name("slow").timeout(SHORT);
    let whole = every.spawn(flavour, <F::Mode as Again>::asked(&Gate::default())).unwrap();
    let error = whole.join().unwrap().unwrap_err();
    let late = error.ends()[0].failure().expect("failed").cause().downcast_ref::<TimedOut>();
    assert_eq!(late.map(TimedOut::limit), Some(SHORT), "{error}");
    finish(runner);
}

fn the_handle_of_periodic_work_stops_it_and_its_runs<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Gate::default();
    let every = runner.every(SHORT).name("pair").overlap(Overlap::Concurrent);
    let whole = every.spawn(flavour, <F::Mode as Again>::asked(&runs)).unwrap();
    runs.wait_for(2);
    whole.stop();
    assert!(matches!(whole.join(), Ok(Ok(()))));
    until(|| runner.tree().alive() == 0);
    finish(runner);
}

/// Row 118 of the faults.
fn f118_an_interval_of_zero_gives_the_payload_back<F: Repeats>(flavour: F) {
    let runner = runner();
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let payload = <F::Mode as Again>::each(move || drop(held.clone()));
    let refused = runner.every(Duration::ZERO).adopt(flavour, payload).map(drop).unwrap_err();
    let Reason::ZeroInterval(zero) = refused.reason() else { panic!("{refused}") };
    assert!(zero.at().file().ends_with("runs.rs"), "{refused}");
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(refused.into_payload());
    assert_eq!(Arc::strong_count(&alive), 1);
    finish(runner);
}

fn an_interval_without_end_runs_once<F: Repeats>(flavour: F) {
    let runner = runner();
    let runs = Gate::default();
    let run = runs.clone();
    let payload = <F::Mode as Again>::each(move || run.come());
    runner.every(Duration::MAX).adopt(flavour, payload).map(drop).unwrap();
    beats(&runner).wait_for(5);
    assert_eq!(runs.count(), 1);
    stop(runner);
}

#[test]
fn periodic_work_on_threads_uses_up_no_pool() {
    within(LIMIT, || {
        let built = ServiceRunner::builder().signals(false).pool_size(1).build();
        let runner = built.unwrap();
        let runs = Gate::default();
        for _ in 0..4 {
            let run = runs.clone();
            let every = runner.every(LONG).first_after(SHORT);
            every.adopt(Thread, move || run.come()).map(drop).unwrap();
        }
        runs.wait_for(4);
        assert_eq!(runner.spawn(Thread, || 1).unwrap().join(), Ok(1));
        stop(runner);
    });
}

/// A name is the whole's, and its runs stand below.
#[test]
fn a_run_stands_below_the_name_of_the_whole() {
    within(LIMIT, || {
        let runner = runner();
        let (tell, told) = std::sync::mpsc::channel();
        let every = runner.every(LONG).name("beat").wall_clock().end_to_start();
        let every = every.first_after(Duration::ZERO).grace(SHORT);
        every
            .adopt(Tokio, async move || tell.send(Context::current().label().path()).unwrap())
            .map(drop)
            .unwrap();
        let path = told.recv().unwrap();
        assert!(path.starts_with("beat/runs/"), "{path}");
        let again = runner.every(LONG).name("beat").adopt(Tokio, async || ());
        assert!(matches!(again.unwrap_err().reason(), Reason::DuplicateName { .. }));
        stop(runner);
    });
}
