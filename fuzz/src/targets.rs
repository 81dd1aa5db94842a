//! The targets, by name.

use crate::bytes::{Bytes, with};
use crate::driver::Driver;
use crate::lines::lines;
use crate::steps::steps;
use crate::{durations, ending, graphs, names};

/// A function of bytes that panics if something is not as it ought to be.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is also that of the folder of its inputs.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 5] = [
    Target { name: "operations", run: operations },
    Target { name: "names", run: all_names },
    Target { name: "durations", run: all_durations },
    Target { name: "graphs", run: all_graphs },
    Target { name: "lines", run: lines },
];

/// The target of that name.
#[must_use]
pub fn named(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// Steps on a runner, held against the reference model after each.
fn operations(bytes: &[u8]) {
    let mut driver = Driver::new();
    for step in steps(&mut Bytes::new(bytes)) {
        driver.step(&step);
    }
    ending::end(driver);
}

fn all_names(bytes: &[u8]) {
    with(bytes, names::a_task_has_the_name_that_it_is_given_or_is_refused_with_the_payload);
    with(bytes, names::of_two_siblings_with_one_name_the_second_is_refused_until_the_first_is_gone);
    with(bytes, names::a_runner_has_any_good_name_and_its_threads_bear_it_whole);
}

fn all_durations(bytes: &[u8]) {
    with(bytes, durations::no_duration_makes_a_runner_a_group_or_a_task_panic);
    with(bytes, durations::no_duration_makes_a_wait_or_a_tick_panic);
}

fn all_graphs(bytes: &[u8]) {
    with(bytes, graphs::random_services_start_in_an_order_that_keeps_to_their_graph_or_not_at_all);
}
