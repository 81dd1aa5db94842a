//! Failures of members: where they fall when a handle is dropped late, and their order.

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{on_each, runner, until};
use spumoni::prelude::*;
use spumoni::{OnFailure, StopReason};

use crate::{Broken, numbers};

on_each!(
    a_panic_left_unread_after_the_report_comes_to_the_end_that_waits_in_its_group,
    a_panic_left_unread_after_the_report_is_a_late_failure_if_its_group_is_gone,
    the_end_of_a_member_that_fails_comes_before_those_of_the_members_that_it_stops,
);

/// A member that panicked before the runner ended, in a group of its own.
fn panicked<F: Any>(flavour: F) -> (TaskHandle<()>, Group, StopReport) {
    let runner = runner();
    let group = runner.group("crew").open().expect("the name is free");
    let panics = F::Mode::payload(|| panic!("on purpose"));
    let handle: TaskHandle<()> = group.try_spawn(flavour, panics).expect("taken");
    let report = runner.run();
    assert_eq!(report.reason(), &StopReason::Finished, "{report}");
    (handle, group, report)
}

/// The runner gave up all groups when its report was made, those of which nobody was left included.
fn a_panic_left_unread_after_the_report_comes_to_the_end_that_waits_in_its_group<F: Any>(
    flavour: F,
) {
    for joined_before in [false, true] {
        let (handle, group, report) = panicked(flavour);
        let before = joined_before.then(|| group.join_all().blocking().expect("no ring"));
        assert!(before.is_none_or(|ends| ends.len() == 1 && ends[0].failure().is_none()));
        drop(handle);
        let ends = group.join_all().blocking().expect("no ring");
        let texts: Vec<_> = ends
            .iter()
            .filter_map(|end| Some(end.failure()?.cause().as_panic()?.text().to_owned()))
            .collect();
        assert_eq!(texts, ["on purpose"], "joined before: {joined_before}: {ends:?}");
        assert!(report.failures().is_empty() && report.late_failures().is_empty(), "{report}");
    }
}

fn a_panic_left_unread_after_the_report_is_a_late_failure_if_its_group_is_gone<F: Any>(flavour: F) {
    let (handle, group, report) = panicked(flavour);
    drop(group);
    drop(handle);
    let late = report.late_failures();
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!(late[0].cause().as_panic().expect("a panic").text(), "on purpose");
}

/// Their failures stood before its own, and one of them was the root cause when the group went.
fn the_end_of_a_member_that_fails_comes_before_those_of_the_members_that_it_stops<F: Any>(
    flavour: F,
) {
    for released in [false, true] {
        let runner = runner();
        let group = runner.group("crew").on_failure(OnFailure::Stop).open().expect("free");
        let begun = Gate::default();
        for number in [2, 3] {
            let fails = F::Mode::until_stopped(&begun, move || Err::<(), _>(Broken(number)));
            group.try_adopt(flavour, fails).expect("taken");
        }
        begun.wait_for(2);
        let fails = F::Mode::payload(|| Err::<(), _>(Broken(1)));
        group.try_adopt(flavour, fails).expect("taken");
        if released {
            until(|| group.is_empty());
            drop(group);
            let report = runner.run();
            assert_eq!(numbers(&report), [1, 2, 3], "{report}");
            let root = report.root_cause().expect("a failure is the reason");
            assert_eq!(root.cause().downcast_ref(), Some(&Broken(1)), "{report}");
        } else {
            let ends = group.join_all().blocking().expect("no ring");
            let first = ends[0].failure().expect("it has failed").cause();
            assert_eq!((ends.len(), first.downcast_ref()), (3, Some(&Broken(1))), "{ends:?}");
            drop(runner);
        }
    }
}
