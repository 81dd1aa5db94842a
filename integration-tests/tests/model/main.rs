//! A state machine: random steps on a runner, held against a reference model after each.
//!
//! 64 cases, or as many as `PROPTEST_CASES` says. What fails is shrunk and printed as steps; they become a test
//! in `fixed.rs`.

mod step;
mod payload;
mod reference;
mod handing_over;
mod driver;
mod ending;
mod fixed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use integration_tests::within;
use proptest::prelude::ProptestConfig;
use proptest::test_runner::TestRunner;

use crate::driver::Driver;
use crate::step::Step;

/// Where the environment does not say it.
const CASES: u32 = 64;

/// Takes a runner through the steps to its end.
fn play(steps: &[Step]) {
    let mut driver = Driver::new();
    for step in steps {
        driver.step(step);
    }
    ending::end(driver);
}

#[test]
fn a_runner_does_what_its_reference_model_says_whatever_the_steps() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(CASES);
    within(Duration::from_secs(120) + cases * Duration::from_millis(500), move || {
        let config =
            ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let steps = Arc::new(AtomicUsize::new(0));
        let result = TestRunner::new(config).run(&step::steps(), |case| {
            steps.fetch_add(case.len(), Ordering::Relaxed);
            play(&case);
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
        println!("model: {cases} cases, {} steps", steps.load(Ordering::Relaxed));
    });
}
