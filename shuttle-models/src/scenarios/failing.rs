//! Failures that come together.

use std::panic::resume_unwind;

use super::{Broken, Count, runner, thread};
use crate::explore::explore;
use crate::flavours::{Lane, Other, Pool};
use crate::{Context, StopReason, TaskHandle};

/// FAULTS 13.
#[test]
fn f013_of_many_failures_at_once_each_is_told_once_and_one_is_the_first() {
    explore("first failure among many", || {
        let runner = runner();
        runner.adopt(Lane, async || Context::current().stopped().await).expect("it is open");
        // Those that come when the first has failed are refused, and those that have not begun by then never do.
        let failed = Count::default();
        let fail = |number| {
            let failed = failed.clone();
            move || {
                failed.add();
                Err::<(), _>(Broken(number))
            }
        };
        let (first, second, third) = (fail(1), fail(2), fail(3));
        let _ = runner.adopt(Lane, async move || first());
        let _ = runner.adopt(Other, async move || second());
        let _ = runner.adopt(Pool, third);
        let report = runner.run();
        assert_eq!(report.reason(), &StopReason::Failure, "{report}");
        let mut told: Vec<usize> = report
            .failures()
            .iter()
            .map(|failure| failure.cause().downcast_ref::<Broken>().expect("ours").0)
            .collect();
        let all = told.len();
        told.sort_unstable();
        told.dedup();
        assert!(told.len() == all && all == failed.get(), "{} failed: {report}", failed.get());
        let first = report.root_cause().expect("a failure is the reason").task().id();
        assert_eq!(first, report.failures()[0].task().id());
        assert!(report.late_failures().is_empty() && report.abandoned().is_empty(), "{report}");
    });
}

/// FAULTS 29. It was left in the queue of a lane that was about to end, and so was its panic lost.
#[test]
fn f029_a_panic_whose_handle_goes_away_meanwhile_is_told_once() {
    explore("handle dropped against panic", || {
        let runner = runner();
        let panics = || resume_unwind(Box::new("on purpose"));
        let on_lane: TaskHandle<()> = runner.spawn(Lane, async move || panics()).expect("open");
        let dropping = thread(move || drop(on_lane));
        let report = runner.run();
        dropping.join();
        let told = report.failures().len() + report.late_failures().len();
        assert_eq!(told, 1, "{report}");
        assert_eq!(report.reason() == &StopReason::Failure, report.failures().len() == 1);
    });
}

/// The same of a member, of whose group nobody joins.
#[test]
fn a_members_panic_whose_handle_goes_away_with_its_group_is_told_once() {
    explore("handle and group dropped against panic", || {
        let runner = runner();
        let group = runner.group("crew").open().expect("the name is free");
        let panics = || resume_unwind(Box::new("on purpose"));
        let member: TaskHandle<()> = group.try_spawn(Pool, move || panics()).expect("open");
        // It keeps the panic from being stopped before it begins.
        let begun = thread(move || drop(member));
        while !group.is_empty() {
            crate::stand_in::thread::yield_now();
        }
        let dropping = thread(move || drop(group));
        let report = runner.run();
        begun.join();
        dropping.join();
        let told = report.failures().len() + report.late_failures().len();
        assert_eq!(told, 1, "{report}");
    });
}
