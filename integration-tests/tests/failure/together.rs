//! Failures at the same time are all reported, one of them as the root cause.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use spumoni::Cause;
use spumoni::prelude::*;

use crate::{Broken, assert_all_reported};

on_each!(f013_two_failures_of_one_flavour_at_the_same_time_are_both_reported,);

/// C43, PEERS 1.
fn f013_two_failures_of_one_flavour_at_the_same_time_are_both_reported<F: Any>(flavour: F) {
    for _ in 0..20 {
        let runner = runner();
        let gate = Gate::default();
        for number in [1, 2] {
            let fails = F::Mode::after(&gate, move || Err::<(), _>(Broken(number)));
            runner.adopt(flavour, fails).expect("taken");
        }
        gate.wait_for(2);
        gate.open();
        assert_all_reported(&runner.run_until_stopped(), &[1, 2]);
    }
}

/// Fails as soon as all the others are there, with its lane or thread held until then.
fn fail_with_the_others<F: Any>(
    runner: &Handle,
    flavour: F,
    all_there: &Arc<Barrier>,
    number: u32,
) {
    let all_there = Arc::clone(all_there);
    let fails = F::Mode::payload(move || {
        all_there.wait();
        Err::<(), _>(Broken(number))
    });
    runner.adopt(flavour, fails).expect("taken");
}

/// C43, T52, T72, PEERS 1.
#[test]
fn f013_failures_of_different_flavours_at_the_same_time_are_all_reported() {
    within(LIMIT, || {
        for _ in 0..20 {
            let two = runner();
            let all_there = Arc::new(Barrier::new(2));
            fail_with_the_others(&two, Tokio, &all_there, 1);
            fail_with_the_others(&two, Thread, &all_there, 2);
            assert_all_reported(&two.run_until_stopped(), &[1, 2]);

            let three = runner();
            let all_there = Arc::new(Barrier::new(3));
            fail_with_the_others(&three, Tokio, &all_there, 1);
            fail_with_the_others(&three, Smol, &all_there, 2);
            fail_with_the_others(&three, AsyncStd, &all_there, 3);
            assert_all_reported(&three.run_until_stopped(), &[1, 2, 3]);

            let five = runner();
            let all_there = Arc::new(Barrier::new(5));
            fail_with_the_others(&five, Smol, &all_there, 1);
            fail_with_the_others(&five, Thread, &all_there, 2);
            fail_with_the_others(&five, Thread, &all_there, 3);
            fail_with_the_others(&five, AsyncStd, &all_there, 4);
            fail_with_the_others(&five, Tokio, &all_there, 5);
            assert_all_reported(&five.run_until_stopped(), &[1, 2, 3, 4, 5]);
        }
    });
}

#[test]
fn f013_an_error_and_a_panic_at_the_same_time_are_both_reported_and_the_first_decides_the_code() {
    within(LIMIT, || {
        for _ in 0..20 {
            let runner = runner();
            let all_there = Arc::new(Barrier::new(2));
            fail_with_the_others(&runner, Smol, &all_there, 1);
            let panics = move || {
                all_there.wait();
                panic!("on purpose")
            };
            runner.adopt(Thread, panics).map(drop::<spumoni::TaskId>).expect("taken");
            let report = runner.run_until_stopped();
            let [first, second] = report.failures() else {
                panic!("{report}");
            };
            let panicked = |cause: &Cause| cause.as_panic().is_some();
            assert_ne!(panicked(first.cause()), panicked(second.cause()));
            let code = if panicked(first.cause()) { 101 } else { 1 };
            assert_eq!(report.exit_code(), code);
            assert!(first.at() <= second.at() + Duration::from_millis(100));
        }
    });
}
