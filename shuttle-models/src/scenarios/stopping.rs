//! Payloads that are handed over as the runner stops.

use super::{Count, Dropped, runner, thread};
use crate::explore::explore;
use crate::flavours::{Lane, Pool};

/// FAULTS 54: what was handed over has run, was dropped before it began, or came back; each is dropped once.
#[test]
fn f054_what_is_adopted_as_a_stop_comes_runs_or_comes_back() {
    explore("adopt against stop", || {
        let runner = runner();
        let (ran, dropped) = (Count::default(), Count::default());
        let adopting: Vec<_> = (0..2)
            .map(|which| {
                let (handle, ran, dropped) = (runner.handle(), ran.clone(), dropped.clone());
                thread(move || {
                    let (mut taken, mut back) = (0, 0);
                    for _ in 0..2 {
                        let (ran, part) = (ran.clone(), Dropped(dropped.clone()));
                        let run = move || {
                            let _part = part;
                            ran.add();
                        };
                        let is_taken = if which == 0 {
                            handle.adopt(Lane, async move || run()).is_ok()
                        } else {
                            handle.adopt(Pool, run).is_ok()
                        };
                        taken += usize::from(is_taken);
                        back += usize::from(!is_taken);
                    }
                    (taken, back)
                })
            })
            .collect();
        let handle = runner.handle();
        let stopping = thread(move || handle.stop());
        let report = runner.run_until_stopped();
        stopping.join();
        let sums: Vec<(usize, usize)> = adopting.into_iter().map(|one| one.join()).collect();
        let taken: usize = sums.iter().map(|(taken, _)| taken).sum();
        let back: usize = sums.iter().map(|(_, back)| back).sum();
        assert_eq!(taken + back, 4);
        assert!(ran.get() <= taken, "{} of {taken}", ran.get());
        assert_eq!(dropped.get(), 4, "each is dropped once, and by the end of the run");
        assert!(report.failures().is_empty() && report.abandoned().is_empty(), "{report}");
    });
}

/// FAULTS 67: all who ask get the one report.
#[test]
fn f067_a_stop_that_is_asked_by_many_is_one() {
    explore("stop against stop", || {
        let runner = runner();
        runner.adopt(Lane, async || crate::Context::current().stopped().await).expect("it is open");
        let asking: Vec<_> = (0..3)
            .map(|_| {
                let handle = runner.handle();
                thread(move || {
                    handle.stop();
                    handle.ended_blocking().to_string()
                })
            })
            .collect();
        let report = runner.run().to_string();
        for one in asking {
            assert_eq!(one.join(), report);
        }
    });
}
