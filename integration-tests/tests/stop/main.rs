//! Stops: from anywhere, at any time, of one task and of all; who is asked, who is cancelled, who is
//! given up, and when.
//!
//! BEHAVIOURS C46, C49, C50, O1 to O5, O10, O11, O28, O34 to O39, A11, A20, A165, S82, S83, S87, T39,
//! T58, T62 to T64; FAULTS 14, 16 to 20, 42, 62 to 70, 75, 125; PEERS test list 3 to 6, 16, 17.

mod asked;
mod one_task;
mod deferred;
mod grace;
mod deadline;
mod dropped;
mod progress;

use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::fake::Fake;
use integration_tests::gate::Gate;
use integration_tests::until;
use spumoni::prelude::*;
use spumoni::{RunnerBuilder, StopReason, TaskBuilder, TaskState};

/// What a loaded machine may add to a deadline.
const NOISE: Duration = Duration::from_secs(2);

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn built(settings: impl FnOnce(RunnerBuilder) -> RunnerBuilder) -> ServiceRunner {
    let builder = settings(ServiceRunner::builder().signals(false));
    builder.build().expect("good settings")
}

/// Spawns a task that waits until it is asked to stop, and returns when it does.
fn waiting<F: Any, T: Send + 'static>(
    task: TaskBuilder<'_>,
    flavour: F,
    then: impl FnOnce() -> T + Send + 'static,
) -> TaskHandle<T> {
    let begun = Gate::default();
    let payload = F::Mode::until_stopped(&begun, then);
    let handle = task.spawn(flavour, payload).expect("taken");
    begun.wait_for(1);
    handle
}

/// Returns when the controller has heard of everything that was sent before.
fn heard(handle: &Handle) {
    let fence = handle.spawn(Fake, async || Context::current().stopped().await);
    let fence = fence.expect("taken");
    until(|| fence.state() == TaskState::Running);
    fence.stop();
    fence.join().expect("it ends when asked");
}

#[track_caller]
fn assert_requested(report: &StopReport) {
    let StopReason::Requested { at, .. } = report.reason() else {
        panic!("{report}");
    };
    assert!(at.file().contains("tests/stop/"), "{report}");
}

#[track_caller]
fn finish_stopped(runner: ServiceRunner) {
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
}

#[track_caller]
fn assert_same(one: &StopReport, other: &StopReport) {
    assert_eq!(one.to_string(), other.to_string());
    assert_eq!((one.took(), one.asked_at()), (other.took(), other.asked_at()));
    assert_eq!(one.exit_code(), other.exit_code());
}

/// Adopts a task that holds its thread until the gate is opened, and waits until it does.
fn stubborn<F: Any>(handle: &Handle, flavour: F) -> Gate {
    stubborn_as(handle, flavour, "stuck")
}

fn stubborn_as<F: Any>(handle: &Handle, flavour: F, name: &str) -> Gate {
    let free = Gate::default();
    let holds = free.clone();
    let payload = F::Mode::payload(move || holds.pass_blocking());
    handle.task(name).adopt(flavour, payload).expect("taken");
    free.wait_for(1);
    free
}
