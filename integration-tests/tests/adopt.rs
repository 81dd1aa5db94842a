//! `adopt`: payloads of every flavour, from everywhere; each one runs, or comes back, or is dropped unbegun.
//!
//! BEHAVIOURS C7, C18, C20, C41, C42, C49, C50, C53; FAULTS 13, 28, 54, 58, 61. What holds for each flavour by
//! itself is in the contract.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use integration_tests::calls::Calls;
use integration_tests::fake::{Each, Fake};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Adoptable, StopReason};

/// Adopts a call on one flavour.
fn adopt<F, T>(runner: &Handle, flavour: F, call: impl FnOnce() -> T + Send + 'static)
where
    F: Flavour<Mode: Calls>,
    T: Adoptable,
{
    runner.adopt(flavour, <F::Mode>::payload(call)).map(drop).unwrap();
}

/// Adopts a call on each of the six flavours there are here.
fn adopt_on_all<C>(runner: &Handle, call: C)
where
    C: FnOnce() + Clone + Send + 'static,
{
    adopt(runner, Tokio, call.clone());
    adopt(runner, Smol, call.clone());
    adopt(runner, AsyncStd, call.clone());
    adopt(runner, Thread, call.clone());
    adopt(runner, Fake, call.clone());
    adopt(runner, Each, call);
}

const FLAVOURS: usize = 6;

/// What became of payloads.
#[derive(Clone, Default)]
struct Tally(Arc<[AtomicUsize; 2]>);

impl Tally {
    fn payload(&self) -> impl FnOnce() + Clone + Send + use<> {
        let ticket = Ticket(Some(self.clone()));
        move || ticket.ran()
    }

    fn ran(&self) -> usize {
        self.0[0].load(Ordering::SeqCst)
    }

    fn dropped_unbegun(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

/// In every payload once: it is counted when it runs, or when it is dropped instead.
struct Ticket(Option<Tally>);

impl Ticket {
    fn ran(mut self) {
        if let Some(tally) = self.0.take() {
            tally.0[0].fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Clone for Ticket {
    fn clone(&self) -> Self {
        Ticket(self.0.clone())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(tally) = self.0.take() {
            tally.0[1].fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// C7.
#[test]
fn payloads_of_all_flavours_run_with_captures_and_without() {
    within(LIMIT, || {
        static PLAIN: AtomicUsize = AtomicUsize::new(0);
        let runner = runner();
        let captured = Arc::new(AtomicUsize::new(0));
        let one = Arc::clone(&captured);
        let (other, step) = (Arc::clone(&captured), 100);
        adopt_on_all(&runner, || {
            PLAIN.fetch_add(1, Ordering::Relaxed);
        });
        adopt_on_all(&runner, move || {
            one.fetch_add(1, Ordering::Relaxed);
        });
        adopt_on_all(&runner, move || {
            other.fetch_add(step, Ordering::Relaxed);
        });
        finish(runner);
        assert_eq!(PLAIN.load(Ordering::Relaxed), FLAVOURS);
        assert_eq!(captured.load(Ordering::Relaxed), FLAVOURS * 101);
    });
}

/// Rule 1, the other half: each payload blocks its thread until all are there.
#[test]
fn payloads_of_different_flavours_run_in_parallel() {
    within(LIMIT, || {
        let runner = runner();
        let together = Arc::new(Barrier::new(FLAVOURS));
        adopt_on_all(&runner, move || {
            together.wait();
        });
        finish(runner);
    });
}

/// What a daemon is made of: the loop has no value, and needs no `Ok(())` behind it.
#[test]
fn a_payload_that_never_returns_is_adopted() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let (come, on_thread) = (gate.clone(), gate.clone());
        let lane = runner.task("lane").grace(std::time::Duration::ZERO);
        lane.adopt(Tokio, async move || {
            come.come();
            loop {
                std::future::pending::<()>().await;
            }
        })
        .unwrap();
        let id = runner.adopt(Thread, move || {
            on_thread.come();
            Context::current().stopped_blocking();
            std::panic::panic_any("nothing to return")
        });
        gate.wait_for(2);
        runner.stop();
        let report = runner.run();
        let [failure] = report.failures() else { panic!("{report}") };
        assert_eq!(failure.task().id(), id.unwrap());
    });
}

/// C18, on all flavours at once: one ends, one is endless, one fails.
#[test]
fn one_failure_ends_the_endless_ones_of_all_flavours() {
    fn endless<F: Flavour<Mode: Calls>>(runner: &Handle, flavour: F, gate: &Gate) {
        let payload = <F::Mode>::until_stopped(gate, || ());
        runner.adopt(flavour, payload).map(drop).unwrap();
    }
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        endless(&runner, Tokio, &gate);
        endless(&runner, Smol, &gate);
        endless(&runner, AsyncStd, &gate);
        endless(&runner, Thread, &gate);
        endless(&runner, Fake, &gate);
        endless(&runner, Each, &gate);
        adopt_on_all(&runner, || ());
        gate.wait_for(FLAVOURS);
        adopt(&runner, Smol, || Err(anyhow::Error::msg("the one")));
        let report = runner.run();
        assert_eq!(*report.reason(), StopReason::Failure);
        let [failure] = report.failures() else { panic!("{report}") };
        assert_eq!(failure.cause().to_string(), "the one");
        assert!(report.abandoned().is_empty() && report.left() == 0, "{report}");
    });
}

/// C41 and C42: payloads wait for their flavour, and what stands behind a failure runs whole or not at all.
#[test]
fn payloads_behind_a_failure_run_or_are_dropped_unbegun() {
    within(LIMIT, || {
        let (runner, tally) = (runner(), Tally::default());
        adopt(&runner, Tokio, || Err(anyhow::Error::msg("early")));
        for _ in 0..100 {
            // Once the failure is heard, they come back at once.
            for payload in [tally.payload(), tally.payload()] {
                let _ = runner.adopt(Tokio, async || payload());
            }
            let _ = runner.adopt(Thread, tally.payload());
        }
        let report = runner.run();
        assert_eq!(report.failures().len(), 1, "{report}");
        assert_eq!(tally.ran() + tally.dropped_unbegun(), 300);
    });
}

/// Through the handle of the thread, from each flavour to each.
#[test]
fn payloads_adopt_payloads_of_all_flavours() {
    within(LIMIT, || {
        let (runner, tally) = (runner(), Tally::default());
        let payload = tally.payload();
        adopt_on_all(&runner, move || {
            let payload = payload.clone();
            adopt_on_all(&Handle::current(), move || {
                adopt_on_all(&Handle::current(), payload);
            });
        });
        finish(runner);
        assert_eq!(tally.ran(), FLAVOURS * FLAVOURS * FLAVOURS);
    });
}

/// Rows 54 and 58: what was taken has run or was dropped by the time of the report, and what was not taken
/// has come back.
#[test]
fn f054_f058_while_threads_adopt_and_one_stops_every_payload_is_accounted_for() {
    within(LIMIT, || {
        for round in 0..20 {
            let (runner, tally, begun) = (runner(), Tally::default(), Gate::default());
            let producers: Vec<_> = (0..4)
                .map(|_| {
                    let (handle, tally) = (runner.handle(), tally.clone());
                    let begun = begun.clone();
                    thread::spawn(move || {
                        let mut taken = 0;
                        loop {
                            let payload = tally.payload();
                            let refused = match taken % 3 {
                                0 => handle.adopt(Tokio, async || payload()).is_err(),
                                1 => handle.adopt(Fake, async || payload()).is_err(),
                                _ => handle.adopt(Thread, payload).is_err(),
                            };
                            if refused {
                                assert!(handle.is_stopping());
                                return taken;
                            }
                            taken += 1;
                            begun.come();
                        }
                    })
                })
                .collect();
            begun.wait_for(round * 20);
            runner.stop();
            let report = runner.run();
            assert!(report.is_clean(), "{report}");
            let settled = tally.ran() + tally.dropped_unbegun();
            let taken: usize = producers.into_iter().map(|it| it.join().unwrap()).sum();
            // The last one of each producer came back, and was dropped there.
            assert_eq!(tally.ran() + tally.dropped_unbegun(), taken + 4);
            assert!(settled >= taken, "{settled} of {taken} at the time of the report");
        }
    });
}

/// C20 and row 61.
#[test]
fn f061_a_runner_without_work_ends_at_once_or_when_it_is_stopped() {
    within(LIMIT, || {
        let report = runner().run();
        assert_eq!((report.reason(), report.is_clean()), (&StopReason::Finished, true));
        let runner = runner();
        let handle = runner.handle();
        let stops = thread::spawn(move || handle.stop());
        let report = runner.run_until_stopped();
        assert!(matches!(report.reason(), StopReason::Requested { by: None, .. }), "{report}");
        assert!(report.is_clean(), "{report}");
        stops.join().unwrap();
    });
}

/// C10, C49 and C50: a stop is not lost, whatever the phase, and asking again does nothing more.
#[test]
fn a_stop_counts_before_during_and_after_the_run() {
    within(LIMIT, || {
        let before = runner();
        let handle = before.handle();
        handle.stop();
        let line = line!() - 1;
        handle.stop();
        let report = before.run_until_stopped();
        match report.reason() {
            StopReason::Requested { at, .. } => assert_eq!((at.file(), at.line()), (file!(), line)),
            other => panic!("{other}"),
        }
        handle.stop();
        assert!(handle.is_stopping() && handle.adopt(Tokio, async || ()).is_err());

        let during = runner();
        let handle = during.handle();
        let runs = thread::spawn(move || during.run_until_stopped());
        handle.execute(Thread, || ()).unwrap();
        handle.stop();
        assert!(runs.join().unwrap().is_clean());
        assert!(handle.report().is_some_and(|report| report.is_clean()));
    });
}

/// C53: nothing of a run that failed stays behind.
#[test]
fn after_a_run_that_failed_the_next_runner_runs() {
    within(LIMIT, || {
        for _ in 0..3 {
            let failing = runner();
            adopt(&failing, Thread, || panic!("the first"));
            assert_eq!(failing.run().exit_code(), 101);
            let next = runner();
            adopt_on_all(&next, || ());
            finish(next);
        }
    });
}

/// The tree counts what has not ended.
#[test]
fn the_tree_counts_adopted_tasks_until_they_have_ended() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        for _ in 0..3 {
            let gate = gate.clone();
            runner.adopt(Smol, async move || gate.pass().await).unwrap();
        }
        gate.wait_for(3);
        let tree = runner.tree();
        assert_eq!((tree.alive(), tree.homes().len()), (3, 1));
        assert_eq!(tree.homes()[0].tasks().len(), 3, "{tree}");
        gate.open();
        until(|| runner.tree().alive() == 0);
        finish(runner);
    });
}
