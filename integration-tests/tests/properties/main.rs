//! Properties: whatever is said to the builders is taken or clearly refused, and panics nobody.
//!
//! The inputs are random: 256 for each property, or as many as `PROPTEST_CASES` says. What fails is shrunk and
//! printed; it becomes a fixed test beside its property.

mod durations;
mod graphs;
mod names;

use std::fmt::Debug;

use integration_tests::within;
use proptest::prelude::{ProptestConfig, Strategy, TestCaseError};
use proptest::test_runner::TestRunner;

/// For one property: a busy machine needs more than one ordinary test.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(300);

/// Holds a property against random inputs, and says how many.
fn holds<S>(property: &'static str, of: S, check: fn(S::Value) -> Result<(), TestCaseError>)
where
    S: Strategy<Value: Debug> + Send + 'static,
{
    within(LIMIT, move || {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
        let cases = config.cases;
        if let Err(error) = TestRunner::new(config).run(&of, check) {
            panic!("{property}: {error}");
        }
        println!("{property}: {cases} cases");
    });
}
